import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.normalise import fold
from bot.text.questions import split_questions


@pytest.mark.parametrize(
    "text, parts",
    [
        ("đổi căn cước cần giấy tờ gì và mất bao lâu", ["đổi căn cước cần giấy tờ gì", "mất bao lâu"]),
        ("làm hộ chiếu ở đâu, hết bao nhiêu tiền?", ["làm hộ chiếu ở đâu", "hết bao nhiêu tiền?"]),
        ("Khai sinh cần gì? Lệ phí bao nhiêu ạ?", ["Khai sinh cần gì?", "Lệ phí bao nhiêu ạ?"]),
        ("doi bang lai can gi voi lai nop o dau", ["doi bang lai can gi", "nop o dau"]),
        ("Bố tôi mất, mẹ già yếu, giờ làm giấy gì, nộp hộ được không", None),
        ("tôi mất căn cước, làm lại thế nào", ["tôi mất căn cước, làm lại thế nào"]),
        ("đổi địa chỉ và số điện thoại trên VNeID thế nào", ["đổi địa chỉ, số điện thoại trên VNeID thế nào"]),
        ("chào em. cảm ơn nhé", []),
        ("gì", []),
        ("", []),
    ],
)
def test_only_parts_that_ask_something_are_questions(text, parts):
    found = split_questions(text)
    assert found == parts if parts is not None else len(found) == 2


def test_a_decimal_or_a_code_does_not_end_a_sentence():
    assert split_questions("thủ tục 1.001193 cần giấy tờ gì") == ["thủ tục 1.001193 cần giấy tờ gì"]


@given(st.text(max_size=200))
def test_nothing_is_made_up(text):
    found, given_text = fold("".join(split_questions(text))), fold(text)
    # A comma may stand for the word that joined two parts.
    assert all(letter == "," or found.count(letter) <= given_text.count(letter) + 1 for letter in set(found))
