import pytest

from bot.text.abbreviations import abbreviations, expand
from bot.text.normalise import normalise, words

KNOWN = sorted(abbreviations().items())


@pytest.mark.parametrize("short, meaning", KNOWN)
def test_an_abbreviation_is_one_word_as_it_comes_from_a_message(short, meaning):
    assert words(short) == [short]


@pytest.mark.parametrize("short, meaning", KNOWN)
def test_a_meaning_is_in_normal_form_and_needs_no_expansion_itself(short, meaning):
    assert normalise(meaning) == meaning
    assert [word for word in meaning.split() if word in abbreviations() and word != short] == []


def test_known_words_are_written_out_and_others_stay():
    written_out = "căn cước công dân hết hạn thì làm như thế nào"
    assert " ".join(expand(words("CCCD hết hạn thì lm ntn"))) == written_out


def test_nothing_comes_of_nothing():
    assert expand([]) == []
