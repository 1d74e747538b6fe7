from datetime import date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.complaints.rules import load_rules
from bot.complaints.workdays import Calendar, OwnDays, Yearly, day_in_viet_nam
from bot.settings import ROOT

CALENDAR = load_rules(ROOT / "knowledge").calendar
# From before the library was written to after the last year it knows.
DAYS = st.dates(date(1890, 1, 1), date(2190, 1, 1))
NUMBERS = st.integers(0, 60)
NEAR = st.dates(date(2026, 1, 1), date(2027, 12, 31))
CALENDARS = st.builds(Calendar, st.frozensets(NEAR, max_size=40), st.frozensets(NEAR, max_size=10))


@given(DAYS, NUMBERS)
def test_counting_on_and_counting_between_are_inverse(start, days):
    assert CALENDAR.between(start, CALENDAR.add(start, days)) == days


@given(CALENDARS, NEAR, NUMBERS)
def test_they_are_inverse_whatever_days_are_off_or_made_up(calendar, start, days):
    assert calendar.between(start, calendar.add(start, days)) == days


@given(DAYS, st.integers(1, 60))
def test_a_date_promised_is_a_working_day_after_the_start(start, days):
    due = CALENDAR.add(start, days)
    assert due > start
    assert CALENDAR.is_working_day(due)


@given(DAYS, NUMBERS, NUMBERS)
def test_counting_on_in_two_steps_is_counting_on_once(start, some, more):
    assert CALENDAR.add(CALENDAR.add(start, some), more) == CALENDAR.add(start, some + more)


@given(NEAR, NEAR)
def test_no_time_has_no_working_days_and_a_longer_time_has_no_fewer(start, end):
    assert CALENDAR.between(start, start) == 0
    assert CALENDAR.between(start, end) <= CALENDAR.between(start, end + timedelta(days=1))
    assert end > start or CALENDAR.between(start, end) == 0


@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2026-11-23", True),
        ("2026-11-24", False),  # Ngày Văn hóa Việt Nam
        ("2025-11-24", True),  # the year before it became a holiday
        ("2026-11-21", False),  # Saturday
        ("2026-11-22", False),  # Sunday
        ("2026-08-31", False),  # off, made up for on …
        ("2026-08-22", True),  # … this Saturday
        ("2026-04-27", False),  # for Giỗ Tổ on a Sunday
        ("2027-02-03", True),
        ("2027-02-04", False),  # Tết 2027
        ("2027-02-10", False),
        ("2027-02-11", True),
        ("2027-04-30", False),
        ("2027-05-03", False),  # for 1/5 on a Saturday
        ("2027-05-04", True),
        ("2024-05-04", True),  # a made-up Saturday that the library knows
        ("2024-04-29", False),
        ("2019-01-05", True),  # made up for a day of the year before
        ("2029-11-26", False),  # for 24/11 on a Saturday
        ("2030-11-25", False),  # for 24/11 on a Sunday
        ("2030-11-26", True),
    ],
)
def test_the_days_of_the_administration(day, works):
    assert CALENDAR.is_working_day(date.fromisoformat(day)) is works


def test_three_days_from_the_eve_of_tet_end_after_it():
    assert CALENDAR.add(date(2027, 2, 3), 3) == date(2027, 2, 15)


def test_a_year_beyond_the_librarys_still_has_weekends_and_yearly_holidays():
    friday = date(2150, 11, 20)
    assert CALENDAR.is_working_day(friday)
    assert CALENDAR.add(friday, 2) == date(2150, 11, 25)


@given(NEAR, st.booleans())
def test_a_provinces_own_day_counts_there_and_nowhere_else(day, off):
    own = OwnDays(frozenset({day}) if off else frozenset(), frozenset() if off else frozenset({day}))
    calendar = Calendar(CALENDAR.off, CALENDAR.made_up, CALENDAR.yearly, {"tay-ninh": own})
    assert calendar.of("tay-ninh").is_working_day(day) is not off
    for elsewhere in ("gia-lai", "", None):
        assert calendar.of(elsewhere).is_working_day(day) is CALENDAR.is_working_day(day)


def test_a_province_may_work_when_the_country_is_off_and_the_other_way_round():
    monday, saturday = date(2026, 11, 16), date(2026, 11, 21)
    own = OwnDays(off=frozenset({saturday}), made_up=frozenset({monday}))
    country = Calendar(frozenset({monday}), frozenset({saturday}), (), {"tay-ninh": own})
    assert [country.is_working_day(day) for day in (monday, saturday)] == [False, True]
    assert [country.of("tay-ninh").is_working_day(day) for day in (monday, saturday)] == [True, False]


def test_a_yearly_holiday_at_the_end_of_a_run_of_days_off_is_made_up_after_it():
    # Sunday 1 February 2026; the Monday is off for something else.
    calendar = Calendar(off=frozenset({date(2026, 2, 2)}), yearly=(Yearly(2, 1, 2000),))
    assert [calendar.is_working_day(date(2026, 2, day)) for day in (2, 3, 4)] == [False, False, True]


def test_a_moment_late_in_the_evening_of_utc_is_the_next_day_in_viet_nam():
    assert day_in_viet_nam(datetime(2026, 11, 22, 17, 0, tzinfo=timezone.utc)) == date(2026, 11, 23)
    assert day_in_viet_nam(datetime(2026, 11, 22, 16, 59, tzinfo=timezone.utc)) == date(2026, 11, 22)
