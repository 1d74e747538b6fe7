import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.copies import Nearest, _trigrams, copies, plain

TEXTS = st.lists(st.text("abc ", min_size=1, max_size=14), max_size=12)


def likeness(one, other):
    return len(_trigrams(one) & _trigrams(other)) / len(_trigrams(one) | _trigrams(other))


@given(TEXTS, st.text("abc ", min_size=1, max_size=14), st.sampled_from([0.4, 0.8, 0.85, 1.0]))
def test_a_copy_is_found_exactly_where_comparing_with_every_text_finds_one(kept, text, too_near):
    known = Nearest(too_near)
    for one in kept:
        known.add(one)
    alike = {one: likeness(text, one) for one in kept if likeness(text, one) >= too_near - 1e-9}
    same = [one for one in kept if plain(one) == plain(text)]
    found = known.find(text)
    if same:
        assert plain(kept[found]) == plain(text)
    elif alike:
        assert likeness(text, kept[found]) == pytest.approx(max(alike.values()))
    else:
        assert found is None


def test_tones_case_and_signs_do_not_count():
    assert list(copies(["LAM KHAI SINH, can gi"], ["làm khai sinh cần gì?"], 1.0)) == [
        ("LAM KHAI SINH, can gi", "làm khai sinh cần gì?")
    ]
