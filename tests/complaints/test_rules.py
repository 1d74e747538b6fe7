import shutil
from datetime import date, datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.complaints.errors import ComplaintError
from bot.complaints.rules import load_rules
from bot.settings import ROOT

FILES = ("complaint_kinds.yml", "complaint_deadlines.yml", "places/provinces.yml", "calendar/days.yml")
SOURCE = "name: Ngày của tỉnh, source: {name: Quyết định 1/QĐ-UBND, urls: []}, checked_on: 2026-11-22"
MONDAY = datetime(2026, 11, 16, 8, tzinfo=timezone.utc)


@pytest.fixture
def folder(tmp_path):
    """A copy of the content that rules are read from."""
    return copied(tmp_path)


def copied(folder):
    for name in FILES:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "knowledge" / name, folder / name)
    return folder


def write(folder, name, text):
    (folder / name).write_text(text, encoding="utf-8")
    return load_rules(folder)


def off(row, name="off"):
    return f"{name}:\n- {{{row}}}\n"


def test_praise_has_no_date_as_its_way_says():
    rules = load_rules(ROOT / "knowledge")
    praise = {key for key, kind in rules.kinds.items() if kind.route == "khen"}
    assert praise
    assert not any(praise & set(days) for days in rules.days.values())


def test_nothing_of_the_content_is_refused():
    rules = load_rules(ROOT / "knowledge")
    assert rules.refused == ()
    assert (rules.close_after_days, rules.remind_after_days) == (30, 7)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("lat: 5", "demo: there is no kind 'lat'"),
        ("late: 0", "demo: late must be a whole number, 1 to 250, not '0'"),
        ("late: -3", "not '-3'"),
        ("late: năm", "not 'năm'"),
        ("late: '5'", "not '5'"),
        ("late: 5.0", "not '5.0'"),
        ("late: 010", "not '010'"),
        ("late: 1:30", "not '1:30'"),
        ("late: 251", "not '251'"),
        ("late: true", "not 'true'"),
        ("late:", "not ''"),
        ("late: [5]", "not 'a list or mapping'"),
    ],
)
def test_a_wrong_number_of_days_is_refused_by_name_and_the_rest_works(folder, row, why):
    rules = write(folder, "complaint_deadlines.yml", f"working_days:\n  demo:\n    {row}\n    fee: 7\n")
    [refused] = rules.refused
    assert refused.startswith("complaint_deadlines.yml:3: ")
    assert why in refused
    assert rules.days == {"demo": {"fee": 7}}


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("working_days:\n  tay-nin: {late: 5}\n", 2, "there is no province 'tay-nin'"),
        ("working_days:\n  demo: 5\n", 2, "here 'name: value' is needed"),
        ("workingdays: {}\n", 1, "'workingdays' is none of working_days"),
        ("working_days: {}\nclose_after_days: 0\n", 2, "close_after_days must be a whole number"),
        ("working_days: {}\nremind_after_days: soon\n", 2, "remind_after_days must be a whole number"),
        ("- 1\n", 1, "here 'name: value' is needed"),
        ("working_days: {\n", 2, "not readable"),
        ("a: b: c\n", 1, "not readable"),
    ],
)
def test_whatever_else_is_wrong_is_named_with_its_line(folder, text, line, why):
    [refused] = write(folder, "complaint_deadlines.yml", text).refused
    assert refused.startswith(f"complaint_deadlines.yml:{line}: ")
    assert why in refused


def test_of_two_numbers_for_one_kind_neither_is_promised(folder):
    rules = write(folder, "complaint_deadlines.yml", "working_days:\n  demo:\n    late: 5\n    late: 7\n    fee: 7\n")
    assert [refused.split(": ", 1)[0][-1] for refused in rules.refused] == ["3", "4"]
    assert rules.days == {"demo": {"fee": 7}}


def test_a_policy_that_is_refused_is_not_carried_out(folder):
    rules = write(folder, "complaint_deadlines.yml", "close_after_days: -1\n")
    assert (rules.close_after_days, rules.remind_after_days) == (None, None)


def test_a_file_that_is_missing_is_named(folder):
    (folder / "complaint_deadlines.yml").unlink()
    rules = load_rules(folder, "demo")
    assert "complaint_deadlines.yml:1" in rules.refused[0]
    assert rules.due_on("late", None, MONDAY) is None


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (f"day: 2026-02-30, {SOURCE}, confidence: high", "day must be a day like 2026-11-24, not '2026-02-30'"),
        (f"day: 24/11/2026, {SOURCE}, confidence: high", "not '24/11/2026'"),
        (f"day: 2026-12-01 08:00:00, {SOURCE}, confidence: high", "day must be a day"),
        (f"{SOURCE}, confidence: high", "'day' is missing"),
        (f"dai: 2026-12-01, {SOURCE}, confidence: high", "'dai' is not a field"),
        (f"day: 2026-12-01, day: 2026-12-02, {SOURCE}, confidence: high", "'day' stands there twice"),
        (f"day: 2026-12-01, {SOURCE}, confidence: low", "confidence must be one of high, medium"),
        ("day: 2026-12-01, name: x, checked_on: 2026-11-22, confidence: high", "'source' is missing"),
        ("day: 2026-12-01, name: x, source: '', checked_on: 2026-11-22, confidence: high", "source needs a name"),
        ("day: 2026-12-01, name: x, source: y, checked_on: hôm nay, confidence: high", "checked_on must be a day"),
        (f"day: 2026-12-01, provinces: [tay-nin], {SOURCE}, confidence: high", "there is no province 'tay-nin'"),
        (f"day: 2026-12-01, provinces: tay-ninh, {SOURCE}, confidence: high", "here a list is needed"),
        (f"day: 2026-12-01, provinces: [], {SOURCE}, confidence: high", "provinces is empty"),
    ],
)
def test_a_wrong_day_is_refused_by_name_and_the_rest_works(folder, row, why):
    good = f"- {{day: 2026-12-02, {SOURCE}, confidence: medium}}\n"
    rules = write(folder, "calendar/days.yml", off(row) + good)
    assert all(refused.startswith("calendar/days.yml:2: ") for refused in rules.refused)
    assert any(why in refused for refused in rules.refused)
    assert rules.calendar.off == {date(2026, 12, 2)}
    assert rules.calendar.is_working_day(date(2026, 12, 1))


def test_only_days_at_weekends_are_made_up(folder):
    [refused] = write(
        folder, "calendar/days.yml", off(f"day: 2026-12-01, {SOURCE}, confidence: high", "made_up")
    ).refused
    assert "2026-12-01 is made up and no Saturday or Sunday" in refused


def test_a_day_that_is_both_off_and_made_up_is_neither(folder):
    row = f"day: 2026-12-05, {SOURCE}, confidence: high"
    rules = write(folder, "calendar/days.yml", off(row) + off(row, "made_up"))
    assert [refused.split(":")[1] for refused in rules.refused] == ["2", "4"]
    assert (rules.calendar.off, rules.calendar.made_up) == (frozenset(), frozenset())


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("day: 02-29, since: 2026", "day must be month and day like 11-24, not '02-29'"),
        ("day: 13-01, since: 2026", "not '13-01'"),
        ("day: 2026-11-24, since: 2026", "not '2026-11-24'"),
        ("day: 11-24, since: 0", "since must be a whole number"),
        ("day: 11-24, since: 2026, provinces: [tay-ninh]", "'provinces' is not a field"),
    ],
)
def test_a_wrong_yearly_holiday_is_refused(folder, row, why):
    rules = write(folder, "calendar/days.yml", off(f"{row}, {SOURCE}, confidence: high", "yearly"))
    assert any(why in refused for refused in rules.refused)
    assert rules.calendar.yearly == ()


def test_a_list_of_days_that_no_one_knows_is_named(folder):
    [refused] = write(folder, "calendar/days.yml", "of: []\n").refused
    assert refused == "calendar/days.yml:1: 'of' is none of off, made_up, yearly"


@given(st.text(max_size=80).map(str.encode) | st.binary(max_size=80))
def test_whatever_stands_in_the_files_stops_nothing(tmp_path_factory, content):
    folder = copied(tmp_path_factory.mktemp("knowledge"))
    for name in ("complaint_deadlines.yml", "calendar/days.yml"):
        (folder / name).write_bytes(content)
    rules = load_rules(folder, "demo")
    assert rules.due_on("late", None, MONDAY) is None


def test_a_provinces_own_day_moves_the_dates_of_its_centre_only(folder):
    row = off(f"day: 2026-11-18, provinces: [tay-ninh], {SOURCE}, confidence: high")
    write(folder, "calendar/days.yml", row)
    write(folder, "complaint_deadlines.yml", "working_days:\n  tay-ninh: {late: 3}\n  gia-lai: {late: 3}\n")
    rules = load_rules(folder)
    assert rules.due_on("late", "tay-ninh", MONDAY) == date(2026, 11, 20)
    assert rules.due_on("late", "gia-lai", MONDAY) == date(2026, 11, 19)
    tuesday = datetime(2026, 11, 17, 8, tzinfo=timezone.utc)
    thursday = datetime(2026, 11, 19, 8, tzinfo=timezone.utc)
    due = date(2026, 11, 20)
    assert rules.after_waiting(due, tuesday, thursday, "tay-ninh") == date(2026, 11, 23)
    assert rules.after_waiting(due, tuesday, thursday, "gia-lai") == date(2026, 11, 24)


def test_a_centres_own_days_count_more_than_those_of_the_citizens_province(folder):
    write(folder, "complaint_deadlines.yml", "working_days:\n  tay-ninh: {late: 3}\n  gia-lai: {late: 5}\n")
    assert load_rules(folder, "tay-ninh").due_on("late", "gia-lai", MONDAY) == date(2026, 11, 19)


def test_a_centre_that_set_no_time_promises_none():
    assert load_rules(ROOT / "knowledge", "tay-ninh").due_on("late", None, MONDAY) is None
    assert load_rules(ROOT / "knowledge").due_on("late", None, MONDAY) is None


@pytest.mark.parametrize("province", ["tay-nin", "Tây Ninh", "binh-dinh"])
def test_a_province_that_is_none_is_one_sentence(province):
    with pytest.raises(ComplaintError, match=f"MOTCUA_PROVINCE is '{province}', which is no province's key"):
        load_rules(ROOT / "knowledge", province)
