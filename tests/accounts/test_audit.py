from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, update

from bot.accounts import audit
from bot.accounts.model import AuditEntry


def act(database, number):
    with database.transaction() as session:
        audit.record(session, f"Cán bộ {number}", "complaint.move", f"PA-{number}", "in_progress")


@pytest.fixture
def log(database):
    for number in range(5):
        act(database, number)
    return database


def test_an_untouched_log_fits(log):
    verdict = audit.verify(log)
    assert (verdict.entries, verdict.broken) == (5, None)


@pytest.mark.parametrize("column", ["by", "act", "subject", "detail", "previous", "digest"])
def test_a_changed_entry_is_found(log, column):
    with log.transaction() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(**{column: "x"}))
    assert audit.verify(log).broken == 3


def test_a_later_moment_is_found(log):
    with log.transaction() as session:
        session.execute(update(AuditEntry).where(AuditEntry.id == 3).values(done_at=audit.now()))
    assert audit.verify(log).broken == 3


@pytest.mark.parametrize(("gone", "noticed"), [(1, 2), (3, 4)])
def test_an_entry_that_was_taken_out_is_found(log, gone, noticed):
    with log.transaction() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == gone))
    assert audit.verify(log).broken == noticed


def test_an_end_that_was_cut_off_is_found_by_what_was_noted(log):
    noted = audit.verify(log).last
    with log.transaction() as session:
        session.execute(delete(AuditEntry).where(AuditEntry.id == 5))
    assert audit.verify(log).broken is None
    assert audit.verify(log, noted).broken == 5


def test_acts_at_the_same_moment_stand_one_after_the_other(database):
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(lambda number: act(database, number), range(24)))
    verdict = audit.verify(database)
    assert (verdict.entries, verdict.broken) == (24, None)


def test_an_act_that_failed_is_not_in_the_log(database):
    with pytest.raises(ZeroDivisionError):
        act_and_fail(database)
    assert audit.list_entries(database) == []


def act_and_fail(database):
    with database.transaction() as session:
        audit.record(session, "Hoa", "complaint.move", "PA-1")
        raise ZeroDivisionError


def test_the_log_is_read_a_page_at_a_time_newest_first(log):
    first = audit.list_entries(log, limit=2)
    second = audit.list_entries(log, before=first[-1].id, limit=2)
    assert [one.subject for one in (*first, *second)] == ["PA-4", "PA-3", "PA-2", "PA-1"]
    assert [one.by for one in audit.list_entries(log, subject="PA-2")] == ["Cán bộ 2"]
