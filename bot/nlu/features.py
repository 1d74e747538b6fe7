"""What the classifier sees of a message: n-grams of words and characters, with and without tones, concepts, and
words with the phrases of lookup tables replaced by the table's name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import pairwise

from bot.text.abbreviations import expand
from bot.text.concepts import find_concepts
from bot.text.lookup import Lookup
from bot.text.normalise import fold, words

# View → what it weighs beside the others, chosen by cross-validation on the training data.
VIEWS = {"word": 1.0, "folded_word": 1.0, "character": 0.7, "folded_character": 1.0, "concept": 0.5, "marked_word": 1.0}
CHARACTERS, FOLDED_CHARACTERS = (3, 3), (3, 4)


def read(text: str) -> list[str]:
    """The words of a message in normal form, abbreviations written out."""
    return expand(words(text))


def views(tokens: list[str], lookup: Lookup) -> tuple[list[str], ...]:
    """What a message's words give in each view of `VIEWS`, repeats included."""
    folded = [fold(token) for token in tokens]
    return (
        list(_word_grams(tokens)),
        list(_word_grams(folded)),
        list(_character_grams(tokens, *CHARACTERS)),
        list(_character_grams(folded, *FOLDED_CHARACTERS)),
        find_concepts(folded),
        list(_word_grams(lookup.mark(folded))),
    )


def make_lookup(tables: Iterable[tuple[str, Iterable[str]]]) -> Lookup:
    """A lookup from named tables of phrases as people write them; the first table that has a phrase keeps it."""
    kinds: dict[str, str] = {}
    for name, phrases in tables:
        for phrase in phrases:
            kinds.setdefault(" ".join(fold(word) for word in read(phrase)), name)
    kinds.pop("", None)
    return Lookup(kinds)


def _word_grams(tokens: list[str]) -> Iterator[str]:
    yield from tokens
    padded = ["^", *tokens, "$"]
    for left, right in pairwise(padded):
        yield f"{left} {right}"


def _character_grams(tokens: list[str], shortest: int, longest: int) -> Iterator[str]:
    for token in tokens:
        yield from _grams_of(token, shortest, longest)


# Syllables come again and again: nine of ten are found here.
@lru_cache(maxsize=20_000)
def _grams_of(token: str, shortest: int, longest: int) -> tuple[str, ...]:
    padded = f" {token} "
    size = len(padded)
    return tuple(
        padded[start : start + length] for length in range(shortest, longest + 1) for start in range(size - length + 1)
    )
