"""What the classifier sees of a message: n-grams of words and characters, with and without tones, and concepts."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from bot.text.abbreviations import expand
from bot.text.concepts import find_concepts
from bot.text.normalise import fold, words

# View → what it weighs beside the others, chosen by cross-validation on the training data.
VIEWS = {"word": 1.0, "folded_word": 1.0, "character": 1.0, "folded_character": 1.0, "concept": 0.5}
CHARACTERS = (2, 5)


def read(text: str) -> list[str]:
    """The words of a message in normal form, abbreviations written out."""
    return expand(words(text))


def views(tokens: list[str]) -> tuple[list[str], ...]:
    """What a message's words give in each view of `VIEWS`, repeats included."""
    folded = [fold(token) for token in tokens]
    return (
        list(_word_grams(tokens)),
        list(_word_grams(folded)),
        list(_character_grams(tokens)),
        list(_character_grams(folded)),
        find_concepts(folded),
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
