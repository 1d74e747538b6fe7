"""Texts as weighted n-grams: scikit-learn learns the weights, a query is weighed without its cost per call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.feature_extraction.text import TfidfVectorizer

Floats = NDArray[np.float32]
WORDS: dict[str, Any] = {"ngram_range": (1, 2), "token_pattern": r"\S+"}
CHARACTERS: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (3, 4)}


class Vectors:
    """Sublinear tf x idf, each row of length 1.

    Attributes:
        rows: texts x n-grams.
    """

    def __init__(self, texts: Iterable[str], kind: dict[str, Any], min_df: int = 1) -> None:
        vectorizer, given = TfidfVectorizer(sublinear_tf=True, dtype=np.float32, min_df=min_df, **kind), list(texts)
        self._grams = vectorizer.build_analyzer()
        self._columns: dict[str, int] = {}
        self._idf: Floats = np.zeros(0, dtype=np.float32)
        try:
            self.rows: csr_matrix = vectorizer.fit_transform(given)
        except ValueError:
            # Few texts, or none: no n-gram stands in `min_df` of them, so nothing is near to them.
            self.rows = csr_matrix((len(given), 0), dtype=np.float32)
            return
        self._columns, self._idf = vectorizer.vocabulary_, vectorizer.idf_.astype(np.float32)

    def weigh(self, query: str) -> tuple[NDArray[np.int64], Floats]:
        """The columns and weights of a query; none when no text has anything of it."""
        counts = Counter(self._columns[gram] for gram in self._grams(query) if gram in self._columns)
        columns = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        weights = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32, count=len(counts)))) * self._idf[columns]
        length = np.linalg.norm(weights)
        return columns, weights / length if length else weights


class Nearness:
    """Cosine between a query and many texts; a query touches only the n-grams it has."""

    def __init__(self, texts: Iterable[str], min_df: int = 1) -> None:
        self._vectors = Vectors(texts, WORDS, min_df)
        self._by_gram: csr_matrix = self._vectors.rows.T.tocsr()
        self._size = self._vectors.rows.shape[0]

    def score(self, query: str) -> Floats:
        """For each text, from 0 to 1."""
        scores = np.zeros(self._size, dtype=np.float32)
        matrix = self._by_gram
        for column, weight in zip(*self._vectors.weigh(query), strict=True):
            held = slice(matrix.indptr[column], matrix.indptr[column + 1])
            scores[matrix.indices[held]] += weight * matrix.data[held]
        return scores
