"""Measures the model on the blind set, or by cross-validation on the training data."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from sklearn.model_selection import StratifiedKFold

from bot.nlu.features import make_lookup
from bot.nlu.linear import Options, train
from bot.settings import ROOT
from bot.training.measure import (
    OUT_OF_SCOPE,
    Prediction,
    accuracy,
    calibration_bins,
    calibration_error,
    confused_pairs,
    coverage_at,
    is_answered,
    macro_f1,
    per_intent,
    risk_coverage,
    scope_auroc,
    scope_roc,
)

BLIND_SET = ROOT / "tests" / "heldout"
FILES = ("messages.jsonl", "twins.jsonl", "reviewed.jsonl")
# The parts that somebody wrote; the others are twins of them.
_WRITTEN = ("clean", "reviewed")
Ranker = Callable[[Sequence[str]], Iterable[Sequence[tuple[str, float]]]]


def read_blind_set(folder: Path) -> list[tuple[str, str, str]]:
    """Text, true intent and part ("clean" or the kind of twin) of every message of a blind set."""
    return [(row["text"], row["intent"], row.get("slice", "clean")) for row in _messages(folder)]


def read_sources(folder: Path) -> list[str]:
    """Of every message of a blind set, in the same order, what it is a twin of, or itself."""
    return [row.get("of", row["id"]) for row in _messages(folder)]


def written_messages(rows: Iterable[tuple[str, str, str]]) -> list[str]:
    """The messages of a blind set that are no twins."""
    return [text for text, _, part in rows if part in _WRITTEN]


def _messages(folder: Path) -> Iterator[dict[str, Any]]:
    for name in FILES:
        if (folder / name).exists():
            yield from map(json.loads, (folder / name).read_text(encoding="utf-8").splitlines())


def predict(rows: Sequence[tuple[str, str, str]], rank: Ranker) -> list[Prediction]:
    """What a model makes of labelled messages."""
    rankings = rank([text for text, _, _ in rows])
    return [
        Prediction(text, truth, tuple((name, share) for name, share in ranking), part)
        for (text, truth, part), ranking in zip(rows, rankings, strict=True)
    ]


def cross_validate(
    folds: int, progress: Callable[[int], object], more: Sequence[tuple[str, str]] = ()
) -> list[Prediction]:
    """Predictions for every training sentence by a model that has not seen it.

    Args:
        progress: is told each fold that is done.
        more: sentences, with their intents, that are learnt besides those of the files.
    """
    options = component_options()
    rows = [row for row in (*read_training_data(), *more) if row[0]]
    labels = np.array([label for _, label in rows])
    lookup = make_lookup(read_lookup_tables())
    found: list[Prediction] = []
    for number, (kept, held) in enumerate(
        StratifiedKFold(folds, shuffle=True, random_state=options.seed).split(labels, labels), 1
    ):
        model = train([rows[i][0] for i in kept], [rows[i][1] for i in kept], options, lookup)
        found += [Prediction(rows[i][0], rows[i][1], tuple(model.rank(rows[i][0]))) for i in held]
        progress(number)
    return found


def component_options() -> Options:
    """The training options that `config.yml` gives our component."""
    return Options(**{k: v for k, v in _pipeline("bot.nlu.intent_classifier").items() if k != "name"})


def thresholds() -> tuple[float, float]:
    """Threshold and ambiguity of the fallback in `config.yml`."""
    fallback = _pipeline("FallbackClassifier")
    return fallback["threshold"], fallback["ambiguity_threshold"]


def read_training_data() -> Iterator[tuple[str, str]]:
    """Sentence and intent of every example in `data/nlu/`."""
    for block in _blocks("nlu"):
        for example in _examples(block):
            yield example, block["intent"]


def read_lookup_tables() -> Iterator[tuple[str, list[str]]]:
    """Name and phrases of every table in `data/lookups/`."""
    for block in _blocks("lookups"):
        yield block["lookup"], _examples(block)


def _blocks(folder: str) -> Iterator[dict[str, str]]:
    for path in sorted((ROOT / "data" / folder).glob("*.yml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]


def _examples(block: dict[str, str]) -> list[str]:
    return [line.removeprefix("- ").strip() for line in block["examples"].splitlines()]


def make_report(predictions: Sequence[Prediction]) -> dict[str, Any]:
    """Every figure about predictions, ready for JSON."""
    threshold, ambiguity = thresholds()
    clean = [p for p in predictions if p.part == "clean"]
    inside, outside = [p for p in clean if p.truth != OUT_OF_SCOPE], [p for p in clean if p.truth == OUT_OF_SCOPE]
    answered = [p for p in inside if is_answered(p, threshold, ambiguity)]
    wrongly = [p for p in outside if is_answered(p, threshold, ambiguity)]
    parts = list(dict.fromkeys(p.part for p in predictions))
    return {
        "threshold": threshold,
        "ambiguity_threshold": ambiguity,
        "parts": {part: accuracy(_in_scope(predictions, part)) for part in parts},
        "macro_f1": macro_f1(inside),
        "answered": {"coverage": len(answered) / len(inside), **accuracy(answered)},
        "out_of_scope": {
            "messages": len(outside),
            "auroc": scope_auroc(inside, outside) if outside else None,
            "roc": scope_roc(inside, outside) if outside else [],
            "answered": len(wrongly) / len(outside) if outside else None,
            "texts": [[p.text, p.intent, p.confidence] for p in wrongly],
        },
        "calibration_error": calibration_error(clean),
        "calibration": calibration_bins(clean),
        "risk_coverage": risk_coverage(inside),
        "coverage_at_95": coverage_at(inside, 0.95),
        "per_intent": per_intent(clean),
        "confused": confused_pairs(clean),
    }


def _in_scope(predictions: Iterable[Prediction], part: str) -> list[Prediction]:
    return [p for p in predictions if p.part == part and p.truth != OUT_OF_SCOPE]


def _pipeline(name: str) -> dict[str, Any]:
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    return next(part for part in config["pipeline"] if part["name"].startswith(name))
