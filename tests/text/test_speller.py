import pytest

from bot.text.speller import Speller
from bot.text.syllables import decode_telex, is_syllable

MESSAGES = [
    "đăng ký khai sinh cho con cần giấy tờ gì",
    "làm giấy khai sinh hết bao nhiêu tiền",
    "đăng ký tạm trú cần giấy tờ gì",
    "hồ sơ tạm trú nộp ở đâu",
    "nộp hồ sơ khai sinh ở đâu hết bao nhiêu tiền",
]


@pytest.fixture(scope="module")
def speller():
    return Speller.learn(message.split() for message in MESSAGES)


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("giaays", "giấy"),
        ("tieenf", "tiền"),
        ("dduwowngf", "đường"),
        ("quas", "quá"),
        ("hoof", "hồ"),
        ("ddaang", "đâng"),
        ("khai", None),
        ("login", None),
        ("giấy", None),
        ("a1", None),
    ],
)
def test_raw_telex_keys_give_their_syllable_and_other_words_none(typed, meant):
    assert decode_telex(typed) == meant


@pytest.mark.parametrize("word", ["nghiêng", "khuya", "quyền", "ăn", "ý", "giặt", "thuở", "ở", "ngoằn"])
def test_a_vietnamese_syllable_is_one(word):
    assert is_syllable(word)


@pytest.mark.parametrize("word", ["giaays", "khaisinh", "tieenf", "hcm", "xyz", "ngk", ""])
def test_what_nobody_can_say_is_no_syllable(word):
    assert not is_syllable(word)


@pytest.mark.parametrize(
    "typed, meant",
    [
        ("giaays tờ gì", "giấy tờ gì"),
        ("giấy khaisinh", "giấy khai sinh"),
        ("đăngkýtạmtrú cần gì", "đăng ký tạm trú cần gì"),
        ("nopj hồ sơ", "nộp hồ sơ"),
        ("khaj sinh", "khai sinh"),
        ("giâyy tờ", "giấy tờ"),
    ],
)
def test_slips_are_mended_after_the_words_that_were_seen(speller, typed, meant):
    assert " ".join(speller.mend(typed.split())) == meant


@pytest.mark.parametrize("text", ["zreceipt", "vneid", "facebook", "nghiêng ngả", "h15", "", "ok"])
def test_what_it_knows_nothing_of_stays(speller, text):
    assert speller.mend(text.split()) == text.split()


def test_a_syllable_is_never_changed_even_when_it_was_not_seen(speller):
    assert speller.mend(["trâu", "bò"]) == ["trâu", "bò"]


def test_a_very_long_word_is_left_alone_at_once(speller):
    assert speller.mend(["khaisinh" * 500]) == ["khaisinh" * 500]
