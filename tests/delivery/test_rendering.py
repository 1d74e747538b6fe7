import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery import sentences
from bot.delivery.numbering import numbers_for
from bot.delivery.outbox import Button, Reply
from bot.delivery.rendering import nfc_length, render_pieces, shorten, split_text, text_with_numbers, utf16_length

LENGTHS = [utf16_length, nfc_length, len]
VIETNAMESE = "Anh/chị nộp tờ khai ở xã. Lệ phí 8.000 đồng? Giấy tờ gồm:\n1. Tờ khai 😀👨‍👩‍👧🇻🇳e\u0302\u0301 "
texts = st.text(alphabet=st.one_of(st.sampled_from(VIETNAMESE), st.characters(exclude_categories=["Cs"])), max_size=400)
letters = st.text(alphabet="aăâbcđeêoôơuư", min_size=1, max_size=300).map(
    lambda text: unicodedata.normalize("NFD", text)
)


def buttons(count):
    return tuple(Button(f"Nút {number}", f"/act_{number}", f"id{number}") for number in range(1, count + 1))


def without_space(text):
    return "".join(text.split())


@pytest.mark.parametrize("length", LENGTHS)
@given(text=texts, limit=st.integers(2, 120))
def test_parts_fit_are_not_empty_and_lose_only_white_space(length, text, limit):
    parts = split_text(text, limit, length)
    assert all(part.strip() and length(part) <= limit for part in parts)
    assert without_space("".join(parts)) == without_space(text)


@given(text=letters, limit=st.integers(4, 40))
def test_no_letter_is_parted_from_its_marks(text, limit):
    assert not any(unicodedata.combining(part[0]) for part in split_text(text, limit, utf16_length))


@given(words=st.lists(st.text(alphabet="ạbc", min_size=1, max_size=8), min_size=1, max_size=60))
def test_words_that_fit_stay_whole(words):
    parts = split_text(" ".join(words), 20, len)
    assert [word for part in parts for word in part.split()] == words


def test_a_text_that_fits_is_one_part():
    assert split_text("Chào anh/chị ạ.", 15, len) == ["Chào anh/chị ạ."]
    assert split_text(" \n ", 15, len) == []


def test_a_text_is_cut_at_a_paragraph_before_a_sentence_before_a_word():
    assert split_text("Một hai.\nBa bốn. Năm sáu", 16, len) == ["Một hai.", "Ba bốn. Năm sáu"]
    assert split_text("Một hai ba. Bốn năm sáu", 18, len) == ["Một hai ba.", "Bốn năm sáu"]
    assert split_text("một hai ba bốn", 8, len) == ["một hai", "ba bốn"]


def test_the_number_of_a_line_is_no_sentence():
    assert split_text("Cần những giấy sau 1. Tờ khai", 22, len) == ["Cần những giấy sau 1.", "Tờ khai"]
    assert split_text("Gồm tờ khai. Rồi 1. đơn xin", 20, len)[0] == "Gồm tờ khai."


def test_an_emoji_counts_as_its_two_units_and_is_never_halved():
    assert split_text("😀" * 5, 4, utf16_length) == ["😀😀", "😀😀", "😀"]
    assert split_text("🇻🇳🇻🇳", 6, utf16_length) == ["🇻🇳", "🇻🇳"]
    assert split_text("a👨‍👩‍👧", 8, utf16_length) == ["a", "👨‍👩‍👧"]


def test_marks_piled_on_one_letter_are_cut_all_the_same():
    parts = split_text("e" + "\u0301" * 50, 10, utf16_length)
    assert all(utf16_length(part) <= 10 for part in parts)


def test_composed_length_takes_a_letter_with_its_marks_as_one():
    decomposed = unicodedata.normalize("NFD", "Giấy tờ")
    assert (nfc_length(decomposed), split_text(decomposed, 7, nfc_length)) == (7, [decomposed])


def test_buttons_sit_on_the_last_piece():
    pieces = render_pieces(Reply("Một hai ba. Bốn năm sáu", buttons(2)), 18, len, shown=5)
    assert [(piece.text, len(piece.buttons)) for piece in pieces] == [("Một hai ba.", 0), ("Bốn năm sáu", 2)]


def test_buttons_that_are_not_shown_become_numbered_lines():
    assert (
        text_with_numbers(Reply("Chọn ạ", buttons(2)), 0) == f"Chọn ạ\n1. Nút 1\n2. Nút 2\n{sentences.CHOOSE_BY_NUMBER}"
    )
    (piece,) = render_pieces(Reply("Chọn ạ", buttons(3)), 100, len, shown=2)
    assert re.findall(r"^\d+\. .*$", piece.text, re.MULTILINE) == ["3. Nút 3"]
    assert piece.buttons == buttons(2)


def test_titles_that_are_numbers_are_their_own_and_no_other_choice_has_them():
    titles = ("Đã ổn", "2 ★", "1 ★", "25 dịch vụ trực tuyến")
    reply = Reply("Chọn ạ", tuple(Button(title, "/x") for title in titles))
    shown = text_with_numbers(reply, 0).splitlines()[1:-1]
    assert shown == ["3. Đã ổn", "2 ★", "1 ★", "4. 25 dịch vụ trực tuyến"]


def test_titles_that_are_the_same_number_are_counted_like_others():
    reply = Reply("Chọn ạ", (Button("5 ★", "/a"), Button("5 ★", "/b")))
    assert text_with_numbers(reply, 0).splitlines()[1:-1] == ["1. 5 ★", "2. 5 ★"]


@given(titles=st.lists(st.one_of(st.integers(1, 9).map(str), st.just("Khác")), max_size=12), first=st.integers(1, 9))
def test_no_two_choices_have_the_same_number(titles, first):
    numbers = numbers_for(titles, first)
    assert len(set(numbers)) == len(titles)
    alone = [title for title in titles if title.isdigit() and titles.count(title) == 1]
    assert [numbers[titles.index(title)] for title in alone] == [int(title) for title in alone]


def test_no_numbers_are_spoken_of_when_every_button_is_shown():
    assert render_pieces(Reply("Chọn ạ", buttons(2)), 100, len, shown=2)[0].text == "Chọn ạ"


@given(text=texts, limit=st.integers(4, 40))
def test_a_shortened_title_fits(text, limit):
    short = shorten(text, limit, utf16_length)
    assert utf16_length(short) <= limit
    assert short == text or short.endswith("…")
