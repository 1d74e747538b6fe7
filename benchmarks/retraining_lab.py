"""Models for drills, quickly: every sentence is read once, and only the classifiers that a change touches are fitted.

A classifier is one intent against all others, so a change in the sentences of a few intents leaves the others' as they
were but for these sentences among the others. What features and spelling know comes from all sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack, vstack
from scipy.special import log_softmax, softmax
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.svm import LinearSVC

from bot.nlu import features
from bot.nlu.features import VIEWS, make_lookup, read, views
from bot.nlu.linear import TOLERANCE, Options
from bot.text.copies import plain
from bot.text.slips import Noise
from bot.text.speller import Speller
from bot.training.evaluate import (
    BLIND_SET,
    component_options,
    read_blind_set,
    read_lookup_tables,
    read_sources,
    read_training_data,
)
from bot.training.measure import Prediction

Floats = NDArray[np.float64]
Grams = tuple[list[str], ...]
_OTHER = -1
_RANKED = 10


@dataclass(frozen=True)
class Fitted:
    """One model: columns of weights by intent, and its temperature."""

    intents: tuple[str, ...]
    weights: Floats
    intercept: Floats
    temperature: float

    def shares(self, matrix: csr_matrix) -> Floats:
        """The share of each intent in each row."""
        found: Floats = softmax((matrix @ self.weights + self.intercept) / self.temperature, axis=1)
        return found


@dataclass
class Lab:
    """All sentences and the blind set, read once.

    Attributes:
        texts, intents: the sentences and what they mean.
        rows: the features of the sentences and their noisy copies; `origin` is which sentence each row is of.
        untoned: the same without anything that knows of tones being left out, copies without tones left away.
    """

    texts: list[str] = field(default_factory=list)
    intents: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        sentences = {plain(text): (text, intent) for text, intent in read_training_data() if text}
        self.texts, self.intents = map(list, zip(*sentences.values(), strict=True))  # type: ignore[arg-type]
        self.options = component_options()
        self.blind = read_blind_set(BLIND_SET)
        self.sources = read_sources(BLIND_SET)
        noise = Noise(self.options.seed)
        versions = [list(dict.fromkeys([text, *noise.copies(text)])) for text in self.texts]
        self.origin = np.repeat(np.arange(len(self.texts)), [len(one) for one in versions])
        self.first = np.searchsorted(self.origin, np.arange(len(self.texts)))
        copies = [text for one in versions for text in one]
        self._lookup = make_lookup(read_lookup_tables())
        speller = Speller.learn(read(text) for text in self.texts)
        self.words = [speller.mend(read(text)) for text in copies]
        self.blind_words = [speller.mend(read(text)) for text, _, _ in self.blind]
        self.rows, self.blind_rows = self._weigh(lambda words: views(words, self._lookup))
        self.has_tones = np.array([not text.isascii() for text in copies])
        self.number = {text: place for place, text in enumerate(self.texts)}

    def without_folding(self) -> tuple[csr_matrix, csr_matrix]:
        """The features as they were if nothing took tones off."""

        def unfolded(words: list[str]) -> Grams:
            seen = views(words, self._lookup)
            same = list(features._word_grams(words))
            letters = list(features._character_grams(words, *features.FOLDED_CHARACTERS))
            return (seen[0], same, seen[2], letters, features.find_concepts(words), same)

        return self._weigh(unfolded)

    def fit(
        self,
        kept: NDArray[np.bool_],
        intents: Sequence[str] | None = None,
        base: Fitted | None = None,
        touched: Iterable[str] | None = None,
        options: Options | None = None,
        rows: csr_matrix | None = None,
        more: tuple[csr_matrix, Sequence[str]] | None = None,
        copies: NDArray[np.bool_] | None = None,
    ) -> Fitted:
        """A model of the kept sentences.

        Args:
            kept: which sentences it is made of.
            intents: what they mean, where it is not what they mean in the data.
            base, touched: a model that differs in these intents only; the others' classifiers are taken from it.
            rows: other features of the sentences.
            more: features of sentences that are not in the data, and what they mean.
            copies: which rows may be used.
        """
        said = np.array(intents if intents is not None else self.intents, dtype=object)
        used = kept[self.origin] if copies is None else kept[self.origin] & copies
        matrix = (self.rows if rows is None else rows)[used]
        truth = said[self.origin[used]]
        if more:
            matrix, truth = vstack([matrix, more[0]], format="csr"), np.concatenate([truth, np.array(more[1], object)])
        names = tuple(sorted(set(truth)))
        wanted = [name for name in names if touched is None or base is None or name in set(touched)]
        weights, intercept = _fit_each(matrix, truth, wanted, options or self.options)
        if base is not None and touched is not None:
            columns = {name: place for place, name in enumerate(base.intents)}
            all_weights = base.weights[:, [columns[name] for name in names]].copy()
            all_intercept = base.intercept[[columns[name] for name in names]].copy()
            places = [names.index(name) for name in wanted]
            all_weights[:, places], all_intercept[places] = weights, intercept
            return Fitted(names, all_weights, all_intercept, base.temperature)
        return Fitted(names, weights, intercept, 1.0)

    def calibrated(self, model: Fitted, reserve: NDArray[np.bool_], rows: csr_matrix | None = None) -> Fitted:
        """The model with the temperature under which sentences it has not seen are most likely."""
        used = reserve[self.origin] & np.isin(np.array(self.intents, object)[self.origin], model.intents)
        scores = (self.rows if rows is None else rows)[used] @ model.weights + model.intercept
        columns = {name: place for place, name in enumerate(model.intents)}
        truth = np.array([columns[self.intents[place]] for place in self.origin[used]])

        def loss(temperature: float) -> float:
            return float(-log_softmax(scores / temperature, axis=1)[np.arange(len(truth)), truth].mean())

        found = float(minimize_scalar(loss, bounds=(0.02, 5.0), method="bounded").x)
        return Fitted(model.intents, model.weights, model.intercept, found)

    def predictions(self, model: Fitted, rows: csr_matrix | None = None) -> list[Prediction]:
        """What a model makes of the blind set."""
        shares = model.shares(self.blind_rows if rows is None else rows)
        return [
            Prediction(text, truth, _ranking(model, own), part)
            for (text, truth, part), own in zip(self.blind, shares, strict=True)
        ]

    def ranker(self, model: Fitted) -> Callable[[str], tuple[tuple[str, float], ...]]:
        """What a model makes of a sentence of the data."""
        return lambda text: _ranking(model, model.shares(self.rows[self.first[self.number[text]]])[0])

    def right(self, model: Fitted, sentences: NDArray[np.bool_], rows: csr_matrix | None = None) -> float:
        """The share of these sentences and their copies that a model reads rightly."""
        used = sentences[self.origin]
        best = np.array(model.intents, object)[model.shares((self.rows if rows is None else rows)[used]).argmax(axis=1)]
        return float((best == np.array(self.intents, object)[self.origin[used]]).mean())

    def _weigh(self, seen: Callable[[list[str]], Grams]) -> tuple[csr_matrix, csr_matrix]:
        """Weighted n-grams of the sentences and of the blind set, with the weights of `bot.nlu.linear`."""
        blocks: list[csr_matrix] = []
        blind: list[csr_matrix] = []
        sentences, messages = ([seen(words) for words in all_words] for all_words in (self.words, self.blind_words))
        for place, weight in enumerate(VIEWS.values()):
            vectorizer = TfidfVectorizer(
                analyzer=_same, min_df=self.options.min_count, sublinear_tf=True, dtype=np.float32
            )
            blocks.append(vectorizer.fit_transform([one[place] for one in sentences]) * weight)
            blind.append(vectorizer.transform([one[place] for one in messages]) * weight)
        return hstack(blocks, format="csr"), hstack(blind, format="csr")


def _same(grams: list[str]) -> list[str]:
    return grams


def _ranking(model: Fitted, shares: Floats) -> tuple[tuple[str, float], ...]:
    return tuple((model.intents[place], float(shares[place])) for place in np.argsort(-shares)[:_RANKED])


def _fit_each(
    matrix: csr_matrix, truth: NDArray[np.object_], wanted: Sequence[str], options: Options
) -> tuple[Floats, Floats]:
    """Weights and intercept of each wanted intent against all others, two halves at a time."""
    examples = matrix.astype(np.float64)
    examples.sum_duplicates()

    def fit(names: NDArray[np.object_]) -> tuple[Floats, Floats]:
        numbers = {name: place for place, name in enumerate(names)}
        own = np.array([numbers.get(name, _OTHER) for name in truth])
        classifier = LinearSVC(C=options.regularisation, random_state=options.seed, tol=TOLERANCE)
        classifier.fit(examples, own)
        if len(names) == 1:
            return classifier.coef_, classifier.intercept_
        places = np.searchsorted(classifier.classes_, np.arange(len(names)))
        return classifier.coef_[places], classifier.intercept_[places]

    halves = [half for half in np.array_split(np.array(wanted, dtype=object), 2) if len(half)]
    fitted = Parallel(n_jobs=2, prefer="threads")(delayed(fit)(half) for half in halves)
    weights: Floats = np.concatenate([weights for weights, _ in fitted]).T
    return weights, np.concatenate([intercept for _, intercept in fitted])
