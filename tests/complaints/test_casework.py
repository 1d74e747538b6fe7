from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from bot.accounts.officers import Accounts
from bot.accounts.passwords import Cost, Passwords
from bot.accounts.permissions import UNIT_HEAD
from bot.complaints import casework
from bot.complaints.errors import (
    ChangedMeanwhileError,
    ForbiddenMoveError,
    MissingTextError,
    UnknownComplaintError,
)
from bot.complaints.lifecycle import END_REASONS, MOVES, STAFF, STATE_LABELS, STATES
from bot.complaints.model import CONFIRMED
from bot.complaints.queries import Wanted, find_status, list_complaints
from bot.text.codes import new_receipt_code
from tests.complaints.conftest import AN, OFFICER, way_to

# Written out here once more on purpose: a change of the code's own table has to be meant.
ALLOWED = {
    "received": {"needs_information", "accepted", "forwarded"},
    "needs_information": {"accepted", "forwarded", "in_progress", "answered"},
    "accepted": {"needs_information", "forwarded", "in_progress", "answered"},
    "forwarded": {"needs_information", "in_progress", "answered"},
    "in_progress": {"needs_information", "forwarded", "answered"},
    "answered": {"in_progress", "closed"},
    "closed": set(),
}


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", STATES)
def test_officers_take_a_complaint_where_they_may_and_nowhere_else(centre, before, after):
    code = centre.file_in(before)
    told = len(centre.told())
    if after in ALLOWED[before]:
        centre.move(code, after)
        assert centre.row(code).state == after
        assert len(centre.told()) == told + 1
        return
    with pytest.raises(ForbiddenMoveError, match=code):
        centre.move(code, after)
    assert centre.row(code).state == before
    assert len(centre.told()) == told


def test_every_state_can_be_reached_and_has_a_label():
    assert {state for state in STATES if way_to(state) is not None} == set(MOVES) == set(STATE_LABELS)
    assert {after for ways in MOVES.values() for after in ways} == set(STATES)


def test_nothing_closes_for_staff_but_what_was_answered():
    assert [state for state in STATES if STAFF in MOVES[state].get("closed", ())] == ["answered"]


def test_a_move_keeps_who_from_where_and_why(centre):
    code = centre.file().code
    centre.move(code, "accepted", note="Đã xem")
    filed, moved = centre.row(code).moves
    assert (filed.moved_by, moved.moved_by, moved.from_state, moved.note) == ("citizen", OFFICER, "received", "Đã xem")
    assert filed.moved_at <= moved.moved_at


def test_an_answer_needs_words_and_how_it_ended(centre):
    code = centre.file_in("in_progress")
    with pytest.raises(MissingTextError):
        casework.answer(centre.database, centre.rules, code, "  ", "solved", OFFICER)
    with pytest.raises(ForbiddenMoveError):
        casework.answer(centre.database, centre.rules, code, "Xong", "withdrawn", OFFICER)
    with pytest.raises(ForbiddenMoveError):
        casework.move(centre.database, centre.rules, code, "answered", OFFICER, "Xong")
    casework.answer(centre.database, centre.rules, code, "Giấy đã ký ngày 20/11", "solved", OFFICER)
    assert centre.row(code).end_reason == "solved"
    assert "Giấy đã ký ngày 20/11" in centre.told()[-1]
    assert END_REASONS["solved"].lower() in centre.told()[-1]


def test_asking_for_more_needs_a_question(centre):
    with pytest.raises(MissingTextError):
        casework.move(centre.database, centre.rules, centre.file().code, "needs_information", OFFICER, " ")


def test_forwarding_needs_a_unit_and_names_it(centre):
    code = centre.file().code
    with pytest.raises(MissingTextError):
        casework.forward(centre.database, centre.rules, code, " ", OFFICER)
    casework.forward(centre.database, centre.rules, code, "Phòng Kinh tế", OFFICER)
    assert centre.row(code).unit == "Phòng Kinh tế"
    assert "Phòng Kinh tế" in centre.told()[-1]


def test_forwarding_takes_it_from_who_worked_on_it(centre):
    code = centre.file().code
    casework.assign(centre.database, code, OFFICER, assignee="Trần Văn Bình")
    casework.forward(centre.database, centre.rules, code, "Phòng Kinh tế", OFFICER)
    assert centre.row(code).assignee is None


@pytest.mark.parametrize("typed", ["phòng  kinh TẾ", " Phong Kinh te\n", "Phòng Kinh tế"])
def test_a_unit_is_spelled_as_the_first_account_has_it(centre, typed):
    accounts = Accounts(centre.database, Passwords(Cost(1, 8)))
    accounts.add("Hồ Ba", "Phòng Kinh tế", (UNIT_HEAD,), (), "test")
    accounts.add("Hồ Tư", typed, (UNIT_HEAD,), (), "test")
    first, second = centre.file().code, centre.file().code
    casework.forward(centre.database, centre.rules, first, typed, OFFICER)
    casework.assign(centre.database, second, OFFICER, unit=typed)
    units = {accounts.find("Hồ Tư").unit, centre.row(first).unit, centre.row(second).unit}
    assert units == {"Phòng Kinh tế"}
    assert accounts.has_unit(typed)
    assert not accounts.has_unit("Phòng Kinh t")


def test_two_complaints_merged_into_each_other_at_once_do_not_block(centre):
    for _ in range(5):
        pair = [centre.file_in("accepted", conversation=f"web:{name}") for name in ("b", "c")]
        together = Barrier(2)

        def merge(one, into, together=together):
            together.wait(timeout=10)
            try:
                casework.merge(centre.database, centre.rules, one, into, OFFICER, "Trùng")
            except ForbiddenMoveError:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(merge, pair, reversed(pair))).count(True) == 1


def test_the_clock_stands_still_while_the_citizen_is_asked(centre):
    code = centre.file().code
    due = centre.row(code).due_on
    centre.move(code, "needs_information")
    waiting_since = centre.row(code).waiting_since
    assert waiting_since
    calendar = centre.rules.calendar
    centre.change(code, waiting_since=waiting_since.replace(day=1))
    centre.move(code, "accepted")
    row = centre.row(code)
    assert row.waiting_since is None
    assert row.due_on == calendar.add(due, calendar.between(waiting_since.date().replace(day=1), waiting_since.date()))


def test_an_officer_who_saw_an_older_version_overwrites_nothing(centre):
    code = centre.file().code
    seen = centre.row(code).version
    centre.move(code, "accepted", version=seen)
    with pytest.raises(ChangedMeanwhileError):
        centre.move(code, "in_progress", version=seen)
    assert centre.row(code).state == "accepted"


def test_of_eight_officers_answering_at_once_one_succeeds(centre):
    code = centre.file_in("in_progress")

    def answer(_):
        try:
            centre.move(code, "answered")
        except ForbiddenMoveError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(answer, range(8))).count(True) == 1


def test_who_works_on_it_is_recorded_and_not_told(centre):
    code = centre.file().code
    casework.assign(centre.database, code, OFFICER, assignee="Trần Văn Bình", unit="Tổ một cửa")
    row = centre.row(code)
    assert (row.assignee, row.unit, row.state) == ("Trần Văn Bình", "Tổ một cửa", "received")
    assert row.moves[-1].reason == "assigned"
    assert centre.told() == []
    assert len(find_status(centre.database, code).steps) == 1


@pytest.mark.parametrize(("naming", "unit"), [(None, "Phòng Kinh tế"), (CONFIRMED, None)])
def test_what_is_of_no_unit_becomes_of_the_assignees(centre, naming, unit):
    Accounts(centre.database, Passwords(Cost(1, 8))).add("Hồ Ba", "Phòng Kinh tế", (UNIT_HEAD,), (), "test")
    code, given = centre.file().code, centre.file().code
    centre.change(code, naming=naming)
    centre.change(given, unit="Phòng Đất đai")
    for one in (code, given):
        casework.assign(centre.database, one, OFFICER, assignee="Hồ Ba")
    assert (centre.row(code).unit, centre.row(given).unit) == (unit, "Phòng Đất đai")


def test_a_duplicate_is_answered_and_follows_the_other(centre):
    first, second = centre.file().code, centre.file_in("accepted", conversation="web:binh")
    casework.merge(centre.database, centre.rules, second, first, OFFICER, "Trùng với phản ánh đang xử lý")
    assert (centre.row(second).state, centre.row(second).end_reason) == ("answered", "duplicate")
    centre.move(first, "accepted")
    assert first in centre.told("web:binh")[-1]
    with pytest.raises(ForbiddenMoveError):
        casework.merge(centre.database, centre.rules, first, first, OFFICER, "x")


def test_those_who_followed_a_duplicate_follow_the_other_too(centre):
    first, second, third = (
        centre.file().code,
        *(centre.file_in("accepted", conversation=f"web:{name}") for name in ("b", "c")),
    )
    merge = lambda one, into: casework.merge(centre.database, centre.rules, one, into, OFFICER, "Trùng")  # noqa: E731
    merge(third, second)
    merge(second, first)
    centre.move(first, "accepted")
    centre.move(first, "answered", "Đã sửa xong")
    assert all("Đã sửa xong" in centre.told(conversation)[-1] for conversation in ("web:b", "web:c"))


@pytest.mark.parametrize("state", ["answered", "closed"])
def test_nothing_is_merged_into_what_has_been_answered(centre, state):
    first, second = centre.file_in(state), centre.file_in("accepted", conversation="web:binh")
    with pytest.raises(ForbiddenMoveError, match="answered"):
        casework.merge(centre.database, centre.rules, second, first, OFFICER, "Trùng")
    assert centre.row(second).state == "accepted"


def test_the_note_to_one_citizen_is_not_shown_to_those_who_joined(centre):
    first, second = centre.file().code, centre.file_in("accepted", conversation="web:binh")
    casework.merge(centre.database, centre.rules, second, first, OFFICER, "Trùng")
    centre.move(first, "needs_information", note="Số hồ sơ của bà là gì?")
    assert "Số hồ sơ" not in centre.told("web:binh")[-1]
    assert "Số hồ sơ" in centre.told(AN)[-1]


def test_an_unknown_code_is_a_sentence(centre):
    for code in ("PA-1", new_receipt_code()):
        with pytest.raises(UnknownComplaintError, match=code):
            centre.move(code, "accepted")


@pytest.mark.parametrize("note", ["mời\x00 đến", "mời \ud800đến", "mời " + "đến " * 5000])
def test_any_note_is_taken_and_told(centre, note):
    centre.move(centre.file().code, "accepted", note)
    assert "mời" in centre.told()[-1]
    assert centre.told()[-1].count("đến") == note.count("đến")


def test_staff_list_complaints_oldest_first_and_by_what_they_ask(centre):
    codes = [centre.file().code for _ in range(3)]
    centre.move(codes[1], "accepted")
    hidden = centre.file(route="to_cao").code
    listed = lambda **asked: [row.code for row in list_complaints(centre.database, Wanted(**asked))]  # noqa: E731
    assert listed() == codes
    assert listed(state="accepted") == [codes[1]]
    assert listed(kind="fee") == listed(words="không có chữ này") == []
    assert listed(words="HEN ba lan") == codes
    assert listed(words=codes[2].lower()) == [codes[2]]
    assert listed(restricted=True) == [*codes, hidden]
    centre.change(codes[0], due_on=centre.rules.calendar.add(centre.row(codes[0]).created_at.date(), 0))
    assert listed(overdue_on=centre.row(codes[1]).due_on) == [codes[0]]
