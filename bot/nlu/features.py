"""What the classifier sees of a message: n-grams of words and characters, with and without tones."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from bot.text.abbreviations import expand
from bot.text.normalise import fold, words

VIEWS = ("word", "folded_word", "character", "folded_character")
CHARACTERS = (2, 5)


def read(text: str) -> list[str]:
    """The words of a message in normal form, abbreviations written out."""
    return expand(words(text))


def views(text: str) -> tuple[list[str], ...]:
    """The n-grams of a message, one list per view of `VIEWS`, repeats included."""
    tokens = read(text)
    folded = [fold(token) for token in tokens]
    return (
        list(_word_grams(tokens)),
        list(_word_grams(folded)),
        list(_character_grams(tokens)),
        list(_character_grams(folded)),
    )


def _word_grams(tokens: list[str]) -> Iterator[str]:
    yield from tokens
    padded = ["^", *tokens, "$"]
    for left, right in pairwise(padded):
        yield f"{left} {right}"


def _character_grams(tokens: list[str]) -> Iterator[str]:
    shortest, longest = CHARACTERS
    for token in tokens:
        padded = f" {token} "
        size = len(padded)
        for length in range(shortest, longest + 1):
            for start in range(size - length + 1):
                yield padded[start : start + length]
