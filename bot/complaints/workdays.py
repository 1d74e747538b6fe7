"""Working days of the administration: weekends, public holidays with Tết, made-up days, and days of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import holidays
import yaml

# Viet Nam has one time zone and no summer time.
VIET_NAM = timezone(timedelta(hours=7))
SATURDAY = 5


@dataclass(frozen=True)
class Calendar:
    """Which days offices work.

    Attributes:
        off: further days off, such as a province's own.
        made_up: further days at weekends that are worked.
    """

    off: frozenset[date] = frozenset()
    made_up: frozenset[date] = frozenset()
    _known: holidays.HolidayBase = field(default_factory=lambda: holidays.country_holidays("VN"), compare=False)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day."""
        if day in self.off:
            return False
        if day in self.made_up:
            return True
        if day in self._known:
            return False
        return day.weekday() < SATURDAY or day in getattr(self._known, "weekend_workdays", ())

    def add(self, start: date, days: int) -> date:
        """The day that many working days after `start`, which is not counted itself."""
        day = start
        while days > 0:
            day += timedelta(days=1)
            days -= self.is_working_day(day)
        return day

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and with `end`."""
        return sum(self.is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))


def load_calendar(folder: Path) -> Calendar:
    """The calendar with what `calendar/days.yml` adds to the library's public holidays."""
    path = folder / "calendar" / "days.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else {}
    return Calendar(
        frozenset(row["day"] for row in content.get("off") or ()),
        frozenset(row["day"] for row in content.get("made_up") or ()),
    )


def day_in_viet_nam(moment: datetime) -> date:
    """The day on a Vietnamese calendar."""
    return moment.astimezone(VIET_NAM).date()
