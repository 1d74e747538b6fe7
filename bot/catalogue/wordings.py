"""Finds which of many things a message names, by the words and letters of how people call them, without tones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

from bot.catalogue.grams import Grams
from bot.text.abbreviations import expand
from bot.text.normalise import fold, words

_WORDS: dict[str, Any] = {"ngram_range": (1, 2), "token_pattern": r"\S+"}
_CHARACTERS: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (2, 4)}


def plain(text: str) -> str:
    """A text as it is compared: in normal form, abbreviations written out, without tones."""
    return fold(" ".join(expand(words(text))))


class WordingIndex:
    """Wordings of things, each thing found by the nearest of its own.

    Args:
        wordings: the key of a thing → how people call it, already `plain`.
    """

    def __init__(self, wordings: Mapping[str, Iterable[str]]) -> None:
        self.keys = list(wordings)
        texts, owners = [], []
        for place, own in enumerate(wordings.values()):
            for text in dict.fromkeys(own):
                if text:
                    texts.append(text)
                    owners.append(place)
        self._owners = np.array(owners)
        self._words = TfidfVectorizer(**_WORDS, sublinear_tf=True)
        self._characters = TfidfVectorizer(**_CHARACTERS, sublinear_tf=True)
        self._word_matrix: csr_matrix = self._words.fit_transform(texts)
        self._character_matrix: csr_matrix = self._characters.fit_transform(texts)
        # By column: a query touches only the n-grams it has.
        self._views = (
            (Grams.fitted(_WORDS, self._words), self._word_matrix.tocsc()),
            (Grams.fitted(_CHARACTERS, self._characters), self._character_matrix.tocsc()),
        )

    def score(self, *queries: str) -> NDArray[np.float64]:
        """For each key, how near its nearest wording is to the nearest of some plain texts (0 to 1)."""
        best = np.zeros(len(self.keys))
        for query in queries:
            nearness = np.zeros(len(self._owners))
            for grams, matrix in self._views:
                for column, weight in zip(*grams.weigh(query), strict=True):
                    held = slice(matrix.indptr[column], matrix.indptr[column + 1])
                    nearness[matrix.indices[held]] += 0.5 * weight * matrix.data[held]
            np.maximum.at(best, self._owners, nearness)
        return best

    def nearest(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """For each of many plain texts, how near the nearest wording of any thing is (0 to 1)."""
        by_words = self._words.transform(queries) @ self._word_matrix.T
        by_characters = self._characters.transform(queries) @ self._character_matrix.T
        best: NDArray[np.float64] = (0.5 * by_words + 0.5 * by_characters).max(axis=1).toarray().ravel()
        return best


# Nearer than the first, and than any other thing by the second, a message names a thing.
SURE, MARGIN = 0.6, 0.08
# A story may hold any wording; what it is about is for the intent to say.
MOST_WORDS = 14


class Namer:
    """Tells which thing a short message names, or that it names none.

    Args:
        names: the key of a thing → its name and how people call it.
    """

    def __init__(self, names: Mapping[str, Iterable[str]]) -> None:
        self._index = (
            WordingIndex({key: [plain(text) for text in own] for key, own in names.items()}) if names else None
        )

    def find(self, text: str) -> tuple[str, float] | None:
        """The thing a message surely names, with the score; None when it names none, or two."""
        query = plain(text)
        if self._index is None or not 0 < len(query.split()) <= MOST_WORDS:
            return None
        scores = self._index.score(query)
        best = int(scores.argmax())
        others = np.delete(scores, best)
        if scores[best] < SURE or (len(others) and scores[best] - others.max() < MARGIN):
            return None
        return self._index.keys[best], float(scores[best])
