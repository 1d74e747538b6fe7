"""Figures about predictions: accuracy with its interval, per intent, calibration, rejection; pure functions."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.metrics import f1_score, roc_auc_score, roc_curve

OUT_OF_SCOPE = "out_of_scope"
BINS = 10


@dataclass(frozen=True)
class Prediction:
    """What a model made of one message; `ranking` holds intents and probabilities, best first."""

    text: str
    truth: str
    ranking: tuple[tuple[str, float], ...]
    part: str = "clean"

    @property
    def intent(self) -> str:
        """The best intent."""
        return self.ranking[0][0]

    @property
    def confidence(self) -> float:
        """Its probability."""
        return self.ranking[0][1]

    @property
    def right(self) -> bool:
        """Whether the best intent is the true one."""
        return self.intent == self.truth


def wilson_interval(right: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """The interval (95 % by default) in which a share lies, after Wilson; (0, 1) when nothing was counted."""
    if total == 0:
        return 0.0, 1.0
    share = right / total
    centre = (share + z * z / (2 * total)) / (1 + z * z / total)
    reach = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total)) / (1 + z * z / total)
    # At the ends the formula gives 0 and 1 but for rounding.
    return 0.0 if right == 0 else centre - reach, 1.0 if right == total else centre + reach


def accuracy(predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Share right with its interval, and how many messages it rests on."""
    right = sum(p.right for p in predictions)
    low, high = wilson_interval(right, len(predictions))
    share = right / len(predictions) if predictions else 0.0
    return {"accuracy": share, "low": low, "high": high, "messages": len(predictions)}


def macro_f1(predictions: Sequence[Prediction]) -> float:
    """The mean of the intents' F1; each intent weighs the same, however rare."""
    truth = [p.truth for p in predictions]
    labels = sorted(set(truth))
    return float(f1_score(truth, [p.intent for p in predictions], labels=labels, average="macro", zero_division=0))


def per_intent(predictions: Sequence[Prediction]) -> dict[str, dict[str, Any]]:
    """Precision, recall with its interval, and count of each true intent."""
    found = {}
    for intent in sorted({p.truth for p in predictions}):
        own = [p for p in predictions if p.truth == intent]
        taken = [p for p in predictions if p.intent == intent]
        right = sum(p.right for p in own)
        low, high = wilson_interval(right, len(own))
        precision = right / len(taken) if taken else 0.0
        found[intent] = {
            "recall": right / len(own),
            "low": low,
            "high": high,
            "precision": precision,
            "messages": len(own),
        }
    return found


def confused_pairs(predictions: Iterable[Prediction], most: int = 30) -> list[dict[str, Any]]:
    """The pairs most often taken for each other, with the messages."""
    wrong = [p for p in predictions if not p.right]
    pairs = Counter((p.truth, p.intent) for p in wrong)
    return [
        {
            "truth": truth,
            "taken_for": taken,
            "times": times,
            "texts": [p.text for p in wrong if (p.truth, p.intent) == (truth, taken)],
        }
        for (truth, taken), times in pairs.most_common(most)
    ]


def calibration_error(predictions: Sequence[Prediction]) -> float:
    """Expected calibration error: how far confidence and share right lie apart, over ten equal bins."""
    total = 0.0
    for _, share, confidence, count in calibration_bins(predictions):
        total += count / len(predictions) * abs(share - confidence)
    return total


def calibration_bins(predictions: Sequence[Prediction]) -> list[tuple[float, float, float, int]]:
    """Per bin of confidence that is not empty: its lower edge, share right, mean confidence, count."""
    bins = []
    for place in range(BINS):
        low, high = place / BINS, (place + 1) / BINS
        inside = [p for p in predictions if low < p.confidence <= high or (place == 0 and p.confidence == 0)]
        if inside:
            share = sum(p.right for p in inside) / len(inside)
            bins.append((low, share, float(np.mean([p.confidence for p in inside])), len(inside)))
    return bins


def scope_score(prediction: Prediction) -> float:
    """How much a message looks like one to answer: its best intent in scope, less out of scope."""
    shares = dict(prediction.ranking)
    return max((s for name, s in prediction.ranking if name != OUT_OF_SCOPE), default=0.0) - shares.get(
        OUT_OF_SCOPE, 0.0
    )


def scope_auroc(inside: Sequence[Prediction], outside: Sequence[Prediction]) -> float:
    """How well messages in and out of scope are told apart (1 is perfect, 0.5 a coin)."""
    truth = [1] * len(inside) + [0] * len(outside)
    return float(roc_auc_score(truth, [scope_score(p) for p in (*inside, *outside)]))


def scope_roc(inside: Sequence[Prediction], outside: Sequence[Prediction]) -> list[tuple[float, float]]:
    """Share of messages out of scope let in, and share of those in scope let in, at every threshold."""
    truth = [1] * len(inside) + [0] * len(outside)
    let_in, kept, _ = roc_curve(truth, [scope_score(p) for p in (*inside, *outside)])
    return [(float(false), float(true)) for false, true in zip(let_in, kept, strict=True)]


def is_answered(prediction: Prediction, threshold: float, ambiguity: float) -> bool:
    """Whether the bot answers it as in scope: sure enough, no second reading near, and not out of scope."""
    second = prediction.ranking[1][1] if len(prediction.ranking) > 1 else 0.0
    sure = prediction.confidence >= threshold and prediction.confidence - second >= ambiguity
    return sure and prediction.intent != OUT_OF_SCOPE


def risk_coverage(predictions: Sequence[Prediction]) -> list[tuple[float, float, float]]:
    """Confidence, share answered and share right among them, if exactly the surest are answered."""
    ordered = sorted(predictions, key=lambda p: -p.confidence)
    right = np.cumsum([p.right for p in ordered])
    counts = np.arange(1, len(ordered) + 1)
    return [
        (ordered[place].confidence, float(counts[place] / len(ordered)), float(right[place] / counts[place]))
        for place in range(len(ordered))
    ]


def coverage_at(predictions: Sequence[Prediction], share_right: float) -> float:
    """The largest share of messages that can be answered with at least this share right."""
    return max((covered for _, covered, right in risk_coverage(predictions) if right >= share_right), default=0.0)
