import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.abbreviations import abbreviations, expand
from bot.text.normalise import fold
from bot.text.slips import Noise, telex

WORDS = ["đăng", "ký", "kết", "hôn", "giấy", "tờ", "gì", "không", "được", "bao", "nhiêu", "H15.50-261008-0975", "?"]
SENTENCES = st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join)


@given(SENTENCES, st.integers(0, 1000))
def test_the_same_seed_makes_the_same_copies(text, seed):
    assert Noise(seed).copies(text) == Noise(seed).copies(text)


@given(SENTENCES, st.integers(0, 1000))
def test_three_copies_are_made_and_two_of_them_have_no_tones(text, seed):
    plain, slipped, short = Noise(seed).copies(text)
    assert plain == fold(text)
    assert short.isascii()
    assert len(slipped.split()) >= len(text.split()) - 1


@given(SENTENCES, st.integers(0, 1000))
def test_what_is_no_word_is_never_slipped(text, seed):
    codes = [word for word in text.split() if not word.isalpha()]
    slipped = Noise(seed).slip(text, share=1.0)
    assert all(code in slipped for code in codes)


@given(SENTENCES)
def test_without_a_share_nothing_changes(text):
    assert Noise(7).slip(text, share=0.0) == text
    assert Noise(7).abbreviate(text, share=0.0) == text


def test_words_do_slip():
    text = "đăng ký kết hôn cần giấy tờ gì"
    assert len({Noise(seed).slip(text, share=1.0) for seed in range(20)} - {text}) > 10


@pytest.mark.parametrize("meaning", sorted(set(abbreviations().values())))
def test_what_noise_abbreviates_is_understood_again(meaning):
    short = Noise(7).abbreviate(meaning, share=1.0)
    assert len(short) < len(meaning) or " " not in meaning
    assert " ".join(expand(short.split())) == meaning


@pytest.mark.parametrize(
    "word, keys",
    [
        ("giấy", "giaays"),
        ("được", "dduwowcj"),
        ("nghĩa", "nghiax"),
        ("ủy", "uyr"),
        ("hoặc", "hoawcj"),
        ("online", "online"),
    ],
)
def test_telex_keys_are_left_behind_as_they_are_typed(word, keys):
    assert telex(word) == keys
