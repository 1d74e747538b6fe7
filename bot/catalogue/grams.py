"""How a fitted vectorizer of scikit-learn weighs one short text, without its checks that take longer than the work."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

Floats = NDArray[np.float64]
Arrays = Mapping[str, NDArray[Any]]


class Grams:
    """Sublinear tf x idf of single texts, of length 1.

    Args:
        kind: how texts become n-grams, as scikit-learn's vectorizers take it.
        columns: the place of each known n-gram.
        idf: its weight.
    """

    def __init__(self, kind: Mapping[str, Any], columns: Mapping[str, int], idf: Floats) -> None:
        self._grams = TfidfVectorizer(**kind).build_analyzer()
        self._columns, self._idf = columns, idf

    @classmethod
    def fitted(cls, kind: Mapping[str, Any], vectorizer: TfidfVectorizer) -> Grams:
        """Those of a vectorizer that has learnt."""
        return cls(kind, {gram: int(place) for gram, place in vectorizer.vocabulary_.items()}, vectorizer.idf_)

    @classmethod
    def of_arrays(cls, kind: Mapping[str, Any], arrays: Arrays) -> Grams:
        """Those that `arrays` described."""
        grams = read_json(arrays["grams"])
        return cls(kind, {gram: place for place, gram in enumerate(grams)}, arrays["idf"])

    @property
    def size(self) -> int:
        """How many n-grams are known."""
        return len(self._idf)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that is known, for a file."""
        return {"grams": write_json(sorted(self._columns, key=self._columns.__getitem__)), "idf": self._idf}

    def weigh(self, text: str) -> tuple[NDArray[np.int64], Floats]:
        """The columns and weights of a text; none when nothing of it is known."""
        counts = Counter(self._columns[gram] for gram in self._grams(text) if gram in self._columns)
        columns = np.fromiter(counts.keys(), dtype=np.int64, count=len(counts))
        weights = (1 + np.log(np.fromiter(counts.values(), dtype=np.float64, count=len(counts)))) * self._idf[columns]
        length = np.linalg.norm(weights)
        return columns, weights / length if length else weights


def write_json(value: Any) -> NDArray[Any]:
    """Texts as an array, so that they lie beside numbers."""
    return np.frombuffer(json.dumps(value, ensure_ascii=False).encode(), dtype=np.uint8)


def read_json(array: NDArray[Any]) -> Any:
    """What `write_json` was given."""
    return json.loads(array.tobytes())
