"""Working days of the administration: weekends, public holidays with Tết, made-up days, and a province's own days."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

import holidays

# Viet Nam has one time zone and no summer time.
VIET_NAM = timezone(timedelta(hours=7))
SATURDAY = 5
# Worked out beforehand: the library fills in a year at its first use, which two threads must not do at once.
_YEARS = range(2020, 2061)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Yearly:
    """A holiday of every year that the library lacks; on a weekend the next working day is off for it.

    Attributes:
        since: the first year that has it.
    """

    month: int
    day: int
    since: int

    def falls_on(self, day: date) -> bool:
        """Whether it is this day."""
        return day.year >= self.since and (day.month, day.day) == (self.month, self.day)


@dataclass(frozen=True)
class OwnDays:
    """What a province adds to the country's calendar."""

    off: frozenset[date] = frozenset()
    made_up: frozenset[date] = frozenset()


@dataclass(frozen=True)
class Calendar:
    """Which days offices work.

    Attributes:
        off: further days off.
        made_up: further days at weekends that are worked.
        yearly: further holidays of every year.
        provinces: what single provinces have besides, by the key of their profile.
    """

    off: frozenset[date] = frozenset()
    made_up: frozenset[date] = frozenset()
    yearly: tuple[Yearly, ...] = ()
    provinces: Mapping[str, OwnDays] = field(default_factory=dict)

    def of(self, province: str | None) -> Calendar:
        """The calendar of a province, where its own days count more than the country's."""
        own = self.provinces.get(province or "")
        if own is None:
            return self
        off, made_up = (self.off - own.made_up) | own.off, (self.made_up - own.off) | own.made_up
        return replace(self, off=off, made_up=made_up)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on a day."""
        if day in self.off:
            return False
        if day in self.made_up:
            return True
        known = _public_holidays()
        if day in known or any(holiday.falls_on(day) for holiday in self.yearly):
            return False
        if day.weekday() >= SATURDAY:
            return day in getattr(known, "weekend_workdays", ())
        return not self._is_off_for_a_weekend(day)

    def add(self, start: date, days: int) -> date:
        """The day that many working days after `start`, which is not counted itself."""
        day = start
        while days > 0:
            day += _ONE_DAY
            days -= self.is_working_day(day)
        return day

    def between(self, start: date, end: date) -> int:
        """Working days after `start` up to and with `end`."""
        return sum(self.is_working_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))

    def _is_off_for_a_weekend(self, day: date) -> bool:
        """Whether a yearly holiday fell on the weekend, or run of days off, right before."""
        known = _public_holidays()
        before = day - _ONE_DAY
        while before.weekday() >= SATURDAY or before in known or before in self.off:
            if before.weekday() >= SATURDAY and any(holiday.falls_on(before) for holiday in self.yearly):
                return True
            before -= _ONE_DAY
        return False


@lru_cache(maxsize=1)
def _public_holidays() -> holidays.HolidayBase:
    return holidays.country_holidays("VN", years=_YEARS)


def day_in_viet_nam(moment: datetime) -> date:
    """The day on a Vietnamese calendar."""
    return moment.astimezone(VIET_NAM).date()
