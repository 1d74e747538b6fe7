"""Short answers to a form's questions: yes, no, nothing, stop, correct; the phrases are data, in `answers.json`."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path

from bot.text.abbreviations import expand
from bot.text.normalise import fold, words

_STOP = re.compile(
    r"(?:e |thoi |toi |em |minh |khong )*(?:muon |can )?(?:phan anh|gui|khieu nai|noi|lam) (?:gi )?nua.*"
    r"|(?:thoi )?(?:huy|dung lai|khong gui)\b.*"
)
_SEND = re.compile(r"gui (?:luon|di|ngay|giup|cho|nhe|thoi)\b.*")
_CHANGE = re.compile(r"(?:sai roi|sua|nham|doi lai|chinh sua|chinh lai)\b.*")
_QUESTION = re.compile(
    r"\b(?:the nao|lam sao|ra sao|bao nhieu|bao lau|o dau|khi nao|bao gio|la gi|can gi|nhung gi|may gio|vi sao|tai sao"
    r"|duoc khong|co duoc .* khong|co bi .* khong|phai khong)\b"
)
# Longer texts tell something, whatever word they begin with.
_SHORT = 6


def is_yes(text: str) -> bool:
    """Whether a short answer agrees."""
    return _says(text, "yes") or _matches(text, _SEND)


def is_refusal(text: str) -> bool:
    """Whether a short answer says that there is nothing, or that it is not told."""
    return _says(text, "refusal")


def is_cancel(text: str) -> bool:
    """Whether a short answer wants to stop the whole form."""
    return _says(text, "cancel") or _matches(text, _STOP)


def is_correction(text: str) -> bool:
    """Whether an answer wants to change something."""
    return _says(text, "correction") or _matches(text, _CHANGE)


def is_question(text: str) -> bool:
    """Whether a text asks something."""
    return "?" in text or _QUESTION.search(fold(" ".join(words(text)))) is not None


def _says(text: str, meaning: str) -> bool:
    found = [fold(word) for word in expand(words(text))]
    if not found or len(found) > _SHORT:
        return False
    plain = _without_manners(found)
    if plain:
        return plain in _phrases(meaning)
    # "dạ vâng" is all manners and still an answer.
    return any(word in _phrases(meaning) for word in found)


def _matches(text: str, pattern: re.Pattern[str]) -> bool:
    found = fold(" ".join(expand(words(text)))).split()
    return 0 < len(found) <= _SHORT + 3 and pattern.fullmatch(" ".join(found)) is not None


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
