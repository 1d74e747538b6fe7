import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.importing.texts import listed, tidy, unique


@pytest.mark.parametrize(
    ("given_text", "read"),
    [
        ("<p>Nộp <b>đơn</b></p><p>Chờ</p>", "Nộp đơn\nChờ"),
        ("Phí &lt; 5 &amp; lệ phí", "Phí < 5 & lệ phí"),
        ("A<script>alert('x')</script>B", "A B"),
        ("A<script>alert('x')", "A"),
        ("&lt;script&gt;alert(1)&lt;/script&gt;Nộp", "Nộp"),
        ("Đơn<!-- ẩn --> mẫu", "Đơn mẫu"),
    ],
)
def test_markup_in_a_text_is_taken_out_and_said(given_text, read):
    assert tidy(given_text) == (read, True)


@pytest.mark.parametrize("text", ["Dưới 5 < 10 tỷ", "a & b", "Mẫu <1>", "phí: 5% & thuế"])
def test_signs_that_are_no_markup_stay(text):
    assert tidy(text) == (text, False)


def test_a_text_has_no_blank_lines_and_no_invisible_signs():
    assert tidy("Một \u200b \t\u00a0hai\r\n\n \n ba\x07 \uf0b7bốn")[0] == "Một hai\nba - bốn"


@pytest.mark.parametrize("text", ["Không có thông tin", " Không có thông tin. ", "", "\n\n"])
def test_what_only_says_that_nothing_is_known_is_empty(text):
    assert tidy(text)[0] == ""


def test_letters_are_composed_in_one_way():
    assert tidy("Đa\u0306ng ky\u0301")[0] == "Đăng ký"


@given(st.text())
def test_whatever_comes_can_be_stored_and_has_no_blank_line(text):
    plain, _ = tidy(text)
    assert "\n\n" not in plain
    assert json.loads(json.dumps(plain).encode()) == plain
    assert plain.encode().decode() == plain


@given(st.text())
def test_a_tidy_text_without_markup_stays_as_it_is(text):
    plain, _ = tidy(text)
    if "<" not in plain and "&" not in plain:
        assert tidy(plain) == (plain, False)


def test_a_comma_inside_brackets_is_part_of_its_item():
    assert listed("Tổ chức (không gồm doanh nghiệp, HTX), Công dân; Doanh nghiệp") == (
        "Tổ chức (không gồm doanh nghiệp, HTX)",
        "Công dân",
        "Doanh nghiệp",
    )


def test_doubles_and_empty_texts_are_left_out():
    assert unique([" b", "", "a", "b"]) == ("b", "a")
