"""What the centre decides about feedback, read from `knowledge/`: kinds, days until an answer, working days."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import yaml

from bot.complaints.calendar import load_calendar
from bot.complaints.errors import ComplaintError
from bot.complaints.kinds import Kind, load_kinds
from bot.complaints.rows import Rows
from bot.complaints.workdays import Calendar, day_in_viet_nam

DEMO = "demo"
FILE = "complaint_deadlines.yml"
PLACES = "places/provinces.yml"
# More is a slip of the keyboard, not a promise.
MOST_WORKING_DAYS = 250
MOST_DAYS = 3650
_POLICIES = ("close_after_days", "remind_after_days")


@dataclass(frozen=True)
class Rules:
    """The rules of one centre.

    Attributes:
        days: province → kind → working days until an answer; what is not given has no date.
        province: the centre's own; empty where one bot serves several, then the citizen's counts.
        close_after_days: days after which an answer that nobody objected to closes its complaint; None: never.
        remind_after_days: days after which a citizen who was asked something is reminded; None: never.
        refused: rows of the files that do not count, and why, each with file and line.
    """

    kinds: dict[str, Kind]
    calendar: Calendar
    days: dict[str, dict[str, int]]
    province: str = ""
    close_after_days: int | None = None
    remind_after_days: int | None = None
    refused: tuple[str, ...] = ()

    def due_on(self, kind: str, province: str | None, start: datetime) -> date | None:
        """By when the citizen is to be answered, None where the centre has set no time."""
        whose = self.province or province or ""
        days = self.days.get(whose, {}).get(kind)
        return self.calendar.of(whose).add(day_in_viet_nam(start), days) if days else None

    def after_waiting(
        self, due_on: date | None, since: datetime, until: datetime, province: str | None = None
    ) -> date | None:
        """The date moved on by the working days that the clock stood still."""
        if due_on is None:
            return None
        calendar = self.calendar.of(self.province or province)
        return calendar.add(due_on, calendar.between(day_in_viet_nam(since), day_in_viet_nam(until)))


def load_rules(folder: Path, province: str = "") -> Rules:
    """The rules of `knowledge/`, for the centre of a province or of the demo; wrong rows are left out and named.

    Raises:
        ComplaintError: there is no such province.
    """
    provinces = _read_provinces(folder)
    if province and province not in provinces:
        raise ComplaintError(
            f"MOTCUA_PROVINCE is '{province}', which is no province's key in knowledge/{PLACES}, such as 'tay-ninh'."
        )
    kinds = load_kinds(folder)
    calendar, refused = load_calendar(folder, provinces)
    rows = Rows(folder, FILE)
    days: dict[str, dict[str, int]] = {}
    policies: dict[str, int | None] = {}
    for name, node in rows.root().items():
        if name == "working_days":
            days = _working_days(rows, node, kinds, provinces)
        elif name in _POLICIES:
            policies[name] = rows.whole(node, name, MOST_DAYS)
        else:
            rows.refuse(node, f"'{name}' is none of working_days, {', '.join(_POLICIES)}")
    return Rules(kinds, calendar, days, province, **policies, refused=tuple(refused + rows.problems))


def _working_days(
    rows: Rows, node: yaml.Node, kinds: Collection[str], provinces: Collection[str]
) -> dict[str, dict[str, int]]:
    days: dict[str, dict[str, int]] = {}
    for province, given in rows.pairs(node):
        if province not in provinces:
            rows.refuse(given, f"there is no province '{province}'")
            continue
        days[province] = {}
        for kind, number in rows.pairs(given):
            if kind not in kinds:
                rows.refuse(number, f"{province}: there is no kind '{kind}'")
                continue
            count = rows.whole(number, f"{province}: {kind}", MOST_WORKING_DAYS)
            if count:
                days[province][kind] = count
    return days


def _read_provinces(folder: Path) -> frozenset[str]:
    """The keys of today's provinces, and the demo's."""
    # libyaml, where PyYAML was built with it, reads the list in a tenth of the time.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    content = yaml.load((folder / PLACES).read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
    return frozenset({DEMO, *(province["key"] for province in content["provinces"])})
