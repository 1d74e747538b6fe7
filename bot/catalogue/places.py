"""Finds the place that a message names: one of today's provinces, or an old name and what became of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from bot.catalogue.model import Knowledge, OldPlace, Province
from bot.text.normalise import clean, fold, normalise

ANY_DISTRICT = "any_district"
_TOKEN = re.compile(r"[^\W_]+")
# Syllables of a smaller unit's own name, between "huyện" and the province.
_LONGEST_NAME = 3
# Messages whose places are remembered: one turn asks several times.
_RECENT = 64


@dataclass(frozen=True)
class Place:
    """One name found.

    Attributes:
        province: the key of today's province, None for a district of an unknown province.
        old: the old name, when it is one with something to be said of it.
        former: a province that is no more, when nothing more is known of it than where it went.
    """

    province: str | None
    old: OldPlace | None = None
    former: str | None = None


@dataclass(frozen=True)
class Found:
    """What a message says about places.

    Attributes:
        province: the key of the one province that is meant, None when it cannot be told.
        place: the name in that province to say something about: the first old one, otherwise the first.
        rest: the message without places and the words that lead to them.
        alone: whether the message says where somebody is, and nothing else.
    """

    province: str | None
    place: Place
    rest: str
    alone: bool


@dataclass(frozen=True)
class _Token:
    word: str
    typed: str
    start: int
    end: int
    toned: bool
    folded: str

    @property
    def stands_out(self) -> bool:
        """Whether it is written like a name or is a number."""
        return self.typed[0].isupper() or self.typed.isdigit()

    def says(self, word: str) -> bool:
        """Whether it is a word; tones may be missing where the message has none ("quan" is "quận" there only)."""
        return self.word == word or (not self.toned and self.folded == fold(word))


@dataclass(frozen=True)
class _Name:
    words: tuple[str, ...]
    place: Place | None
    ambiguous: bool = False


@dataclass
class _Hit:
    first: int
    last: int
    place: Place
    led: bool = field(default=False)


class Places:
    """Knows the names of places.

    Args:
        knowledge: with provinces, old names, names that are ordinary words, and longer names that are no places.
    """

    def __init__(self, knowledge: Knowledge) -> None:
        self._names: dict[tuple[str, ...], list[_Name]] = {}
        self._any_district = next((p for p in knowledge.old_places if p.kind == ANY_DISTRICT), None)
        careful = {_folded(name) for name in knowledge.ambiguous}
        for name, place in _named(knowledge):
            for said in dict.fromkeys((_words(name), _without_unit(_words(name)))):
                self._add(_Name(said, place, tuple(map(fold, said)) in careful))
        for name in knowledge.no_places:
            self._add(_Name(_words(name), None))
        self._longest = max((len(words) for words in self._names), default=0)
        self._found = lru_cache(_RECENT)(self._find)

    def _add(self, name: _Name) -> None:
        if not name.words:
            return
        known = self._names.setdefault(tuple(map(fold, name.words)), [])
        if all(other.words != name.words for other in known):
            known.append(name)

    def find(self, text: str) -> Found | None:
        """The place that a message names, with or without tones, in any case; None when it names none."""
        return self._found(text)

    def _find(self, text: str) -> Found | None:
        text = clean(text)
        toned = fold(text) != text
        found = [(normalise(t.group()), t) for t in _TOKEN.finditer(text)]
        tokens = [_Token(word, t.group(), *t.span(), toned, fold(word)) for word, t in found]
        hits = list(self._hits(tokens))
        if not hits:
            return self._unknown_district(text, tokens)
        rest = _cut(text, tokens, hits)
        left = [fold(normalise(word)) for word in _TOKEN.findall(rest)]
        province = _one_province(hits)
        told = [hit.place for hit in hits if province and hit.place.province == province]
        place = next((one for one in told if one.old or one.former), told[0] if told else Place(None))
        return Found(province, place, rest, bool(told) and set(left).issubset(_known()["only_where"]))

    def _hits(self, tokens: list[_Token]) -> Iterator[_Hit]:
        place = 0
        while place < len(tokens):
            length, name = self._name_at(tokens, place)
            if name and name.place and self._is_meant(name, tokens, place, length):
                yield _Hit(
                    place,
                    place + length,
                    name.place,
                    _ends_with(tokens[:place], (*_known()["where"], *_known()["units"])),
                )
            place += length if name else 1

    def _name_at(self, tokens: list[_Token], first: int) -> tuple[int, _Name | None]:
        for length in range(min(self._longest, len(tokens) - first), 0, -1):
            said = tokens[first : first + length]
            for name in self._names.get(tuple(token.folded for token in said), ()):
                # "đóng thấp" is not "Đồng Tháp", nor "hai phòng" "Hải Phòng": all its tones, or none.
                if tuple(t.word for t in said) in (name.words, tuple(map(fold, name.words))):
                    return length, name
        return 0, None

    def _is_meant(self, name: _Name, tokens: list[_Token], first: int, length: int) -> bool:
        before, said = tokens[:first], tokens[first : first + length]
        if _ends_with(before, _known()["elsewhere"]) and not _ends_with(before, _known()["towns"]):
            return False
        if not name.ambiguous:
            return True
        capital = all(token.typed[0].isupper() for token in said) and not all(t.typed[0].isupper() for t in before[-1:])
        only = {t.folded for t in [*before, *tokens[first + length :]]}.issubset(_known()["only_where"])
        return capital or only or _ends_with(before, (*_known()["where"], *_known()["units"]))

    def _unknown_district(self, text: str, tokens: list[_Token]) -> Found | None:
        if self._any_district is None:
            return None
        for first in range(1, len(tokens)):
            unit = next((u for u in _known()["districts"] if _ends_with(tokens[:first], (u,))), None)
            if unit is None or not tokens[first].stands_out:
                continue
            lead = tokens[: first - len(unit.split())]
            # A message all in capitals has no names that stand out.
            if _ends_with(lead, _known()["where"]) and not text.isupper():
                last = first + 1
                while last < min(first + _LONGEST_NAME, len(tokens)) and tokens[last].stands_out:
                    last += 1
                place = Place(None, self._any_district)
                return Found(None, place, _cut(text, tokens, [_Hit(first, last, place)]), alone=False)
        return None


def _named(knowledge: Knowledge) -> Iterator[tuple[str, Place]]:
    """Names and places; of two equal names the first counts."""
    for old in knowledge.old_places:
        if old.kind != ANY_DISTRICT:
            yield from ((name, Place(old.province, old)) for name in (old.name, *old.synonyms))
    for province in knowledge.provinces.values():
        own = _without_unit(_words(province.name))
        for former in province.former:
            if _without_unit(_words(former)) != own:
                yield former, Place(province.key, former=former)
    for province in knowledge.provinces.values():
        # "Đăk Nông" is another spelling of a province that is no more, not of today's.
        today, before = _folded(province.name), {_folded(name): name for name in province.former}
        for name in _names_of(province):
            yield name, Place(province.key, former=before.get(_folded(name)) if _folded(name) != today else None)


def _names_of(province: Province) -> Iterable[str]:
    return (province.name, *province.synonyms)


def _words(text: str) -> tuple[str, ...]:
    return tuple(normalise(word) for word in _TOKEN.findall(clean(text)))


def _folded(text: str) -> tuple[str, ...]:
    return tuple(map(fold, _words(text)))


def _without_unit(words: tuple[str, ...]) -> tuple[str, ...]:
    """ "Tỉnh Hòa Bình" → "Hòa Bình"; a commune keeps its "xã", communes of one name are many."""
    for unit in _known()["left_out"]:
        length = len(unit.split())
        if " ".join(words[:length]) == unit and len(words) > length:
            return words[length:]
    return words


def _ends_with(tokens: list[_Token], phrases: Iterable[str]) -> bool:
    for phrase in phrases:
        said = phrase.split()
        if len(tokens) >= len(said) and all(t.says(w) for t, w in zip(tokens[-len(said) :], said, strict=True)):
            return True
    return False


def _one_province(hits: list[_Hit]) -> str | None:
    """The only province named, or the only one that words like "ở" lead to."""
    for chosen in (hits, [hit for hit in hits if hit.led]):
        keys = {hit.place.province for hit in chosen}
        if len(keys) == 1:
            return keys.pop()
    return None


def _cut(text: str, tokens: list[_Token], hits: list[_Hit]) -> str:
    for hit in reversed(hits):
        first = _lead(tokens, hit.first)
        text = f"{text[: tokens[first].start]} {text[tokens[hit.last - 1].end :]}"
    return re.sub(r"\s+([,.?!;])", r"\1", " ".join(text.split())).strip(" ,;")


def _lead(tokens: list[_Token], first: int) -> int:
    """Where the words that lead to a name begin: smaller units with their names, then "ở", "tại"."""
    moved = True
    while moved:
        moved = False
        for length in range(_LONGEST_NAME + 1):
            if any(token.folded in _known()["only_where"] for token in tokens[max(first - length, 0) : first]):
                break
            unit = next((u for u in _known()["units"] if _ends_with(tokens[: max(first - length, 0)], (u,))), None)
            if unit:
                first -= length + len(unit.split())
                moved = True
                break
    while first and _ends_with(tokens[:first], _known()["where"]):
        first -= 1
    return first


@lru_cache(maxsize=1)
def _known() -> dict[str, list[str]]:
    """Words around names.

    `units` stand before names, `left_out` are those that a name may go without; `where` leads to the place where
    somebody is; after `elsewhere` a name is that of a street or of one commune among many, but not after `towns`; a
    message of names and `only_where` says nothing else.
    """
    known: dict[str, list[str]] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
    return known
