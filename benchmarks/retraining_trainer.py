"""Models for the simulated month, quickly: each sentence is read once, and the temperature is found once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from bot.nlu import linear
from bot.nlu.features import make_lookup, read, views
from bot.nlu.linear import LinearModel, Options
from bot.text.lookup import Lookup
from bot.text.slips import Noise
from bot.text.speller import Speller
from bot.training.evaluate import component_options, read_lookup_tables

# One sentence in so many is held out for the temperature; where an intent has too few for that, it is this one.
_HELD, _SMALL = 5, 0.3


class Trainer:
    """Makes models that differ from the real ones in two ways: words are mended by what the first sentences know, and
    the temperature is that of the first model.

    Args:
        texts: sentences that spelling is learnt from.
    """

    def __init__(self, texts: Sequence[str], options: Options | None = None, lookup: Lookup | None = None) -> None:
        self._options = options or component_options()
        self._lookup = lookup or make_lookup(read_lookup_tables())
        self._speller = Speller.learn(read(text) for text in texts)
        self._noise = Noise(self._options.seed)
        self._seen: dict[str, list[tuple[list[str], ...]]] = {}
        self._temperature: float | None = None

    def __call__(self, rows: Sequence[tuple[str, str]]) -> LinearModel:
        """A model of sentences and intents."""
        seen = [self._read(text) for text, _ in rows]
        origins = np.repeat(np.arange(len(rows)), [len(versions) for versions in seen])
        messages = (version for versions in seen for version in versions)
        vocabularies, idf, matrix = linear._vectorise(messages, self._options.min_count)
        names = sorted({intent for _, intent in rows})
        labels = np.searchsorted(names, [intent for _, intent in rows])[origins]
        if self._temperature is None:
            self._temperature = self._find_temperature(matrix, labels, origins)
        weights, intercept = linear._fit(matrix, labels, np.ones(len(labels), dtype=bool), self._options)
        kept = (self._temperature, self._speller, self._lookup)
        return LinearModel(names, vocabularies, idf, weights, intercept, *kept)

    def _find_temperature(self, matrix: csr_matrix, labels: NDArray[np.int64], origins: NDArray[np.int64]) -> float:
        held: NDArray[np.bool_] = origins % _HELD == 0
        if len(set(labels[~held])) < len(set(labels)):
            return _SMALL
        fitted = linear._fit(matrix, labels, ~held, self._options)
        return linear._fit_temperature(linear._scores(fitted, matrix[held]), labels[held])

    def _read(self, text: str) -> list[tuple[list[str], ...]]:
        if text not in self._seen:
            copies = self._noise.copies(text) if self._options.augment else []
            versions = dict.fromkeys([text, *copies])
            self._seen[text] = [views(self._speller.mend(read(one)), self._lookup) for one in versions]
        return self._seen[text]
