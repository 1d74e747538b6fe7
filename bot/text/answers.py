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
    found = [fold(word) for word in expand(words(text))]
    if not found or len(found) > _SHORT:
        return False
    plain = _without_manners(found)
    if plain:
        return plain in _phrases(meaning)
    # "dạ vâng" is all manners and still an answer.
    return any(word in _phrases(meaning) for word in found)


def _without_manners(found: list[str]) -> str:
    return " ".join(word for word in found if word not in _known()["manners"])


@lru_cache(maxsize=4)
def _phrases(meaning: str) -> frozenset[str]:
    # Phrases lose their manners, too: "hủy phản ánh" without tones has an "anh" in it.
    return frozenset(_without_manners(phrase.split()) or phrase for phrase in _known()[meaning])


@lru_cache(maxsize=1)
def _known() -> dict[str, list[str]]:
    with Path(__file__).with_suffix(".json").open(encoding="utf-8") as file:
        known: dict[str, list[str]] = json.load(file)
    return known
