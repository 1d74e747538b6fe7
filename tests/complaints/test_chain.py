"""The daily chain: days that are closed, a check that finds every edit, receipts that tell what became of a record."""

from datetime import timedelta

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, select, update

from bot.commands.complaints import complaints
from bot.complaints import chain, citizen
from bot.complaints.chain import GENESIS, ClosedDay, close_days, link_after, list_days, prove_day
from bot.complaints.lifecycle import ACCEPTED, CLOSED
from bot.complaints.model import ChainDay, ChainLink, Complaint, ComplaintMove, ComplaintWord
from bot.complaints.verification import (
    AS_FILED,
    CHANGED,
    ERASED_ON_WISH,
    NO_LINK,
    NOT_CLOSED,
    OTHER_LINK,
    UNKNOWN,
    verify,
    verify_receipt,
)
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, now
from tests.complaints.conftest import AN
from tests.complaints.tampering import BOUND, find_undetected
from tests.factories import KEY, make_settings

PHONE = "0912345678"
TODAY = day_in_viet_nam(now())
TOMORROW, DAY_AFTER = TODAY + timedelta(days=1), TODAY + timedelta(days=2)
ON_SQLITE = pytest.mark.parametrize("kind_of_database", ["sqlite"])


def file_days(centre, a_day=(3, 2, 2)):
    """Complaints of several days, all but the last of them closed; their receipts."""
    receipts = []
    for number, count in enumerate(a_day):
        close_days(centre.database, TODAY + timedelta(days=number))
        for turn in range(count):
            told = {"contact": centre.hide(PHONE), "person": "ông Ba", "happened": None} if turn % 2 else {}
            receipts.append(centre.file(province="tay-ninh", dossier_code="H44.34-251105-0021", **told))
    return receipts


def erase(centre, code, reason=chain.ERASED):
    """What erasing leaves of a complaint."""
    empty = dict.fromkeys(("description", "office", "happened", "person", "dossier_code", "contact", "folded", "salt"))
    with centre.database.transaction() as session:
        row = session.execute(select(Complaint).where(Complaint.code == code)).scalar_one()
        session.execute(update(ComplaintWord).where(ComplaintWord.complaint_id == row.id).values(text=None))
        row.moves.append(ComplaintMove(moved_by="system", from_state=row.state, to_state=row.state, reason=reason))
    centre.change(code, erased_at=now(), **empty)


def change(centre, table, where, **values):
    with centre.database.transaction() as session:
        session.execute(update(table).where(where).values(**values).execution_options(synchronize_session=False))


def flaws(centre):
    return [(flaw.where, flaw.what) for flaw in verify(centre.database).flaws]


def test_a_day_is_closed_once_when_it_is_over(centre):
    receipts = [centre.file() for _ in range(3)]
    assert close_days(centre.database, TODAY) == []
    closed = [ClosedDay(TODAY.isoformat(), 3, receipts[-1].link)]
    assert close_days(centre.database, TOMORROW) == closed
    assert close_days(centre.database, TOMORROW) == []
    assert list_days(centre.database) == closed


def test_what_is_filed_at_a_day_that_was_closed_joins_the_next(centre):
    centre.file()
    close_days(centre.database, TOMORROW)
    late = centre.file()
    assert close_days(centre.database, DAY_AFTER) == [ClosedDay(TOMORROW.isoformat(), 1, late.link)]
    assert verify(centre.database).whole


def test_days_are_listed_newest_first_a_page_at_a_time(centre):
    file_days(centre, (1, 1, 1, 1))
    newest = list_days(centre.database, limit=2)
    assert [one.day for one in newest] == [DAY_AFTER.isoformat(), TOMORROW.isoformat()]
    assert [one.day for one in list_days(centre.database, before=newest[-1].day)] == [TODAY.isoformat()]


def test_anybody_can_compute_a_published_root(centre):
    receipts = file_days(centre)
    first, second = (prove_day(centre.database, day.isoformat()) for day in (TODAY, TOMORROW))
    assert (first.previous, second.previous) == (GENESIS, first.closed.root)
    link = second.previous
    for commitment in second.commitments:
        link = link_after(link, second.closed.day, commitment)
    assert link == second.closed.root == receipts[4].link
    assert prove_day(centre.database, DAY_AFTER.isoformat()) is None


def test_a_chain_as_filed_is_whole_whatever_became_of_the_complaints(centre):
    receipts = file_days(centre)
    centre.move(receipts[0].code, ACCEPTED)
    citizen.add_information(centre.database, centre.rules, AN, receipts[0].code, "thêm một việc")
    centre.step(centre.file_in("answered"), CLOSED)
    report = verify(centre.database)
    assert (report.flaws, report.links, report.as_filed, report.closed_days) == ([], 8, 8, 2)
    assert (report.open_days, report.erased, report.unchained) == ([DAY_AFTER.isoformat()], [], [])


def test_a_change_of_the_field_key_changes_no_commitment(centre):
    receipt = centre.file(contact=centre.hide(PHONE))
    other = Database(centre.database.url, ("an0th3r-k3Y-that-is-l0ng-en0ugh-QwErTy", KEY))
    centre.change(receipt.code, contact=other.cipher.seal(PHONE))
    assert verify(other).whole
    other.close()


def test_every_edit_of_a_single_byte_is_found(centre):
    file_days(centre)
    assert find_undetected(centre.database, trials=1000, seed=20261122) == []


def test_another_spelling_of_the_same_sealed_contact_is_an_edit(centre):
    code = centre.file(contact=centre.hide(PHONE)).code
    sealed = bytes(centre.row(code).contact)
    assert sealed.endswith(b"==")
    for letter in b"ABCDEFGHIJKLMNOPQRSTUVWXYZ-_+/ =":
        edited = sealed[:-3] + bytes([letter]) + sealed[-2:]
        centre.change(code, contact=edited)
        assert verify(centre.database).whole == (edited == sealed)


@ON_SQLITE
@pytest.mark.parametrize("edit", [("T", 10), ("\t", 10), ("+", 11), (" ", 14)])
def test_another_spelling_of_the_same_moment_is_an_edit(centre, edit):
    centre.file()
    letter, place = edit
    with centre.database.transaction() as session:
        edited = f"substr(created_at, 1, {place}) || '{letter}' || substr(created_at, {place + 2})"
        session.connection().exec_driver_sql(f"UPDATE complaints SET created_at = {edited}")
    assert not verify(centre.database).whole


def test_the_trial_edits_every_column_that_the_chain_binds(centre):
    assert len(BOUND) == len(set(BOUND)) == 23


def test_an_edited_complaint_is_named(centre):
    code = file_days(centre)[1].code
    centre.change(code, description="Việc đã xong, xin cảm ơn")
    assert flaws(centre) == [(code, "It is not what was filed: content, moment, contact, words or salt were changed.")]


def test_a_complaint_that_was_taken_out_is_named_by_its_link(centre):
    file_days(centre)
    with centre.database.transaction() as session:
        gone = session.execute(select(Complaint.id).order_by(Complaint.id).limit(1)).scalar_one()
        for table in (ComplaintWord, ComplaintMove):
            session.execute(delete(table).where(table.complaint_id == gone))
        session.execute(delete(Complaint).where(Complaint.id == gone))
    assert flaws(centre) == [("link 1", "The complaint it was made for is gone.")]


def test_a_link_that_was_taken_out_is_missed(centre):
    receipts = file_days(centre)
    with centre.database.transaction() as session:
        session.execute(delete(ChainLink).where(ChainLink.link == receipts[1].link))
    assert flaws(centre) == [
        ("link 3", "It does not follow from the link before it."),
        (TODAY.isoformat(), "The day was closed with 3 links and has 2."),
        (receipts[1].code, "Its link of the chain is gone."),
    ]


def test_the_last_link_can_not_be_taken_out_and_its_complaint_passed_off_as_old(centre):
    receipt = file_days(centre)[-1]
    with centre.database.transaction() as session:
        session.execute(delete(ChainLink).where(ChainLink.link == receipt.link))
    centre.change(receipt.code, salt=None)
    assert flaws(centre) == [(receipt.code, "Its link of the chain is gone.")]


def test_two_links_that_changed_places_are_found(centre):
    file_days(centre)
    for before, after in ((1, 1001), (2, 1), (1001, 2)):
        change(centre, ChainLink, ChainLink.id == before, id=after)
    assert {where for where, _ in flaws(centre)} == {"link 1", "link 2", "link 3"}


def test_a_day_whose_root_was_taken_out_or_made_up_is_found(centre):
    file_days(centre)
    change(centre, ChainDay, ChainDay.day == TODAY.isoformat(), day="2020-01-01")
    assert flaws(centre) == [
        ("2020-01-01", "The day was closed and has no links."),
        (TODAY.isoformat(), "A later day is closed, and this one has no root."),
    ]
    # It is not closed a second time as if nothing had been.
    assert close_days(centre.database, DAY_AFTER) == []


def test_what_was_filed_before_the_chain_is_listed_apart(centre):
    old = centre.file()
    with centre.database.transaction() as session:
        session.execute(delete(ChainLink))
    centre.change(old.code, salt=None)
    centre.file()
    report = verify(centre.database)
    assert (report.whole, report.unchained, report.as_filed) == (True, [old.code], 1)
    assert verify_receipt(centre.database, old.code, old.link).outcome == NO_LINK


def test_after_an_erasure_the_chain_still_holds(centre):
    receipts = file_days(centre)
    erase(centre, receipts[1].code)
    report = verify(centre.database)
    assert (report.flaws, report.erased, report.as_filed) == ([], [receipts[1].code], 6)
    assert verify_receipt(centre.database, receipts[1].code, receipts[1].link).outcome == ERASED_ON_WISH


def test_a_salt_that_went_without_a_word_in_the_history_is_no_erasure(centre):
    code = file_days(centre)[1].code
    erase(centre, code, reason="assigned")
    assert flaws(centre) == [(code, "Its salt is gone, and its history does not say that it was erased.")]


def test_a_receipt_tells_that_the_record_is_as_filed_and_which_root_holds_it(centre):
    receipts = file_days(centre)
    verdict = verify_receipt(centre.database, receipts[3].code.lower(), f" {receipts[3].link.upper()}\n")
    assert (verdict.outcome, verdict.day, verdict.root) == (AS_FILED, TOMORROW.isoformat(), receipts[4].link)
    assert verify_receipt(centre.database, receipts[6].code, receipts[6].link).outcome == NOT_CLOSED


@pytest.mark.parametrize(
    "table, column, value",
    [
        (Complaint, Complaint.description, "khác"),
        (ComplaintWord, ComplaintWord.text, "khác"),
        (ChainLink, ChainLink.commitment, "0" * 64),
        (ChainDay, ChainDay.root, "0" * 64),
    ],
)
def test_a_receipt_tells_that_the_record_or_the_chain_was_changed(centre, table, column, value):
    receipts = file_days(centre)
    change(centre, table, column.isnot(None), **{column.key: value})
    assert verify_receipt(centre.database, receipts[1].code, receipts[1].link).outcome == CHANGED


def test_a_receipt_whose_link_was_rewritten_still_proves_what_was_filed(centre):
    receipts = file_days(centre)
    change(centre, ChainLink, ChainLink.link == receipts[1].link, link="0" * 64)
    assert verify_receipt(centre.database, receipts[1].code, receipts[1].link).outcome == CHANGED


def test_a_mistyped_receipt_is_not_taken_for_a_changed_record(centre):
    one, other = (centre.file() for _ in range(2))
    assert verify_receipt(centre.database, one.code, other.link).outcome == OTHER_LINK
    assert verify_receipt(centre.database, one.code, "").outcome == OTHER_LINK
    assert verify_receipt(centre.database, "PA-0000-0000-0000", one.link).outcome == UNKNOWN
    assert verify_receipt(centre.database, "không phải mã", one.link).outcome == UNKNOWN


@ON_SQLITE
def test_letters_that_are_none_are_a_finding_not_an_error(centre):
    receipts = file_days(centre)
    with centre.database.transaction() as session:
        for table in ("complaints SET code", "complaint_words SET text", "chain_links SET day", "chain_days SET root"):
            session.connection().exec_driver_sql(f"UPDATE {table} = CAST(X'C3' || rowid AS TEXT)")
    assert len(flaws(centre)) > 10
    assert verify_receipt(centre.database, receipts[0].code, receipts[0].link).outcome == UNKNOWN


@ON_SQLITE
def test_the_command_says_in_sentences_what_it_found(centre, tmp_path):
    receipts = file_days(centre)
    settings = make_settings(tmp_path)
    whole = CliRunner().invoke(complaints, ["verify"], obj=settings)
    assert (whole.exit_code, whole.output.splitlines()[-1]) == (0, "Nothing was changed.")
    centre.change(receipts[1].code, office="UBND xã khác")
    broken = CliRunner().invoke(complaints, ["verify"], obj=settings)
    assert broken.exit_code == 1
    assert f"{receipts[1].code}: It is not what was filed" in broken.output


@ON_SQLITE
def test_the_command_checks_one_receipt(centre, tmp_path):
    receipts = file_days(centre)
    settings = make_settings(tmp_path)

    def run(*arguments):
        return CliRunner().invoke(complaints, ["verify", *arguments], obj=settings)

    fine = run(receipts[0].code, "--link", receipts[0].link)
    assert (fine.exit_code, receipts[2].link in fine.output) == (0, True)
    assert run(receipts[0].code, "--link", receipts[1].link).exit_code == 1
    assert run(receipts[0].code).exit_code == 2
