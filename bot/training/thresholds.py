"""Chooses when the bot answers, asks back or hands over: by cross-validation, never on the blind set."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bot.training.measure import OUT_OF_SCOPE, Prediction, is_answered

# A bot that asks back more often than this is of little use.
LEAST_ANSWERED = 0.85
# A wrong answer sends somebody to a wrong office; a question back costs one more turn.
COST_OF_WRONG, COST_OF_ASKING = 4.0, 1.0
READINGS = 3
STEP = 0.05
GRID = tuple(round(step, 2) for step in np.arange(0.30, 0.96, STEP))


@dataclass(frozen=True)
class Thresholds:
    """What was chosen, and the figures it rests on."""

    answer: float
    hand_over: float
    curve: tuple[tuple[float, float, float, float, float], ...]


def choose(predictions: Sequence[Prediction]) -> Thresholds:
    """Choose from predictions on messages that the model had not seen.

    The answer threshold is where wrong answers and questions back cost least together, as long as enough messages are
    answered. Below the hand-over threshold the true intent is among the three offered readings less than half the time,
    so asking back delays more people than it helps.
    """
    curve = tuple((t, *_at(predictions, t), _cost(predictions, t)) for t in GRID)
    answer = min((point for point in curve if point[1] >= LEAST_ANSWERED), key=lambda point: point[-1])[0]
    return Thresholds(answer, _hand_over(predictions, answer), curve)


def _cost(predictions: Sequence[Prediction], threshold: float) -> float:
    """Mean cost of a message. Saying kindly that something is out of scope costs nothing when it is."""
    total = 0.0
    for p in predictions:
        if is_answered(p, threshold, 0.0):
            total += 0.0 if p.right else COST_OF_WRONG
        elif not (p.intent == OUT_OF_SCOPE and p.right):
            total += COST_OF_ASKING
    return total / len(predictions)


def _at(predictions: Sequence[Prediction], threshold: float) -> tuple[float, float, float]:
    """Share of in-scope messages answered, share right of these, share of out-of-scope messages answered."""
    inside = [p for p in predictions if p.truth != OUT_OF_SCOPE]
    outside = [p for p in predictions if p.truth == OUT_OF_SCOPE]
    answered = [p for p in inside if is_answered(p, threshold, 0.0)]
    wrongly = sum(is_answered(p, threshold, 0.0) for p in outside)
    right = sum(p.right for p in answered)
    return len(answered) / max(1, len(inside)), right / max(1, len(answered)), wrongly / max(1, len(outside))


def _hand_over(predictions: Sequence[Prediction], answer: float) -> float:
    """The highest step below which the readings that would be offered miss the truth more often than not."""
    chosen = 0.0
    for edge in (round(step, 2) for step in np.arange(STEP, answer, STEP)):
        below = [p for p in predictions if p.confidence < edge]
        helped = sum(p.truth in [name for name, _ in p.ranking[:READINGS]] for p in below)
        if helped < len(below) / 2:
            chosen = edge
    return chosen


def write(chosen: Thresholds, messages: int, folds: int, day: str, path: Path, config: Path) -> None:
    """Write the thresholds with their reasons, and the one of Rasa's fallback into `config.yml`."""
    lines = [
        f"# Chosen by 'motcua evaluate --folds {folds} --choose' on {day} from {messages} training messages that the",
        "# model had not seen; the blind set had no say. A wrong answer counts as much as "
        f"{COST_OF_WRONG:g} questions back;",
        f"# `answer` is where the mean cost is least while at least {LEAST_ANSWERED:.0%} are answered. It stands in",
        "# config.yml, too (FallbackClassifier; its second figure, for two readings close together, can do nothing",
        "# above 0.5). Below `hand_over` the true intent is among the three readings that would be offered less than",
        "# half the time: a person is offered at once.",
        f"answer: {chosen.answer}",
        f"hand_over: {chosen.hand_over}",
        "# threshold: share answered, share right of these, share of out-of-scope messages answered, mean cost",
        "curve:",
        *(f"  {t}: [{', '.join(f'{value:.3f}' for value in values)}]" for t, *values in chosen.curve),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    text = config.read_text(encoding="utf-8")
    text = re.sub(r"(?m)^(  threshold: ).*$", rf"\g<1>{chosen.answer}", text)
    config.write_text(text, encoding="utf-8")
