import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import answers
from bot.text.answers import is_cancel, is_correction, is_refusal, is_yes

MEANINGS = {"yes": is_yes, "refusal": is_refusal, "cancel": is_cancel, "correction": is_correction}
PHRASES = json.loads(Path(answers.__file__).with_suffix(".json").read_text(encoding="utf-8"))
LISTED = [(meaning, phrase) for meaning in MEANINGS for phrase in PHRASES[meaning]]


def meanings_of(text):
    return {meaning for meaning, says in MEANINGS.items() if says(text)}


@pytest.mark.parametrize("meaning, phrase", LISTED)
def test_a_listed_phrase_has_its_own_meaning_and_no_other(meaning, phrase):
    assert meanings_of(phrase) == {meaning}


@pytest.mark.parametrize("meaning, phrase", LISTED)
def test_politeness_capitals_and_stops_change_no_meaning(meaning, phrase):
    assert meanings_of(f"Dạ {phrase.upper()} nhé!") in ({meaning}, meanings_of("dạ") if phrase == "dạ" else {meaning})


@pytest.mark.parametrize(
    "text, meaning",
    [
        ("Vâng ạ", "yes"),
        ("dạ", "yes"),
        ("ừ", "yes"),
        ("OK em", "yes"),
        ("đúng rồi", "yes"),
        ("gửi giúp tôi", "yes"),
        ("Không ạ", "refusal"),
        ("ko có", "refusal"),
        ("k nhớ", "refusal"),
        ("hủy phản ánh", "cancel"),
        ("không phản ánh nữa em nhé", "cancel"),
        ("Huỷ", "cancel"),
        ("chưa đúng", "correction"),
        ("sửa lại giúp anh", "correction"),
    ],
)
def test_an_answer_is_understood_as_people_write_it(text, meaning):
    assert meanings_of(text) == {meaning}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "?!",
        "😂",
        "anh ơi",
        "à",
        "em ạ",
        "không phải thứ hai mà là thứ ba tuần trước",
        "cán bộ không nói gì",
        "vâng " * 7,
    ],
)
def test_what_tells_something_else_is_no_short_answer(text):
    assert meanings_of(text) == set()


@given(st.text(max_size=40))
def test_no_text_has_two_meanings(text):
    assert len(meanings_of(text)) <= 1
