"""A calibrated linear model over n-gram views: trained with scikit-learn, kept as arrays and JSON."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix, hstack
from scipy.special import log_softmax, softmax
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import normalize
from sklearn.svm import LinearSVC

from bot.nlu.features import VIEWS, read, views
from bot.text.lookup import Lookup
from bot.text.slips import Noise
from bot.text.speller import Speller

Floats = NDArray[np.float32]
Weights = tuple[Floats, Floats]

FOLDS = 5
# Coarser than scikit-learn's default; the last digits of a weight are rounded away when it is stored.
TOLERANCE = 1e-2
_OTHER = -1


@dataclass(frozen=True)
class Options:
    """How to train.

    Attributes:
        regularisation: LinearSVC's C.
        min_count: in how many training messages an n-gram must stand to count.
        augment: noisy copies are added to every training message.
        seed: of the copies and the folds.
    """

    regularisation: float = 0.25
    min_count: int = 2
    augment: bool = True
    seed: int = 7


class LinearModel:
    """Scores labels for a message.

    Args:
        vocabularies: per view, n-gram → column.
        idf: weight of each column.
        weights: columns x labels.
        intercept: one per label.
        temperature: divides the scores before the softmax, so that a share is a probability.
        speller: mends the words first.
        lookup: marks the phrases of lookup tables.
    """

    def __init__(
        self,
        labels: Sequence[str],
        vocabularies: Sequence[dict[str, int]],
        idf: Floats,
        weights: Floats,
        intercept: Floats,
        temperature: float,
        speller: Speller,
        lookup: Lookup,
    ) -> None:
        self.labels = list(labels)
        self._vocabularies = list(vocabularies)
        self._idf = idf
        self._weights = weights
        self._intercept = intercept
        self._temperature = temperature
        self._speller = speller
        self._lookup = lookup

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Every label with its probability, best first."""
        scores = self._intercept.copy()
        seen = views(self._speller.mend(read(text)), self._lookup)
        for vocabulary, grams, weight in zip(self._vocabularies, seen, VIEWS.values(), strict=True):
            columns, values = _weigh(vocabulary, grams, self._idf)
            if columns:
                scores += weight * (values @ self._weights[columns])
        shares = softmax(scores / self._temperature)
        return [(self.labels[place], float(shares[place])) for place in np.argsort(-shares)]

    def save(self, folder: Path) -> None:
        """Write arrays and JSON; nothing that could run when it is read."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(
            folder / "arrays.npz",
            idf=self._idf.astype(np.float16),
            weights=self._weights.astype(np.float16),
            intercept=self._intercept,
        )
        content = {
            "labels": self.labels,
            "temperature": self._temperature,
            "vocabularies": [sorted(v, key=v.__getitem__) for v in self._vocabularies],
            "seen": self._speller.seen,
            "pairs": sorted(" ".join(pair) for pair in self._speller.pairs),
            "lookup": self._lookup.kinds,
        }
        (folder / "model.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LinearModel:
        """Read what `save` wrote."""
        content = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        vocabularies, start = [], 0
        for grams in content["vocabularies"]:
            vocabularies.append({gram: start + place for place, gram in enumerate(grams)})
            start += len(grams)
        with np.load(folder / "arrays.npz", allow_pickle=False) as arrays:
            kept = {name: arrays[name].astype(np.float32) for name in ("idf", "weights", "intercept")}
        speller = Speller(content["seen"], ((*pair.split(" "),) for pair in content["pairs"]))
        learnt = {"temperature": content["temperature"], "speller": speller, "lookup": Lookup(content["lookup"])}
        return cls(content["labels"], vocabularies, **learnt, **kept)


def train(texts: Sequence[str], labels: Sequence[str], options: Options, lookup: Lookup) -> LinearModel:
    """Train on messages and their labels; the temperature comes from messages held out of a first training."""
    noisy_texts, origins = _with_noise(texts, options)
    speller = Speller.learn(read(text) for text in texts)
    mended = (speller.mend(read(text)) for text in noisy_texts)
    vocabularies, idf, matrix = _vectorise((views(tokens, lookup) for tokens in mended), options.min_count)
    names = sorted(set(labels))
    places = {name: place for place, name in enumerate(names)}
    original_labels = np.array([places[label] for label in labels])
    noisy_labels = original_labels[origins]
    temperature = 0.3
    if np.bincount(original_labels).min() >= FOLDS:
        folds = StratifiedKFold(FOLDS, shuffle=True, random_state=options.seed)
        kept, held = next(folds.split(original_labels, original_labels))
        first = _fit(matrix, noisy_labels, np.isin(origins, kept), options)
        held_rows = np.isin(origins, held)
        temperature = _fit_temperature(_scores(first, matrix[held_rows]), noisy_labels[held_rows])
    weights, intercept = _fit(matrix, noisy_labels, np.ones(len(origins), dtype=bool), options)
    return LinearModel(names, vocabularies, idf, weights, intercept, temperature, speller, lookup)


def _fit(matrix: csr_matrix, labels: NDArray[np.int64], rows: NDArray[np.bool_], options: Options) -> Weights:
    """One classifier per label, against all others; two halves of the labels at a time (liblinear works outside
    Python's lock).

    The two share liblinear's random numbers, so weights of two trainings differ within the tolerance.
    """
    # Brought into liblinear's own form first: each half would copy it, and two at a time do not do that safely.
    examples, truth = matrix[rows].astype(np.float64), labels[rows]
    examples.sum_duplicates()

    def fit_half(half: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        classifier = LinearSVC(C=options.regularisation, random_state=options.seed, tol=TOLERANCE)
        classifier.fit(examples, np.where(np.isin(truth, half), truth, _OTHER))
        known = classifier.classes_
        # With two classes scikit-learn keeps one row, for the second.
        if len(known) == 2:
            sign = 1 if known[1] == half[0] else -1
            return sign * classifier.coef_, sign * classifier.intercept_
        own = np.searchsorted(known, half)
        return classifier.coef_[own], classifier.intercept_[own]

    halves = [half for half in np.array_split(np.arange(labels.max() + 1), 2) if len(half)]
    fitted = Parallel(n_jobs=2, prefer="threads")(delayed(fit_half)(half) for half in halves)
    weights = np.concatenate([weights for weights, _ in fitted]).T.astype(np.float32)
    return np.ascontiguousarray(weights), np.concatenate([intercept for _, intercept in fitted]).astype(np.float32)


def _scores(fitted: Weights, matrix: csr_matrix) -> Floats:
    weights, intercept = fitted
    scores: Floats = matrix @ weights + intercept
    return scores


def _fit_temperature(scores: Floats, truth: NDArray[np.int64]) -> float:
    """The temperature under which held-out messages, clean and noisy, are most likely."""
    rows = np.arange(len(truth))

    def loss(temperature: float) -> float:
        return float(-log_softmax(scores / temperature, axis=1)[rows, truth].mean())

    return float(minimize_scalar(loss, bounds=(0.02, 5.0), method="bounded").x)


def _with_noise(texts: Sequence[str], options: Options) -> tuple[list[str], NDArray[np.int64]]:
    """The messages and their noisy copies, each different one once, with the place of the message it comes from."""
    noise = Noise(options.seed)
    noisy_texts: list[str] = []
    origins: list[int] = []
    for place, text in enumerate(texts):
        versions = dict.fromkeys([text, *noise.copies(text)] if options.augment else [text])
        noisy_texts += versions
        origins += [place] * len(versions)
    return noisy_texts, np.array(origins)


def _vectorise(
    messages: Iterable[tuple[list[str], ...]], min_count: int
) -> tuple[list[dict[str, int]], Floats, csr_matrix]:
    """Vocabularies, idf and the weighted matrix of many messages; the same weights as `_weigh` gives for one."""
    grams: list[dict[str, int]] = [{} for _ in VIEWS]
    columns, pointers = [array("i") for _ in VIEWS], [array("q", [0]) for _ in VIEWS]
    for seen in messages:
        for view, found in enumerate(seen):
            known = grams[view]
            columns[view].extend([known.setdefault(gram, len(known)) for gram in found])
            pointers[view].append(len(columns[view]))
    vocabularies: list[dict[str, int]] = []
    blocks, weights = [], []
    for view, weight in enumerate(VIEWS.values()):
        block, idf, kept = _weigh_block(columns[view], pointers[view], len(grams[view]), min_count)
        start = sum(len(vocabulary) for vocabulary in vocabularies)
        names = np.array(list(grams[view]), dtype=object)[kept]
        vocabularies.append({name: start + place for place, name in enumerate(names)})
        blocks.append(block * weight)
        weights.append(idf)
    return vocabularies, np.concatenate(weights), hstack(blocks, format="csr", dtype=np.float32)


def _weigh_block(
    columns: array[int], pointers: array[int], width: int, min_count: int
) -> tuple[csr_matrix, Floats, NDArray[np.int64]]:
    counts = csr_matrix(
        (np.ones(len(columns), dtype=np.float32), np.frombuffer(columns, dtype=np.int32), np.array(pointers)),
        shape=(len(pointers) - 1, width),
    )
    counts.sum_duplicates()
    documents = np.bincount(counts.indices, minlength=width)
    kept = np.flatnonzero(documents >= min_count)
    idf = (np.log((1 + counts.shape[0]) / (1 + documents[kept])) + 1).astype(np.float32)
    block = counts[:, kept]
    if not len(kept):
        # Few short messages may share characters and no word.
        return block, idf, kept
    block.data = 1 + np.log(block.data)
    return normalize(block.multiply(idf).tocsr(), copy=False), idf, kept


def _weigh(vocabulary: dict[str, int], grams: list[str], idf: Floats) -> tuple[list[int], Floats]:
    """The known n-grams of one view as columns and weights (sublinear tf x idf, length 1)."""
    counts: dict[int, int] = {}
    for gram in grams:
        column = vocabulary.get(gram)
        if column is not None:
            counts[column] = counts.get(column, 0) + 1
    columns = list(counts)
    if not columns:
        return columns, np.zeros(0, dtype=np.float32)
    weights = (1 + np.log(np.fromiter(counts.values(), dtype=np.float32))) * idf[columns]
    return columns, weights / np.linalg.norm(weights)
