from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone

import pytest
from sqlalchemy import select, update

from bot.complaints import casework, citizen, clock
from bot.complaints.lifecycle import OPEN, SYSTEM
from bot.complaints.model import Complaint, ComplaintMove, ComplaintNotice
from bot.complaints.undelivered import undelivered
from bot.complaints.workdays import VIET_NAM, day_in_viet_nam
from bot.database import now
from bot.delivery import outbox
from bot.delivery.model import FAILED, HELD, OutboxMessage
from tests.complaints.conftest import AN, OFFICER
from tests.factories import open_complaint

BINH = "web:binh"


def in_days(number):
    return day_in_viet_nam(now()) + timedelta(days=number)


def age(centre, code, days):
    """Let everything of a complaint have happened so many days earlier."""
    row = centre.row(code)
    by = timedelta(days=days)
    with centre.database.transaction() as session:
        for move in row.moves:
            moved = update(ComplaintMove).where(ComplaintMove.id == move.id)
            session.execute(moved.values(moved_at=move.moved_at - by))
        told = select(OutboxMessage).where(OutboxMessage.conversation == AN)
        for message in session.execute(told).scalars():
            message.created_at -= by
            message.delivered_at = message.delivered_at and message.delivered_at - by
    if row.waiting_since:
        centre.change(code, waiting_since=row.waiting_since - by)


def read(centre, conversation=AN):
    """The channel of a citizen fetches everything."""
    with centre.database.transaction() as session:
        outbox.mark_delivered(session, conversation, 10**9)


def answered(centre, days):
    code = centre.file_in("answered")
    read(centre)
    age(centre, code, days)
    return code


def history(centre, code):
    return [(move.moved_by, move.to_state, move.reason) for move in centre.row(code).moves]


def test_a_date_that_passed_is_told_once_and_recorded(centre):
    code = centre.file().code
    due = centre.row(code).due_on
    assert clock.tell_overdue(centre.database, due) == 0
    assert clock.tell_overdue(centre.database, due + timedelta(days=1)) == 1
    assert clock.tell_overdue(centre.database, due + timedelta(days=2)) == 0
    [told] = centre.told()
    assert f"{due:%d/%m/%Y}" in told
    assert "90 ngày" in told
    assert history(centre, code)[-1] == (SYSTEM, "received", "overdue")
    assert centre.row(code).overdue_told_at


@pytest.mark.parametrize("state", sorted(OPEN))
def test_it_is_told_in_every_open_state_but_while_the_citizen_is_awaited(centre, state):
    centre.file_in(state)
    assert clock.tell_overdue(centre.database, in_days(60)) == (state != "needs_information")


@pytest.mark.parametrize("state", ["answered", "closed"])
def test_what_was_answered_is_not_overdue(centre, state):
    centre.file_in(state)
    assert clock.tell_overdue(centre.database, in_days(60)) == 0


def test_a_complaint_without_a_date_is_never_overdue(centre):
    centre.file(kind="unknown")
    assert clock.tell_overdue(centre.database, in_days(3000)) == 0


def test_what_was_opened_again_has_a_new_date_and_is_told_of_it_again(centre):
    code = centre.file().code
    assert clock.tell_overdue(centre.database, in_days(60)) == 1
    centre.move(code, "accepted")
    centre.move(code, "answered")
    citizen.not_solved(centre.database, centre.rules, AN, code, "Vẫn chưa có giấy")
    assert clock.tell_overdue(centre.database, in_days(0)) == 0
    assert clock.tell_overdue(centre.database, in_days(60)) == 1


def test_a_date_that_moved_on_while_the_citizen_was_awaited_is_told_again(centre):
    code = centre.file_in("accepted")
    centre.change(code, due_on=in_days(-3))
    assert clock.tell_overdue(centre.database, in_days(0)) == 1
    centre.move(code, "needs_information", "Cho xin mã hồ sơ")
    centre.change(code, waiting_since=now() - timedelta(days=30))
    citizen.add_information(centre.database, centre.rules, AN, code, "H44.34-251105-0021")
    assert centre.row(code).due_on > in_days(0)
    assert clock.tell_overdue(centre.database, in_days(0)) == 0
    assert clock.tell_overdue(centre.database, in_days(60)) == 1


def test_a_date_that_is_still_over_after_the_wait_is_not_told_twice(centre):
    code = centre.file_in("accepted")
    centre.change(code, due_on=in_days(-30))
    assert clock.tell_overdue(centre.database, in_days(0)) == 1
    centre.move(code, "needs_information", "Cho xin mã hồ sơ")
    citizen.add_information(centre.database, centre.rules, AN, code, "H44.34-251105-0021")
    assert clock.tell_overdue(centre.database, in_days(0)) == 0


def test_four_clocks_at_once_tell_each_citizen_once(centre):
    codes = [centre.file(f"web:{number}").code for number in range(12)]
    with ThreadPoolExecutor(4) as pool:
        counts = list(pool.map(lambda _: clock.tell_overdue(centre.database, in_days(60)), range(4)))
    assert sum(counts) == len(codes)
    assert all(len(centre.told(f"web:{number}")) == 1 for number in range(12))


def test_more_than_one_page_of_complaints_is_worked_off(centre):
    for number in range(5):
        centre.file(f"web:{number}")
    assert clock.tell_overdue(centre.database, in_days(60), at_once=2) == 5


def test_an_answer_without_an_objection_closes_after_the_days_of_the_policy(centre):
    code = answered(centre, 30)
    assert clock.close_answered(centre.database, centre.rules, in_days(-1)) == 0
    assert clock.close_answered(centre.database, centre.rules, in_days(0)) == 1
    assert history(centre, code)[-1] == (SYSTEM, "closed", "no_objection")
    assert centre.row(code).end_reason == "solved"
    assert code in centre.told()[-1]
    assert clock.close_answered(centre.database, centre.rules, in_days(900)) == 0


def test_what_the_clock_closed_can_still_be_called_not_solved(centre):
    code = answered(centre, 40)
    clock.close_answered(centre.database, centre.rules, in_days(0))
    citizen.not_solved(centre.database, centre.rules, AN, code, "Vẫn chưa có giấy")
    assert centre.row(code).state == "in_progress"


def test_what_was_opened_again_once_is_closed_without_offering_it_again(centre):
    code = centre.file_in("answered")
    citizen.not_solved(centre.database, centre.rules, AN, code, "Vẫn chưa có giấy")
    centre.move(code, "answered")
    read(centre)
    age(centre, code, 40)
    assert clock.close_answered(centre.database, centre.rules, in_days(0)) == 1
    assert "mở lại" not in centre.told()[-1]


def test_an_answer_that_did_not_arrive_closes_nothing(centre):
    code = centre.file_in("answered")
    age(centre, code, 400)
    assert clock.close_answered(centre.database, centre.rules, in_days(0)) == 0
    read(centre)
    assert clock.close_answered(centre.database, centre.rules, in_days(29)) == 0
    assert clock.close_answered(centre.database, centre.rules, in_days(30)) == 1


def test_an_answer_that_a_follower_did_not_fetch_holds_nothing_up(centre):
    code = centre.file(kind="fee").code
    citizen.join(centre.database, BINH, code)
    centre.move(code, "accepted")
    centre.move(code, "answered")
    read(centre)
    age(centre, code, 30)
    assert clock.close_answered(centre.database, centre.rules, in_days(0)) == 1


def test_words_added_after_the_answer_keep_it_open(centre):
    code = answered(centre, 60)
    citizen.add_information(centre.database, centre.rules, AN, code, "Tôi gửi thêm ảnh")
    assert clock.close_answered(centre.database, centre.rules, in_days(0)) == 0
    assert clock.close_answered(centre.database, centre.rules, in_days(30)) == 1


@pytest.mark.parametrize("state", sorted(OPEN))
def test_nothing_closes_without_an_answer(centre, state):
    code = centre.file_in(state)
    read(centre)
    age(centre, code, 4000)
    assert clock.close_answered(centre.database, centre.rules, in_days(0)) == 0


def test_without_a_policy_nothing_is_closed_and_nobody_reminded(centre):
    rules = replace(centre.rules, close_after_days=None, remind_after_days=None)
    answered(centre, 4000)
    age(centre, centre.file_in("needs_information"), 4000)
    assert clock.close_answered(centre.database, rules, in_days(0)) == 0
    assert clock.ask_again(centre.database, rules, in_days(0)) == 0


def test_a_silent_citizen_is_reminded_once_of_what_was_asked(centre):
    code = centre.file().code
    centre.move(code, "needs_information", "Hồ sơ mã số mấy?")
    age(centre, code, 7)
    assert clock.ask_again(centre.database, centre.rules, in_days(-1)) == 0
    assert clock.ask_again(centre.database, centre.rules, in_days(0)) == 1
    assert clock.ask_again(centre.database, centre.rules, in_days(900)) == 0
    assert "Hồ sơ mã số mấy?" in centre.told()[-1]
    assert centre.row(code).state == "needs_information"


def test_after_a_reminder_the_complaint_still_goes_back_to_where_it_was(centre):
    code = centre.file_in("forwarded")
    centre.move(code, "needs_information", "Mã số mấy?")
    casework.assign(centre.database, code, OFFICER, "Lan")
    age(centre, code, 8)
    assert clock.ask_again(centre.database, centre.rules, in_days(0)) == 1
    assert citizen.add_information(centre.database, centre.rules, AN, code, "Mã 21") == "forwarded"


def test_who_is_asked_a_second_time_is_reminded_a_second_time(centre):
    code = centre.file_in("accepted")
    for question in ("Mã số mấy?", "Ngày nào?"):
        centre.move(code, "needs_information", question)
        age(centre, code, 8)
        assert clock.ask_again(centre.database, centre.rules, in_days(0)) == 1
        assert question in centre.told()[-1]
        citizen.add_information(centre.database, centre.rules, AN, code, "Đây ạ")


def test_a_day_begins_at_midnight_in_viet_nam(centre):
    code = answered(centre, 0)
    late = datetime(2026, 10, 1, 23, 30, tzinfo=VIET_NAM).astimezone(timezone.utc)
    with centre.database.transaction() as session:
        session.execute(update(ComplaintMove).values(moved_at=late))
        session.execute(update(OutboxMessage).values(delivered_at=late))
    assert clock.close_answered(centre.database, centre.rules, date(2026, 10, 30)) == 0
    assert clock.close_answered(centre.database, centre.rules, date(2026, 10, 31)) == 1
    assert centre.row(code).state == "closed"


def test_nothing_is_told_about_what_was_erased(centre):
    code = centre.file().code
    centre.change(code, erased_at=now())
    assert clock.tell_overdue(centre.database, in_days(60)) == 0


def test_notices_that_were_not_fetched_for_days_are_listed_for_staff(centre):
    code = centre.file_in("accepted")
    assert undelivered(centre.database) == []
    age(centre, code, 4)
    [found] = undelivered(centre.database)
    assert (found.code, found.about, found.state, found.channel, found.follower) == (
        code,
        "accepted",
        "unread",
        "web",
        False,
    )
    assert undelivered(centre.database, timedelta(days=5)) == []
    read(centre)
    assert undelivered(centre.database) == []


def test_notices_that_failed_are_listed_at_once_and_marked_in_the_complaint(centre):
    code = centre.file_in("accepted")
    with centre.database.transaction() as session:
        session.execute(update(OutboxMessage).values(state=FAILED))
    assert [found.state for found in undelivered(centre.database)] == ["failed"]
    assert [notice.state for notice in open_complaint(centre.database, code, OFFICER).notices] == ["failed"]


def test_notices_that_are_held_are_listed_at_once_and_marked_in_the_complaint(centre):
    code = centre.file_in("accepted")
    with centre.database.transaction() as session:
        session.execute(update(OutboxMessage).values(state=HELD, reason="window_closed"))
    assert [(one.state, one.reason) for one in undelivered(centre.database)] == [("held", "window_closed")]
    age(centre, code, 4)
    assert [state for _, _, state in open_complaint(centre.database, code, OFFICER).notices] == ["held"]


def test_a_notice_that_waits_for_too_long_is_marked_in_the_complaint(centre):
    code = centre.file_in("accepted")
    assert [notice.state for notice in open_complaint(centre.database, code, OFFICER).notices] == ["pending"]
    age(centre, code, 4)
    assert [notice.state for notice in open_complaint(centre.database, code, OFFICER).notices] == ["unread"]


def test_the_list_of_notices_is_read_page_by_page(centre):
    for number in range(5):
        centre.move(centre.file(f"web:{number}").code, "accepted")
    first = undelivered(centre.database, timedelta(0), limit=3)
    second = undelivered(centre.database, timedelta(0), after=first[-1].id, limit=3)
    assert [len(first), len(second)] == [3, 2]
    assert len({found.code for found in first + second}) == centre.count(ComplaintNotice) == centre.count(Complaint)


def test_denunciations_are_listed_only_for_their_readers(centre):
    code = centre.file(route="to_cao").code
    centre.move(code, "accepted")
    assert undelivered(centre.database, timedelta(0)) == []
    assert [found.code for found in undelivered(centre.database, timedelta(0), restricted=True)] == [code]
