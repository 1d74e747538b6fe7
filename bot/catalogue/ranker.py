"""Learns from citizens' wordings which thing a message is about; stories and events that share no word with a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import hstack
from scipy.special import softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bot.catalogue.grams import Arrays, Grams, read_json, write_json
from bot.catalogue.wordings import plain

# Chosen on tests/catalogue/dev/: at 0.2 a share of 0.6 was right 98.6 times in 100.
TEMPERATURE = 0.2
REGULARISATION = 1.0
# Coarser than scikit-learn's default: the order of the shares does not change, and training takes half the time.
TOLERANCE = 1e-2
_WORDS: dict[str, Any] = {"ngram_range": (1, 2), "token_pattern": r"\S+"}
_CHARACTERS: dict[str, Any] = {"analyzer": "char_wb", "ngram_range": (3, 5)}


class Ranker:
    """A linear classifier over words and letters without tones; trained when it is made, which takes seconds.

    Args:
        wordings: the key of a thing → messages of people who mean it. Two things at least.
        others: messages of people who mean none of these things; the share of belief in that goes to nobody.
    """

    def __init__(self, wordings: Mapping[str, Iterable[str]], others: Sequence[str] = ()) -> None:
        texts, labels = [], []
        for label, own in enumerate([*wordings.values(), *([others] if others else [])]):
            for text in dict.fromkeys(own):
                texts.append(text)
                labels.append(label)
        words = TfidfVectorizer(**_WORDS, sublinear_tf=True)
        characters = TfidfVectorizer(**_CHARACTERS, sublinear_tf=True)
        folded = [plain(text) for text in texts]
        views = hstack([words.fit_transform(folded), characters.fit_transform(folded)], format="csr")
        classifier = LinearSVC(C=REGULARISATION, tol=TOLERANCE, random_state=7).fit(views, labels)
        # With two things scikit-learn keeps one row, for the second.
        two = len(classifier.classes_) == 2
        weights = np.vstack([-classifier.coef_, classifier.coef_] if two else [classifier.coef_]).T
        intercept = classifier.intercept_
        intercept = np.concatenate([-intercept, intercept] if two else [intercept])
        grams = Grams.fitted(_WORDS, words), Grams.fitted(_CHARACTERS, characters)
        self._take(list(wordings), *grams, np.ascontiguousarray(weights), intercept)

    @classmethod
    def of_arrays(cls, arrays: Arrays) -> Ranker:
        """One that learnt before, as `arrays` described it."""
        parts = {
            view: {"grams": arrays[f"{view}_grams"], "idf": arrays[f"{view}_idf"]} for view in ("words", "characters")
        }
        grams = Grams.of_arrays(_WORDS, parts["words"]), Grams.of_arrays(_CHARACTERS, parts["characters"])
        made = cls.__new__(cls)
        made._take(read_json(arrays["keys"]), *grams, arrays["weights"], arrays["intercept"])
        return made

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that was learnt, for a file."""
        views = (("words", self._words), ("characters", self._characters))
        grams = {f"{view}_{name}": array for view, own in views for name, array in own.arrays().items()}
        return {"keys": write_json(self.keys), "weights": self._weights, "intercept": self._intercept, **grams}

    def rank(self, text: str) -> NDArray[np.float64]:
        """For each key the share of belief that a message is about it; what is left of 1 is that for none of them."""
        folded = plain(text)
        words, characters = self._words.weigh(folded), self._characters.weigh(folded)
        columns = np.concatenate([words[0], characters[0] + self._words.size])
        scores = np.concatenate([words[1], characters[1]]) @ self._weights[columns] + self._intercept
        shares: NDArray[np.float64] = softmax(scores / TEMPERATURE)[: len(self.keys)]
        return shares

    def _take(
        self, keys: list[str], words: Grams, characters: Grams, weights: NDArray[Any], intercept: NDArray[Any]
    ) -> None:
        self.keys, self._words, self._characters = keys, words, characters
        self._weights, self._intercept = weights, intercept
