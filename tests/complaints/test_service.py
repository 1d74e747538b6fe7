from collections import deque
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from bot.complaints import service
from bot.complaints.model import STATE_LABELS, Complaint, ComplaintMove
from bot.complaints.service import Draft, ForbiddenMoveError, UnknownComplaintError
from bot.delivery import outbox, vault
from bot.text.codes import find_receipt_code, new_receipt_code
from tests.factories import accept, raw_bytes

PHONE = "0912345678"
WORDS = "Bộ phận một cửa xã hẹn ba lần vẫn chưa trả kết quả"
DRAFT = Draft("late", WORDS, office="UBND xã An Hòa", happened="tuần trước")

# Written out here once more on purpose: a change of the code's own table has to be meant.
ALLOWED = {
    "received": {"needs_information", "accepted", "forwarded"},
    "needs_information": {"accepted", "forwarded", "answered"},
    "accepted": {"needs_information", "forwarded", "in_progress", "answered"},
    "forwarded": {"needs_information", "in_progress", "answered"},
    "in_progress": {"needs_information", "forwarded", "answered"},
    "answered": {"in_progress", "closed"},
    "closed": set(),
}
STATES = list(ALLOWED)


def file(database, inbox_id=7, draft=DRAFT, conversation="web:an"):
    return service.file_complaint(database, conversation, inbox_id, draft)


def move(database, code, state, note=""):
    service.move_complaint(database, code, state, "officer", note)


def count(database, table=Complaint):
    with database.reading() as session:
        return session.execute(select(func.count(table.id))).scalar_one()


def notices(database, conversation="web:an"):
    with database.reading() as session:
        return [line.text for line in outbox.read_lines(session, conversation, 0).lines]


def hidden(database, text, conversation="web:an"):
    with database.transaction() as session:
        return vault.hide(session, conversation, text)


def way_to(state):
    """The shortest way from "received" to a state."""
    ways = deque([["received"]])
    while ways[0][-1] != state:
        way = ways.popleft()
        ways += [[*way, after] for after in sorted(ALLOWED[way[-1]]) if after not in way]
    return ways[0][1:]


def file_in_state(database, state):
    code = file(database).code
    for step in way_to(state):
        move(database, code, step)
    return code


def test_filing_gives_a_receipt_that_finds_the_complaint(database):
    receipt = file(database)
    status = service.find_status(database, receipt.code)
    assert find_receipt_code(receipt.code) == receipt.code
    assert (status.code, status.kind, status.state) == (receipt.code, "late", "received")
    assert status.filed_at == receipt.filed_at
    assert [label for _, label in status.steps] == ["Đã nhận"]


def test_the_same_message_files_once_and_gives_the_first_receipt_again(database):
    first = file(database)
    assert file(database) == first
    assert count(database) == 1
    assert count(database, ComplaintMove) == 1


def test_eight_threads_with_the_same_message_file_one_complaint(database):
    with ThreadPoolExecutor(8) as pool:
        receipts = set(pool.map(lambda _: file(database), range(8)))
    assert len(receipts) == 1
    assert count(database) == 1


def test_two_messages_file_two_complaints_with_different_codes(database):
    assert file(database, inbox_id=7).code != file(database, inbox_id=8).code
    assert count(database) == 2


def test_a_code_is_found_however_it_is_typed(database):
    code = file(database).code
    for typed in (code.lower(), code.replace("-", " "), f"mã của tôi là {code} ạ", code.replace("0", "O")):
        assert service.find_status(database, typed).code == code


@pytest.mark.parametrize("typed", ["", "PA", "PA-0000-0000-0001", "khong co", "'; drop table complaints; --"])
def test_an_unknown_code_has_no_status(database, typed):
    file(database)
    assert service.find_status(database, typed) is None


def test_a_well_formed_code_nobody_was_given_has_no_status(database):
    file(database)
    assert service.find_status(database, new_receipt_code()) is None


def test_staff_asking_for_an_unknown_code_are_told_so(database):
    with pytest.raises(UnknownComplaintError, match="PA-1"):
        service.show_complaint(database, "PA-1")
    with pytest.raises(UnknownComplaintError):
        move(database, new_receipt_code(), "accepted")


def test_the_status_shows_nothing_personal_and_none_of_the_words(database):
    contact = hidden(database, PHONE)
    code = file(database, draft=Draft("late", WORDS, "UBND xã An Hòa", "hôm qua", "H01.12-251101-0001", contact)).code
    move(database, code, "accepted", note="Gọi bà Tư số 0912345678")
    shown = repr(service.find_status(database, code))
    secrets = (PHONE, "Bộ phận", "An Hòa", "hôm qua", "H01", "bà Tư", "officer", "web:an", "sodienthoai")
    assert [secret for secret in secrets if secret in shown] == []


def test_staff_read_the_contact_and_the_personal_values(database):
    told = hidden(database, f"Gọi tôi số {PHONE}")
    code = file(database, draft=Draft("late", told, contact=hidden(database, PHONE))).code
    row, draft = service.show_complaint(database, code)
    assert row.code == code
    assert (draft.description, draft.contact) == (f"Gọi tôi số {PHONE}", PHONE)


def test_a_token_of_another_conversation_is_not_opened_for_staff(database):
    stolen = hidden(database, PHONE, "web:binh")
    code = file(database, draft=Draft("late", stolen, contact=stolen)).code
    assert PHONE not in repr(service.show_complaint(database, code)[1])


def test_neither_phone_nor_message_is_readable_where_they_are_kept(database):
    message = f"Nhà bà Tư đây, gọi {PHONE}"
    accept(database, message)
    token = hidden(database, PHONE)
    code = file(database, draft=Draft("late", hidden(database, f"gọi {PHONE}"), contact=token)).code
    move(database, code, "accepted", note="Xin chờ đến thứ Sáu")
    raw = raw_bytes(database)
    assert code.encode() in raw
    assert PHONE.encode() not in raw
    assert "bà Tư".encode() not in raw


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("after", [*STATES, "no_state", ""])
def test_a_complaint_goes_where_it_may_and_nowhere_else(database, before, after):
    code = file_in_state(database, before)
    told = len(notices(database))
    if after in ALLOWED[before]:
        move(database, code, after)
        assert service.find_status(database, code).state == after
        assert len(notices(database)) == told + 1
        return
    with pytest.raises(ForbiddenMoveError, match=code):
        move(database, code, after)
    assert service.find_status(database, code).state == before
    assert len(notices(database)) == told


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wishes=st.lists(st.sampled_from(STATES), max_size=12))
def test_the_history_is_the_way_the_complaint_went(database, wishes):
    code = file(database, inbox_id=count(database) + 1).code
    way = ["received"]
    for wish in wishes:
        if wish in ALLOWED[way[-1]]:
            move(database, code, wish)
            way.append(wish)
    row, _ = service.show_complaint(database, code)
    assert [moved.to_state for moved in row.moves] == way
    assert [moved.from_state for moved in row.moves] == [None, *way[:-1]]
    assert [label for _, label in service.find_status(database, code).steps] == [STATE_LABELS[one] for one in way]


def test_a_move_keeps_who_and_why(database):
    code = file(database).code
    move(database, code, "accepted", note="Đã xem")
    filed, moved = service.show_complaint(database, code)[0].moves
    assert (filed.moved_by, moved.moved_by, moved.note) == ("citizen", "officer", "Đã xem")
    assert filed.moved_at <= moved.moved_at


def test_the_citizen_is_told_where_they_wrote_from(database):
    code = file(database, conversation="web:binh").code
    move(database, code, "accepted", note="Chờ ạ")
    assert notices(database, "web:an") == []
    assert notices(database, "web:binh") == [f"Phản ánh {code}: đã tiếp nhận xử lý.\nTrung tâm nhắn: Chờ ạ"]


def test_a_notice_without_a_note_has_no_empty_line(database):
    code = file(database).code
    move(database, code, "accepted")
    assert notices(database) == [f"Phản ánh {code}: đã tiếp nhận xử lý."]


def test_a_move_whose_notice_can_not_be_stored_does_not_happen(database):
    code = file(database).code
    refuse_inserts(database, "outbox")
    with pytest.raises(IntegrityError):
        move(database, code, "accepted")
    assert service.find_status(database, code).state == "received"
    assert count(database, ComplaintMove) == 1


def test_a_complaint_whose_history_can_not_be_stored_is_not_filed(database):
    refuse_inserts(database, "complaint_moves")
    with pytest.raises(IntegrityError, match="refused"):
        file(database)
    assert count(database) == 0


# SQLite adds no check to a table that is there.
REFUSE = {
    "sqlite": "CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END",
    "postgresql": "ALTER TABLE {table} ADD CONSTRAINT refused CHECK (false) NOT VALID",
}


def refuse_inserts(database, table):
    with database.transaction() as session:
        session.execute(text(REFUSE[session.get_bind().dialect.name].format(table=table)))


@pytest.mark.parametrize("note", ["mời\x00 đến", "mời \ud800đến", "mời " + "đến " * 5000])
def test_any_note_is_taken_and_told(database, note):
    move(database, file(database).code, "accepted", note)
    assert "mời" in notices(database)[-1]
    assert notices(database)[-1].count("đến") == note.count("đến")


def test_of_eight_officers_closing_at_once_one_succeeds(database):
    code = file_in_state(database, "answered")

    def close(_):
        try:
            move(database, code, "closed")
        except ForbiddenMoveError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(close, range(8))).count(True) == 1
    assert notices(database)[-1].endswith("đã kết thúc.")


def test_staff_list_complaints_oldest_first_and_by_state(database):
    codes = [file(database, inbox_id=n).code for n in (7, 8, 9)]
    move(database, codes[1], "accepted")
    assert [row.code for row in service.list_complaints(database)] == codes
    assert [row.code for row in service.list_complaints(database, "accepted")] == [codes[1]]
    assert service.list_complaints(database, "closed") == []
