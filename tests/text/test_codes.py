import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.codes import (
    ALPHABET,
    find_dossier_code,
    find_link_code,
    find_receipt_code,
    new_link_code,
    new_receipt_code,
)


def spell(letters):
    return f"PA-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def endings(body):
    return [end for end in ALPHABET if find_receipt_code(spell(body + end))]


bodies = st.text(alphabet=ALPHABET, min_size=11, max_size=11)
codes = bodies.map(lambda body: spell(body + endings(body)[0]))


@given(bodies)
def test_every_body_has_exactly_one_check_character(body):
    assert len(endings(body)) == 1


def test_a_new_code_is_well_formed_and_new_each_time():
    made = [new_receipt_code() for _ in range(1000)]
    assert [find_receipt_code(code) for code in made] == made
    assert len(set(made)) == len(made)
    assert [code for code in made if not any(c.isdigit() for c in code)] == []


@given(codes, st.data())
def test_a_code_copied_by_hand_is_found_in_its_own_spelling(code, data):
    lookalikes = {"0": "0Oo", "1": "1IiLl"}
    copied = "".join(data.draw(st.sampled_from(lookalikes.get(c, c + c.lower()))) for c in code[3:].replace("-", ""))
    gap = data.draw(st.sampled_from(["", "-", " ", " -"]))
    start = data.draw(st.sampled_from(["PA", "pa", "P A", "Pa"]))
    typed = gap.join([start, copied[:4], copied[4:8], copied[8:]])
    assert find_receipt_code(f"mã của tôi là {typed}, sao rồi?") == code


@given(codes, st.integers(0, 11), st.sampled_from(ALPHABET))
def test_a_code_with_any_single_wrong_character_is_refused(code, place, wrong):
    letters = code[3:].replace("-", "")
    spoiled = spell(letters[:place] + wrong + letters[place + 1 :])
    assert find_receipt_code(spoiled) == (code if letters[place] == wrong else None)


@given(codes, st.integers(0, 11))
def test_a_letter_outside_the_alphabet_is_refused(code, place):
    letters = code[3:].replace("-", "")
    assert find_receipt_code(spell(letters[:place] + "U" + letters[place + 1 :])) is None


@given(codes)
def test_a_cut_or_continued_code_is_refused(code):
    assert find_receipt_code(code[:-1]) is None
    assert find_receipt_code(code + "7") is None


@given(codes)
def test_the_right_code_is_found_behind_a_wrong_one(code):
    wrong = code[:-1] + ALPHABET[ALPHABET.index(code[-1]) - 1]
    assert find_receipt_code(f"{wrong} à nhầm, {code}") == code


@given(st.text(max_size=80))
def test_whatever_is_typed_what_is_found_is_found_again(text):
    found = find_receipt_code(text)
    assert found is None or find_receipt_code(found) == found


@pytest.mark.parametrize(
    "text, code",
    [
        ("hồ sơ h15.50.05.13-261008-0975 tới đâu", "H15.50.05.13-261008-0975"),
        ("000.00.16.H15-250708-0012", "000.00.16.H15-250708-0012"),
        ("(G22.99.07-261112-0380)", "G22.99.07-261112-0380"),
        ("H34.22-261002-0016.", "H34.22-261002-0016"),
        ("G01.899-261105-0912345", "G01.899-261105-0912345"),
    ],
)
def test_a_dossier_code_is_found_in_capitals(text, code):
    assert find_dossier_code(text) == code


@pytest.mark.parametrize("text", ["0912345678", "05-07-2026", "1.004194", "PA-7K2M-9QXD-4HTB", "H15.50-2610-0975", ""])
def test_other_numbers_are_no_dossier_codes(text):
    assert find_dossier_code(text) is None


def test_a_new_link_code_is_found_in_any_spelling_and_is_no_receipt():
    for code in [new_link_code() for _ in range(300)]:
        assert find_link_code(f"mã là {code.lower().replace('-', ' ')} ạ") == code
        assert find_receipt_code(code) is None


@pytest.mark.parametrize("text", ["NK-AAA2-AAAU", "NK-AAA2-AAA", "XNK-AAA2-AAAA", "PA-AAA2-AAAA", "nk aaa2"])
def test_what_is_no_link_code_is_none(text):
    assert find_link_code(text) is None


@pytest.mark.parametrize("text", ["lam nk theo dien vo chong can gi", "NK-AAAA-AAAA", "nk 1000 1010"])
def test_what_has_no_figure_of_a_link_code_is_words(text):
    assert find_link_code(text) is None
