"""Puts together what several sources say of one code: which of them mean the same procedure, and who has the last word.

The result depends on the sources alone, not on the order in which they came.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

from bot.catalogue.importing.record import NAME_ONLY, PARTS, Record
from bot.text.normalise import normalise

# Who has the last word among sources with content: structured ones, then texts, then tables and neighbours, then lists.
_TIERS = {"detail": 3, "normalised": 3, "flat": 2, "defence": 2, "police": 1, "land": 1, "list": 0, "sheet": 0}
# The better one where both were updated at the same moment.
_BETTER = ("detail", "normalised", "defence", "flat", "land", "police", "list", "sheet")
_PROVINCIAL = re.compile(r"\s*(?:UBND|Ủy ban nhân dân|Công an) (?:tỉnh|thành phố|TP\.?) (.+)", re.IGNORECASE)
# Parts whose doubtful places come with them.
_TELLING = frozenset({"steps", "channels", "papers", "results", "laws"})
LONG_AGO = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Contribution:
    """A record from one source, with what was suspicious in it and the file it came from."""

    record: Record
    notes: tuple[tuple[str, str], ...] = ()
    file: str = ""


@dataclass(frozen=True)
class Merged:
    """One procedure as all its sources tell it.

    Attributes:
        identity: what tells it from others of the same code: the portal's id, or the publisher.
        main: the source that has the last word; `fillers` gave parts that it does not have.
        origins: for each part that is not from `main`, the shape it is from.
    """

    identity: str
    record: Record
    main: Contribution
    fillers: tuple[Contribution, ...]
    origins: dict[str, str]

    @property
    def notes(self) -> tuple[tuple[str, str], ...]:
        """What is suspicious in the sources used."""
        telling = {shape for part, shape in self.origins.items() if part in _TELLING}
        used = [self.main, *(filler for filler in self.fillers if filler.record.shape in telling)]
        return tuple(dict.fromkeys(note for contribution in used for note in contribution.notes))


def province_of(publisher: str) -> str:
    """The province whose own procedure it is, such as "Gia Lai"; empty for a ministry's."""
    found = _PROVINCIAL.match(publisher)
    return found.group(1).strip() if found else ""


def merge_code(contributions: Iterable[Contribution]) -> list[Merged]:
    """The procedures of one code, from all that was read of it."""
    return [_merge(identity, group) for identity, group in sorted(_groups(contributions).items())]


def _groups(contributions: Iterable[Contribution]) -> dict[str, list[Contribution]]:
    # Those that say most of who they are come first, and make the groups that others may join.
    ordered = sorted(contributions, key=lambda one: (not one.record.uuid, not one.record.publisher, *_name(one)))
    groups: dict[str, list[Contribution]] = {}
    for one in ordered:
        identity = f"uuid:{one.record.uuid}" if one.record.uuid else _home_of(one.record, groups)
        groups.setdefault(identity, []).append(one)
    return groups


def _home_of(record: Record, groups: dict[str, list[Contribution]]) -> str:
    """The group that a record without id belongs to: that of its publisher, or the only one it may mean."""
    own = normalise(record.publisher)
    publishers = {identity: _publisher(group) for identity, group in groups.items()}
    same = [identity for identity, publisher in publishers.items() if own and normalise(publisher) == own]
    if len(same) == 1:
        return same[0]
    # A ministry is written in several ways; a province is not.
    national = [identity for identity, publisher in publishers.items() if not province_of(publisher)]
    if not province_of(record.publisher) and len(national) == 1:
        return national[0]
    if not own and len(groups) == 1:
        return next(iter(groups))
    return f"publisher:{own}"


def _publisher(group: list[Contribution]) -> str:
    return next((one.record.publisher for one in group if one.record.publisher), "")


def _merge(identity: str, group: list[Contribution]) -> Merged:
    main, *others = sorted(group, key=_weight, reverse=True)
    record = main.record
    used: list[Contribution] = []
    origins: dict[str, str] = {}
    for other in others:
        gaps: dict[str, Any] = {part: getattr(other.record, part) for part in PARTS if not getattr(record, part)}
        gaps = {part: value for part, value in gaps.items() if value}
        if gaps:
            record = replace(record, **gaps)
            origins |= dict.fromkeys(gaps, other.record.shape)
            used.append(other)
    everyone = [one.record for one in (main, *others)]
    record = replace(
        record,
        uuid=next((one.uuid for one in everyone if one.uuid), ""),
        publisher=next((one.publisher for one in everyone if one.publisher), ""),
        url=next((one.url for one in everyone if one.url), ""),
    )
    return Merged(identity, record, main, tuple(used), origins)


def _name(one: Contribution) -> tuple[int, str, str, str]:
    return _place(one.record.shape), one.record.publisher, one.record.uuid, one.file


def _weight(one: Contribution) -> tuple[bool, int, datetime, int, str, str, str]:
    record = one.record
    return (
        record.detail != NAME_ONLY,
        _TIERS.get(record.shape, 0),
        record.updated_at or LONG_AGO,
        -_place(record.shape),
        record.publisher,
        record.uuid,
        one.file,
    )


def _place(shape: str) -> int:
    return _BETTER.index(shape) if shape in _BETTER else len(_BETTER)
