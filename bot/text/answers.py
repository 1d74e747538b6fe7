"""Short answers to a form's questions: yes, no, nothing, stop, correct; the phrases are data, in `answers.json`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path

from bot.text.abbreviations import expand
from bot.text.normalise import fold, words

# Longer texts tell something, whatever word they begin with.
_SHORT = 6


def is_yes(text: str) -> bool:
    """Whether a short answer agrees."""
    return _says(text, "yes")


def is_refusal(text: str) -> bool:
    """Whether a short answer says that there is nothing, or that it is not told."""
    return _says(text, "refusal")


def is_cancel(text: str) -> bool:
    """Whether a short answer wants to stop the whole form."""
    return _says(text, "cancel")


def is_correction(text: str) -> bool:
    """Whether a short answer wants to change something."""
    return _says(text, "correction")


def _says(text: str, meaning: str) -> bool:
    phrases = _phrases()
    found = [fold(word) for word in expand(words(text))]
    if not found or len(found) > _SHORT:
        return False
    plain = " ".join(word for word in found if word not in phrases["manners"])
    # "dạ vâng" is all manners and still an answer.
    return (plain or " ".join(found)) in phrases[meaning]


@lru_cache(maxsize=1)
def _phrases() -> dict[str, frozenset[str]]:
    with Path(__file__).with_suffix(".json").open(encoding="utf-8") as file:
        return {meaning: frozenset(phrases) for meaning, phrases in json.load(file).items()}
