"""A calibrated linear model over n-gram views: trained with scikit-learn, kept as arrays and JSON."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import log_softmax, softmax
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from bot.nlu.features import VIEWS, views
from bot.text.slips import Noise

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Options:
    """How to train.

    Attributes:
        regularisation: LinearSVC's C.
        min_count: in how many training messages an n-gram must stand to count.
        augment: noisy copies are added to every training message.
        seed: of the copies and the folds.
    """

    regularisation: float = 0.3
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
    """

    def __init__(
        self,
        labels: Sequence[str],
        vocabularies: Sequence[dict[str, int]],
        idf: Floats,
        weights: Floats,
        intercept: Floats,
        temperature: float,
    ) -> None:
        self.labels = list(labels)
        self._vocabularies = list(vocabularies)
        self._idf = idf
        self._weights = weights
        self._intercept = intercept
        self._temperature = temperature

    def rank(self, text: str) -> list[tuple[str, float]]:
        """Every label with its probability, best first."""
        scores = self._intercept.copy()
        for vocabulary, grams in zip(self._vocabularies, views(text), strict=True):
            columns, values = _weigh(vocabulary, grams, self._idf)
            if columns:
                scores += values @ self._weights[columns]
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
        return cls(content["labels"], vocabularies, temperature=content["temperature"], **kept)


def train(texts: Sequence[str], labels: Sequence[str], options: Options) -> LinearModel:
    """Train on messages and their labels; the temperature comes from messages held out of a first training."""
    temperature = _fit_temperature(texts, labels, options)
    return _fit(texts, labels, options, temperature)


def _fit(texts: Sequence[str], labels: Sequence[str], options: Options, temperature: float) -> LinearModel:
    noisy_texts, noisy_labels = _with_noise(texts, labels, options)
    seen = [views(text) for text in noisy_texts]
    vocabularies, idf = _build_vocabularies(seen, options.min_count)
    matrix = _matrix(seen, vocabularies, idf)
    classifier = LinearSVC(C=options.regularisation, random_state=options.seed)
    classifier.fit(matrix, noisy_labels)
    weights, intercept = classifier.coef_.T, classifier.intercept_
    names = [str(name) for name in classifier.classes_]
    if len(names) == 2:
        # scikit-learn keeps one column for two labels.
        weights, intercept = np.hstack([-weights, weights]), np.hstack([-intercept, intercept])
    arrays = (idf, np.ascontiguousarray(weights, dtype=np.float32), intercept.astype(np.float32))
    return LinearModel(names, vocabularies, *arrays, temperature=temperature)


def _fit_temperature(texts: Sequence[str], labels: Sequence[str], options: Options) -> float:
    """The temperature under which held-out messages, clean and noisy, are most likely."""
    if min(Counter(labels).values()) < 5:
        return 0.3
    folds = StratifiedKFold(5, shuffle=True, random_state=options.seed)
    kept, held = next(folds.split(np.zeros(len(texts)), labels))
    model = _fit([texts[i] for i in kept], [labels[i] for i in kept], options, temperature=1.0)
    held_texts, held_labels = _with_noise([texts[i] for i in held], [labels[i] for i in held], options)
    places = {name: place for place, name in enumerate(model.labels)}
    logs = np.array([_log_scores(model, text) for text in held_texts])
    rows, truth = np.arange(len(held_labels)), np.array([places[label] for label in held_labels])

    def loss(temperature: float) -> float:
        return float(-log_softmax(logs / temperature, axis=1)[rows, truth].mean())

    return float(minimize_scalar(loss, bounds=(0.02, 5.0), method="bounded").x)


def _log_scores(model: LinearModel, text: str) -> Floats:
    shares = dict(model.rank(text))
    return np.log(np.array([max(shares[label], 1e-30) for label in model.labels], dtype=np.float32))


def _with_noise(texts: Sequence[str], labels: Sequence[str], options: Options) -> tuple[list[str], list[str]]:
    noise = Noise(options.seed)
    noisy_texts, noisy_labels = list(texts), list(labels)
    if options.augment:
        for text, label in zip(texts, labels, strict=True):
            copies = noise.copies(text)
            noisy_texts += copies
            noisy_labels += [label] * len(copies)
    return noisy_texts, noisy_labels


def _build_vocabularies(seen: list[tuple[list[str], ...]], min_count: int) -> tuple[list[dict[str, int]], Floats]:
    vocabularies: list[dict[str, int]] = []
    weights: list[float] = []
    for view in range(len(VIEWS)):
        counts: Counter[str] = Counter()
        for message in seen:
            counts.update(set(message[view]))
        kept = sorted(gram for gram, count in counts.items() if count >= min_count)
        vocabularies.append({gram: len(weights) + place for place, gram in enumerate(kept)})
        weights += [float(np.log((1 + len(seen)) / (1 + counts[gram])) + 1) for gram in kept]
    return vocabularies, np.array(weights, dtype=np.float32)


def _matrix(seen: list[tuple[list[str], ...]], vocabularies: list[dict[str, int]], idf: Floats) -> csr_matrix:
    pointers, columns, values = [0], [], []
    for message in seen:
        for vocabulary, grams in zip(vocabularies, message, strict=True):
            places, weights = _weigh(vocabulary, grams, idf)
            columns += places
            values.append(weights)
        pointers.append(len(columns))
    data = np.concatenate(values) if values else np.zeros(0, dtype=np.float32)
    return csr_matrix((data, columns, pointers), shape=(len(seen), len(idf)), dtype=np.float32)


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
