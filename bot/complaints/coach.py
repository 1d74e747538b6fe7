"""Reads from a citizen's own words what a complaint needs: where, when, who, the dossier, whether there is proof.

Pure functions. What is found is the citizen's own spelling, and only what is sure: the rest is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from pathlib import Path

from bot.text.codes import find_dossier_code
from bot.text.normalise import clean, fold, normalise
from bot.text.phrases import Said

_TOKEN = re.compile(r"[^\W_]+")
_LONGEST_NAME = 4
_LONGEST_SMALL_NAME = 3
_NUMBER = r"(?:\d{1,3}|may|vai|mot|hai|ba|bon|nam|sau|bay|tam|chin|muoi)"
_SPAN = r"(?:ngay|hom|tuan|thang|nam)"
_DAYS_AGO = {"hom nay": 0, "hom qua": 1, "hom kia": 2}
# On text without tones; the longest alternative of a place comes first.
_TIMES = (
    r"(?:ngay |hom |tu ngay )?\d{1,2}[/.-]\d{1,2}[/.-]\d{4}",
    r"(?:ngay|hom|tu ngay) (?:mung |mong )?\d{1,2}(?:[/.-]\d{1,2}| thang \d{1,2}(?: nam \d{4})?)?(?![\d/.-])",
    r"(?:dau|giua|cuoi) (?:tuan|thang|nam)(?: (?:nay|truoc|roi|ngoai|\d{1,2}))?",
    rf"cach day {_NUMBER} {_SPAN}",
    rf"(?:da |gan |hon )?{_NUMBER} {_SPAN} (?:nay|truoc|roi|qua)",
    r"(?:(?:sang|trua|chieu|toi) )?thu (?:hai|ba|tu|nam|sau|bay|[2-7])(?: (?:tuan (?:truoc|nay|roi)|vua roi|nay))?",
    r"(?:sang|trua|chieu|toi|dem) (?:nay|qua|hom qua|hom kia)",
    r"hom (?:nay|qua|kia|truoc|no|vua roi)",
    r"(?:tuan|thang) (?:truoc|nay|roi|qua|vua roi|vua qua)",
    r"nam (?:ngoai|nay|truoc)",
    r"thang (?:1[0-2]|[1-9])(?:[/.-]\d{4}| nam \d{4})?(?![\d/.-])",
)
_TIME = re.compile(rf"(?<![\w/])(?:{'|'.join(_TIMES)})(?!\w)")
# "lần thứ hai" counts, "sinh ngày" is somebody's birthday.
_NO_TIME_AFTER = re.compile(r"(?:\blan|\bsinh|\bsinh vao|\bquay)\s*$")


@dataclass(frozen=True)
class Told:
    """What a text tells; None is not told.

    Attributes:
        happened: when, with the day where it can be worked out.
        evidence: whether it mentions photos, papers or the like that the citizen has.
        centre: whether it is about the centre itself, which receives it.
    """

    office: str | None = None
    happened: str | None = None
    person: str | None = None
    dossier_code: str | None = None
    evidence: bool = False
    centre: bool = False


def understand(text: str, today: date) -> Told:
    """Everything that a text tells."""
    said = Said(text)
    happened = find_time(text)
    return Told(
        find_office(text),
        with_day(happened, today) if happened else None,
        find_person(text),
        find_dossier_code(text),
        any(said.affirms(phrase) for phrase in _known()["evidence"]),
        any(said.has(phrase) for phrase in _known()["centre"]),
    )


def find_time(text: str) -> str | None:
    """When it happened, as the citizen wrote it."""
    text = clean(text)
    plain = fold(text.lower())
    if len(plain) != len(text):
        return None
    found = (m for m in _TIME.finditer(plain) if not _NO_TIME_AFTER.search(plain[: m.start()]))
    match = next(found, None)
    return text[slice(*match.span())] if match else None


def with_day(told: str, today: date) -> str:
    """A time with its day, where the words give one: "hôm qua" → "hôm qua (21/11/2026)"."""
    plain = " ".join(_TOKEN.findall(fold(normalise(told))))
    ago = next((days for words, days in _DAYS_AGO.items() if plain.endswith(words) or plain == words), None)
    if ago is None and re.fullmatch(r"(?:sang|trua|chieu|toi) (nay|qua)", plain):
        ago = 0 if plain.endswith("nay") else 1
    return told if ago is None else f"{told} ({today - timedelta(days=ago):%d/%m/%Y})"


@dataclass(frozen=True)
class _Token:
    typed: str
    start: int
    end: int
    toned: bool

    def says(self, word: str) -> bool:
        own = normalise(self.typed)
        return own == word or (not self.toned and own == fold(word))

    @property
    def is_name(self) -> bool:
        return self.typed[0].isupper() or self.typed[0].isdigit()


def find_office(text: str) -> str | None:
    """The office, commune or desk, with its name; a bare "ở phường" is none."""
    text = clean(text)
    tokens = _tokens(text)
    for first in range(len(tokens)):
        last = _office_at(text, tokens, first)
        if last:
            return " ".join(text[tokens[first].start : tokens[last - 1].end].split())
    return None


def _office_at(text: str, tokens: Sequence[_Token], first: int) -> int | None:
    """Where an office that begins here ends, None when none with a name begins here."""
    place, named_until = first, None
    while place < len(tokens) and (place == first or _joined(text, tokens, place)):
        unit = _unit_at(text, tokens, place)
        if not unit:
            break
        end = _name_after(text, tokens, place, place + unit)
        if end > place + unit or _is_department(tokens, place):
            named_until = end
        place = end
    return named_until


def _unit_at(text: str, tokens: Sequence[_Token], place: int) -> int:
    known = _known()
    for lead in known["departments"]:
        for name in known["department_names"]:
            length = _says(tokens[place:], f"{lead} {name}")
            if length and all(_joined(text, tokens, place + step) for step in range(1, length)):
                return length
    return max((_says(tokens[place:], unit) for unit in known["offices"]), default=0)


def _is_department(tokens: Sequence[_Token], place: int) -> bool:
    return any(tokens[place].says(lead) for lead in _known()["departments"])


def _name_after(text: str, tokens: Sequence[_Token], unit: int, first: int) -> int:
    """The end of the name that follows a unit; `first` when none does."""
    end = first
    if not text.isupper():
        while end < len(tokens) and end - first < _LONGEST_NAME and _goes_on(text, tokens, end):
            end += 1
    return end if end > first else _small_name(text, tokens, unit, first)


def _goes_on(text: str, tokens: Sequence[_Token], place: int) -> bool:
    return tokens[place].is_name and _joined(text, tokens, place) and not _unit_at(text, tokens, place)


def _small_name(text: str, tokens: Sequence[_Token], unit: int, first: int) -> int:
    """A name in small letters: after "ở phường", up to a word that is in no name, or the end of the phrase."""
    led = unit and any(tokens[unit - 1].says(word) for word in _known()["led_by"])
    if not led or not any(_says(tokens[unit:first], word) for word in _known()["named_in_small"]):
        return first
    end = first
    while end < len(tokens) and _joined(text, tokens, end) and not _ends_a_name(tokens[end]):
        end += 1
    return end if end - first <= _LONGEST_SMALL_NAME else first


def _ends_a_name(token: _Token) -> bool:
    return any(token.says(word) for word in _known()["not_in_a_name"])


def find_person(text: str) -> str | None:
    """The officer that is named: "chị Lan", "cán bộ tên Nguyễn Văn A"; a bare "cán bộ" is nobody."""
    text = clean(text)
    if text.isupper():
        return None
    tokens = _tokens(text)
    for first in range(len(tokens)):
        title = max((_says(tokens[first:], word) for word in _known()["persons"]), default=0)
        named = first + title + max((_says(tokens[first + title :], word) for word in _known()["named"]), default=0)
        end = named
        while end < len(tokens) and end - named < _LONGEST_NAME and _is_part_of_name(text, tokens, end):
            end += 1
        if named > first and end > named:
            return " ".join(text[tokens[first].start : tokens[end - 1].end].split())
    return None


def _is_part_of_name(text: str, tokens: Sequence[_Token], place: int) -> bool:
    token = tokens[place]
    return token.typed[0].isupper() and _joined(text, tokens, place) and not _unit_at(text, tokens, place)


def _says(tokens: Sequence[_Token], phrase: str) -> int:
    """How many tokens spell a phrase at the beginning; 0 when they don't."""
    said = phrase.split()
    same = len(tokens) >= len(said) and all(t.says(w) for t, w in zip(tokens, said, strict=False))
    return len(said) if same else 0


def _joined(text: str, tokens: Sequence[_Token], place: int) -> bool:
    """Whether only space stands between a token and the one before."""
    return place > 0 and not text[tokens[place - 1].end : tokens[place].start].strip()


def _tokens(text: str) -> list[_Token]:
    toned = fold(text) != text
    return [_Token(m.group(), *m.span(), toned) for m in _TOKEN.finditer(text)]


def shared_words(phrases: Iterable[str], one: str, other: str) -> tuple[str, ...]:
    """Phrases of the dictionary that stand in both texts: what they have in common, in nobody's own words.

    Args:
        other: a text that is kept without tones.
    """
    first, second = Said(one), Said(other)
    return tuple(phrase for phrase in phrases if first.has(phrase) and second.has(phrase))


@lru_cache(maxsize=1)
def _known() -> dict[str, list[str]]:
    known: dict[str, list[str]] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return known
