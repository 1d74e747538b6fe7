"""Tells near-identical things apart: learns, for one query, what distinguishes the few things nearest to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack

from bot.catalogue.vectors import CHARACTERS, WORDS, Floats, Vectors

# What letters weigh beside words, and how much is not learnt by heart. Chosen on wordings held out of the index and on
# tests/catalogue/dev/.
WEIGHT, RIDGE = 3.0**0.5, 0.3


class Contrast:
    """A ridge regression over the texts of a few things, solved anew for each query (some fifty texts, a millisecond).

    "Cấp lại" and "cấp đổi" of the same paper share nearly all their words; what tells them apart is worth little in
    the whole catalogue and everything between the two.

    Args:
        texts: per thing, its name and wordings, already `plain`; at least one each.
    """

    def __init__(self, texts: Sequence[Sequence[str]]) -> None:
        self._starts = np.cumsum([0, *(len(own) for own in texts)])
        rows = [text for own in texts for text in own]
        self._words, self._characters = Vectors(rows, WORDS), Vectors(rows, CHARACTERS)
        self._width = self._words.rows.shape[1]
        self._rows = hstack([self._words.rows, WEIGHT * self._characters.rows], format="csr", dtype=np.float32)

    def score(self, query: str, things: NDArray[np.int64]) -> NDArray[np.float64]:
        """How much a plain query speaks for each of some things, against the others of them."""
        places = np.concatenate([np.arange(self._starts[thing], self._starts[thing + 1]) for thing in things])
        owners = np.repeat(np.arange(len(things)), self._starts[things + 1] - self._starts[things])
        rows, columns = self._dense(places)
        if not len(columns):
            return np.zeros(len(things))
        asked = self._asked(query, columns)
        truth = (owners[:, None] == np.arange(len(things))).astype(np.float32)
        alike = rows @ rows.T
        alike[np.diag_indices_from(alike)] += RIDGE
        scores: NDArray[np.float64] = (rows @ asked) @ np.linalg.solve(alike, truth - truth.mean(axis=0))
        return scores

    def _dense(self, places: NDArray[np.int64]) -> tuple[Floats, NDArray[np.int32]]:
        """Some rows in the few columns that they have; sparse arithmetic would cost more to set up."""
        pointers = self._rows.indptr
        lengths = pointers[places + 1] - pointers[places]
        taken = np.repeat(pointers[places + 1] - np.cumsum(lengths), lengths) + np.arange(lengths.sum())
        columns, where = np.unique(self._rows.indices[taken], return_inverse=True)
        rows = np.zeros((len(places), len(columns)), dtype=np.float32)
        rows[np.repeat(np.arange(len(places)), lengths), where] = self._rows.data[taken]
        return rows, columns

    def _asked(self, query: str, columns: NDArray[np.int32]) -> Floats:
        """The query in these columns."""
        by_words, by_characters = self._words.weigh(query), self._characters.weigh(query)
        own = np.concatenate([by_words[0], by_characters[0] + self._width])
        weights = np.concatenate([by_words[1], WEIGHT * by_characters[1]])
        found = np.minimum(np.searchsorted(columns, own), len(columns) - 1)
        known = columns[found] == own
        asked = np.zeros(len(columns), dtype=np.float32)
        asked[found[known]] = weights[known]
        return asked
