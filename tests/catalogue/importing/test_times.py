import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.catalogue.importing.node import Notes
from bot.catalogue.importing.times import UNIT_WORDS, Time, read_time, read_time_text
from tests.catalogue.importing.samples import detail, detail_with_channel, normalised, record_of, rules_of


def time_of(quantity, unit, note="", steps="", cases=()):
    notes = Notes()
    return read_time(quantity, unit, note, steps, notes, cases), {rule for rule, _ in notes}


def shown(channel):
    return channel.time, channel.quantity, channel.unit


@pytest.mark.parametrize(
    ("quantity", "unit", "text"),
    [(10, "WORKING_DAY", "10 ngày làm việc"), (3, "DAY", "3 ngày"), (4, "HOUR", "4 giờ"), (2, "MONTH", "2 tháng")],
)
def test_a_number_with_its_unit_is_kept(quantity, unit, text):
    assert time_of(quantity, unit) == (Time(text, quantity, unit), set())


def test_half_a_day_is_kept():
    assert time_of(17.5, "WORKING_DAY")[0] == Time("17,5 ngày làm việc", 17.5, "WORKING_DAY")


def test_unit_other_with_the_number_1_is_the_same_day_when_the_steps_say_so():
    assert time_of(1, "OTHER", steps="Trả kết quả ngay trong ngày.")[0] == Time("trong ngày")


@pytest.mark.parametrize(
    "steps", ["Trả kết quả.", "trả kết quả trong ngày làm việc tiếp theo", "nộp trong ngày 05/6", "trong 1 ngày"]
)
def test_unit_other_with_the_number_1_is_otherwise_no_time(steps):
    assert time_of(1, "OTHER", note="Nộp tại xã.", steps=steps) == (Time("xem mô tả"), {"bare_time"})


def test_unit_other_with_another_number_is_no_time_and_is_noted():
    assert time_of(5, "OTHER", steps="Trả ngay trong ngày.") == (Time(""), {"bare_time"})


def test_zero_is_no_time():
    assert time_of(0, "WORKING_DAY", note="Xem điều 5.") == (Time("xem mô tả"), set())


def test_the_description_counts_more_than_the_number_beside_it():
    note = "Không quá 17 ngày làm việc; xã khó khăn được thêm 10 ngày làm việc."
    assert time_of(27, "WORKING_DAY", note) == (Time("xem mô tả"), {"time_differs"})


def test_a_number_shorter_than_a_described_exception_is_the_plain_case():
    note = "Xã khó khăn: không quá 20 ngày làm việc."
    assert time_of(17, "WORKING_DAY", note) == (Time("17 ngày làm việc (xem mô tả)"), {"time_differs"})


def test_a_number_that_is_one_of_several_cases_is_not_kept_as_the_time():
    note = "10 ngày làm việc đối với công trình, 07 ngày làm việc đối với nhà ở"
    assert time_of(10, "WORKING_DAY", note) == (Time("10 ngày làm việc (xem mô tả)"), {"several_times"})


def test_a_description_that_says_the_same_confirms_the_number():
    assert time_of(5, "WORKING_DAY", "Trong 05 (năm) ngày làm việc kể từ ngày nhận hồ sơ")[0].quantity == 5


def test_days_and_working_days_are_not_the_same():
    assert time_of(18, "WORKING_DAY", "18 ngày kể từ ngày nhận hồ sơ") == (
        Time("18 ngày làm việc (xem mô tả)"),
        {"time_differs"},
    )


def test_an_hour_of_the_day_is_no_time():
    assert time_of(3, "DAY", "Nhận sau 15 giờ thì trả hôm sau; 03 ngày")[0] == Time("3 ngày", 3, "DAY")


def test_cases_and_methods_that_disagree_leave_no_number():
    assert time_of(10, "WORKING_DAY", cases=((20, "DAY"),)) == (Time("10 ngày làm việc"), {"cases_differ"})


def test_cases_that_agree_with_the_method_confirm_it():
    assert time_of(10, "DAY", cases=((10, "DAY"), (20, "DAY")))[0] == Time("10 ngày", 10, "DAY")


def test_cases_and_methods_are_compared_in_the_portals_own_records():
    case = {"code": "9.000001.01", "processingDay": {"qty": 20, "type": "DAY"}}
    assert shown(record_of(detail(cases=[case])).channels[0]) == ("5 ngày làm việc", None, None)
    assert rules_of(normalised(processing_cases=[{"qty": 20, "unit": "DAY"}])) == {"cases_differ"}


def test_a_quantity_that_is_a_sentence_is_shown_as_it_is():
    channel = record_of(detail_with_channel(processingTime="Không quá 15 ngày.", processingTimeUnit="OTHER")).channels[
        0
    ]
    assert shown(channel) == ("Không quá 15 ngày.", None, None)


@pytest.mark.parametrize(
    ("cell", "time"),
    [
        ("07 Ngày làm việc", Time("7 ngày làm việc", 7, "WORKING_DAY")),
        ("0.5 Giờ", Time("0,5 giờ", 0.5, "HOUR")),
        ("Theo mô tả", Time("xem mô tả")),
        ("5", Time("xem mô tả")),
        ("10-25", Time("10-25")),
    ],
)
def test_a_cell_with_a_time_is_read(cell, time):
    assert read_time_text(cell, "Nộp tại xã.", "", Notes()) == time


@given(st.floats(0, 1e6) | st.none(), st.sampled_from([*UNIT_WORDS, "OTHER", ""]), st.text(), st.text())
def test_a_number_is_kept_only_with_a_unit_and_as_it_was(quantity, unit, note, steps):
    time = read_time(quantity, unit, note, steps, Notes())
    assert time.quantity in (None, quantity)
    assert (time.quantity is None) == (time.unit is None)
