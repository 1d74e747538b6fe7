from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from bot.complaints.filing import Draft, file_complaint
from bot.complaints.model import ChainLink, Complaint, ComplaintMove, ComplaintWord
from bot.complaints.queries import find_status
from bot.complaints.workdays import day_in_viet_nam
from bot.text.codes import find_receipt_code
from tests.complaints.conftest import AN, DRAFT, OFFICER, WORDS
from tests.factories import accept, open_complaint, raw_bytes

PHONE = "0912345678"


def file_once(centre, conversation=AN):
    return file_complaint(centre.database, centre.rules, conversation, 7, DRAFT)


def test_the_receipt_finds_the_complaint_and_says_until_when(centre):
    receipt = centre.file()
    status = find_status(centre.database, receipt.code)
    assert find_receipt_code(receipt.code) == receipt.code
    assert (status.code, status.kind, status.state) == (receipt.code, "late", "received")
    assert (status.filed_at, status.due_on, status.link) == (receipt.filed_at, receipt.due_on, receipt.link)
    assert receipt.due_on == centre.rules.calendar.add(day_in_viet_nam(receipt.filed_at), 5)
    assert [label for _, label in status.steps] == ["Đã nhận"]


def test_a_centre_without_times_promises_no_date(centre):
    centre.rules = replace(centre.rules, province="")
    assert centre.file(province="tay-ninh").due_on is None
    assert centre.file(province="demo").due_on is not None


def test_the_same_message_files_once_and_gives_the_first_receipt_again(centre):
    first = file_once(centre)
    assert file_once(centre) == first
    assert [centre.count(table) for table in (Complaint, ComplaintMove, ChainLink)] == [1, 1, 1]


def test_eight_threads_with_the_same_message_file_one_complaint(centre):
    with ThreadPoolExecutor(8) as pool:
        receipts = set(pool.map(lambda _: file_once(centre), range(8)))
    assert len(receipts) == 1
    assert centre.count(Complaint) == 1


def test_somebody_elses_message_number_gives_no_receipt(centre):
    file_once(centre)
    with pytest.raises(IntegrityError):
        file_once(centre, "web:binh")


def test_eight_threads_with_messages_of_their_own_make_one_chain(centre):
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: centre.file(), range(16)))
    assert len({receipt.code for receipt in receipts}) == len({receipt.link for receipt in receipts}) == 16


def test_the_citizens_words_stand_beside_what_was_understood(centre):
    row = centre.row(centre.file().code)
    assert [(word.question, word.text) for word in row.words] == [
        ("description", WORDS),
        ("office", "ở chỗ xã An Hòa ấy"),
    ]
    assert row.office == "UBND xã An Hòa"


def test_a_denunciation_is_restricted(centre):
    assert centre.row(centre.file(route="to_cao").code).restricted
    assert not centre.row(centre.file().code).restricted


def test_staff_read_the_contact_and_the_personal_values(centre):
    told = centre.hide(f"Gọi tôi số {PHONE}")
    code = centre.file(description=told, contact=centre.hide(PHONE)).code
    opened = open_complaint(centre.database, code, OFFICER)
    assert (opened.told.description, opened.told.contact) == (f"Gọi tôi số {PHONE}", PHONE)


def test_a_token_of_another_conversation_is_not_opened_for_staff(centre):
    stolen = centre.hide(PHONE, "web:binh")
    code = centre.file(description=stolen, contact=stolen).code
    assert PHONE not in repr(open_complaint(centre.database, code, OFFICER).told)


def test_neither_phone_nor_message_is_readable_where_they_are_kept(centre):
    accept(centre.database, f"Nhà bà Tư đây, gọi {PHONE}")
    token = centre.hide(PHONE)
    code = centre.file(description=centre.hide(f"gọi {PHONE}"), contact=token).code
    raw = raw_bytes(centre.database)
    assert code.encode() in raw
    assert PHONE.encode() not in raw
    assert "bà Tư".encode() not in raw


def test_a_complaint_whose_history_can_not_be_stored_is_not_filed(centre):
    refuse_inserts(centre.database, "complaint_moves")
    with pytest.raises(IntegrityError, match="refused"):
        centre.file()
    assert [centre.count(table) for table in (Complaint, ComplaintWord, ChainLink)] == [0, 0, 0]


def test_a_kind_is_all_that_must_be_known(centre):
    row = centre.row(file_complaint(centre.database, centre.rules, AN, 1, Draft("other", "việc này")).code)
    assert (row.route, row.words, row.folded) == ("phan_anh", [], "viec nay")


# SQLite adds no check to a table that is there.
REFUSE = {
    "sqlite": "CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused'); END",
    "postgresql": "ALTER TABLE {table} ADD CONSTRAINT refused CHECK (false) NOT VALID",
}


def refuse_inserts(database, table):
    with database.transaction() as session:
        session.execute(text(REFUSE[session.get_bind().dialect.name].format(table=table)))
