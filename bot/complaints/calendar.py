"""Reads `knowledge/calendar/days.yml`: days that the library of public holidays lacks."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from bot.complaints.rows import Rows, text_of
from bot.complaints.workdays import SATURDAY, Calendar, OwnDays, Yearly

FILE = "calendar/days.yml"
OFF, MADE_UP, YEARLY = "off", "made_up", "yearly"
_PROVENANCE = frozenset({"name", "source", "checked_on", "confidence"})
_FIELDS = {
    OFF: _PROVENANCE | {"day", "provinces"},
    MADE_UP: _PROVENANCE | {"day", "provinces"},
    YEARLY: _PROVENANCE | {"day", "since"},
}
# A day of which nobody is sure moves no date that citizens are told.
_CONFIDENCE = ("high", "medium")


@dataclass(frozen=True)
class _Day:
    day: date
    # Empty: the whole country.
    provinces: tuple[str, ...]
    node: yaml.Node


def load_calendar(folder: Path, provinces: Collection[str]) -> tuple[Calendar, list[str]]:
    """The calendar of `knowledge/`, and what was refused of it, each with file and line.

    Args:
        provinces: the keys that a row may name.
    """
    rows = Rows(folder, FILE)
    days: dict[str, list[_Day]] = {OFF: [], MADE_UP: []}
    yearly: list[Yearly] = []
    for name, node in rows.root().items():
        if name not in _FIELDS:
            rows.refuse(node, f"'{name}' is none of {', '.join(_FIELDS)}")
            continue
        for row in rows.rows(node):
            fields = rows.known(row, _FIELDS[name], _FIELDS[name] - {"provinces"})
            if fields is None or not _is_sourced(rows, fields):
                continue
            if name == YEARLY:
                yearly += _yearly(rows, fields)
            else:
                days[name] += _day(rows, row, fields, provinces, name == MADE_UP)
    days = _without_contradictions(rows, days)
    named = {key for listed in days.values() for one in listed for key in one.provinces}
    own = {key: OwnDays(_of(days[OFF], key), _of(days[MADE_UP], key)) for key in named}
    return Calendar(_of(days[OFF]), _of(days[MADE_UP]), tuple(yearly), own), rows.problems


def _is_sourced(rows: Rows, fields: Mapping[str, yaml.Node]) -> bool:
    before = len(rows.problems)
    rows.day(fields["checked_on"], "checked_on")
    if text_of(fields["confidence"]) not in _CONFIDENCE:
        rows.refuse(fields["confidence"], f"confidence must be one of {', '.join(_CONFIDENCE)}; else it does not count")
    named = fields["source"]
    given = {key.value: value for key, value in named.value} if isinstance(named, yaml.MappingNode) else {}
    if not text_of(given.get("name", named)).strip():
        rows.refuse(named, "source needs a name")
    return len(rows.problems) == before


def _day(
    rows: Rows, row: yaml.Node, fields: Mapping[str, yaml.Node], known: Collection[str], weekend: bool
) -> list[_Day]:
    day = rows.day(fields["day"], "day")
    if day is None:
        return []
    if weekend and day.weekday() < SATURDAY:
        rows.refuse(fields["day"], f"{day} is made up and no Saturday or Sunday")
        return []
    named = rows.rows(fields.get("provinces"))
    if "provinces" in fields and not named:
        rows.refuse(fields["provinces"], "provinces is empty; leave it out where the whole country is meant")
        return []
    for node in named:
        if text_of(node) not in known:
            rows.refuse(node, f"there is no province '{text_of(node)}'")
            return []
    return [_Day(day, tuple(text_of(node) for node in named), row)]


def _yearly(rows: Rows, fields: Mapping[str, yaml.Node]) -> list[Yearly]:
    since = rows.whole(fields["since"], "since", 9998)
    found = re.fullmatch("([0-9]{2})-([0-9]{2})", text_of(fields["day"]), re.ASCII)
    try:
        # A year without 29 February: the day must be one of every year.
        day = date(2027, int(found[1]), int(found[2])) if found else None
    except ValueError:
        day = None
    if day is None:
        rows.refuse(fields["day"], f"day must be month and day like 11-24, not '{text_of(fields['day'])}'")
    return [Yearly(day.month, day.day, since)] if day and since else []


def _without_contradictions(rows: Rows, days: dict[str, list[_Day]]) -> dict[str, list[_Day]]:
    """The days that are not both off and made up for the same people."""
    both = {(one.day, one.provinces) for one in days[OFF]} & {(one.day, one.provinces) for one in days[MADE_UP]}
    for one in days[OFF] + days[MADE_UP]:
        if (one.day, one.provinces) in both:
            rows.refuse(one.node, f"{one.day} is both off and made up")
    return {name: [one for one in listed if (one.day, one.provinces) not in both] for name, listed in days.items()}


def _of(days: list[_Day], province: str = "") -> frozenset[date]:
    return frozenset(one.day for one in days if (province in one.provinces if province else not one.provinces))
