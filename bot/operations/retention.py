"""Taking out of every store what has had its time by `knowledge/retention.yml`."""

from __future__ import annotations

import logging
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, func, select, union
from sqlalchemy.orm import Session

from bot.complaints import evidence, privacy
from bot.complaints.erasure import erase_complaint
from bot.complaints.lifecycle import CLOSED, SYSTEM
from bot.complaints.model import (
    Complaint,
    ComplaintJoin,
    ComplaintMove,
    ComplaintNotice,
    ComplaintOpening,
    Evidence,
    PrivacyRequest,
)
from bot.complaints.retention import Retention
from bot.database import now
from bot.delivery import erase
from bot.delivery.model import Attachment, Correspondent, InboxMessage, LinkCode, OutboxMessage, Turn, VaultEntry
from bot.delivery.rasa import RasaError
from bot.operations.erasure import Stores
from bot.review import writing

logger = logging.getLogger(__name__)

# Rows of one transaction, so that nobody waits long for the database.
BATCH = 500


def run_retention(stores: Stores, periods: Retention, today: date, dry_run: bool = False) -> dict[str, int]:
    """Take out what is too old; returns how much of each store that has a period.

    Args:
        dry_run: only count.

    Returns:
        store → rows; "tracker" (conversations) is left out when Rasa does not answer, the next run takes it up.

    Raises:
        DatabaseError: the rows are gone, but not yet the last of their bytes.
    """
    counts: dict[str, int] = {}
    for store, work in _WORK.items():
        before = periods.before(store, today)
        if before:
            counts[store] = work(stores, before, dry_run)
    if sum(counts.values()) and not dry_run:
        stores.database.scrub()
    before = periods.before("tracker", today)
    if before:
        try:
            counts["tracker"] = stores.ask_rasa(lambda rasa: rasa.forget_before(before, dry_run))
        except RasaError as error:
            logger.warning("retention: the tracker has to wait: %s", error)
    return counts


def _correspondents(stores: Stores, before: datetime, dry_run: bool) -> int:
    needed = union(
        select(Complaint.conversation).where(Complaint.erased_at.is_(None)),
        select(ComplaintJoin.conversation),
        select(Evidence.conversation).where(Evidence.removed_at.is_(None)),
        select(PrivacyRequest.conversation).where(PrivacyRequest.done_at.is_(None)),
    )
    return _rows(stores, Correspondent, erase.old_correspondents(before, needed), dry_run)


def _inbox(stores: Stores, before: datetime, dry_run: bool) -> int:
    return _rows(stores, InboxMessage, erase.old_inbox(before), dry_run)


def _outbox(stores: Stores, before: datetime, dry_run: bool) -> int:
    # What a citizen was told of feedback that still runs, staff must be able to see.
    running = select(ComplaintNotice.outbox_id).join(Complaint).where(Complaint.state != CLOSED)
    return _rows(stores, OutboxMessage, erase.old_outbox(before, running), dry_run)


def _vault(stores: Stores, before: datetime, dry_run: bool) -> int:
    needed = select(Complaint.conversation).where(Complaint.erased_at.is_(None))
    codes = _rows(stores, LinkCode, erase.old_codes(before), dry_run)
    return codes + _rows(stores, VaultEntry, erase.old_values(before, needed), dry_run)


def _turns(stores: Stores, before: datetime, dry_run: bool) -> int:
    return _rows(stores, Turn, erase.old_turns(before), dry_run)


def _unfiled_files(stores: Stores, before: datetime, dry_run: bool) -> int:
    # Those that were never fetched, and what was noted of the others.
    noted = _rows(stores, Attachment, erase.old_attachments(before), dry_run)
    return noted + evidence.sweep_unfiled(stores.database, stores.folder, now() - before, dry_run=dry_run)


def _openings(stores: Stores, before: datetime, dry_run: bool) -> int:
    old = ComplaintOpening.opened_at < before
    with stores.database.transaction() as session:
        if dry_run:
            return erase.count(session, ComplaintOpening, (old,))
        gone = delete(ComplaintOpening).where(old).execution_options(synchronize_session=False)
        return int(session.execute(gone).rowcount)


def _ended_complaints(stores: Stores, before: datetime, dry_run: bool) -> int:
    last = select(func.max(ComplaintMove.moved_at)).where(ComplaintMove.complaint_id == Complaint.id).scalar_subquery()
    old = (Complaint.state == CLOSED, Complaint.erased_at.is_(None), Complaint.created_at < before, last < before)
    with stores.database.reading() as session:
        ended = list(session.execute(select(Complaint.id).where(*old)).scalars())
    for start in range(0, len(ended) if not dry_run else 0, BATCH):
        with stores.database.transaction() as session:
            for complaint in _locked(session, ended[start : start + BATCH], old):
                erase_complaint(session, stores.rules, stores.folder, complaint, SYSTEM)
    return len(ended)


def _locked(session: Session, ids: list[int], still: tuple[Any, ...]) -> list[Complaint]:
    rows = select(Complaint).where(Complaint.id.in_(ids), *still).order_by(Complaint.id).with_for_update(of=Complaint)
    return list(session.execute(rows).scalars())


def _erasure_notices(stores: Stores, before: datetime, dry_run: bool) -> int:
    with stores.database.transaction() as session:
        told = privacy.take_notices(session, before, dry_run)
        if not dry_run:
            erase.drop(session, OutboxMessage, (OutboxMessage.id.in_(told),), len(told))
        return len(told)


def _review(stores: Stores, before: datetime, dry_run: bool) -> int:
    with stores.database.transaction() as session:
        return writing.drop_old(session, before, dry_run)


def _rows(stores: Stores, table: Any, which: tuple[Any, ...], dry_run: bool) -> int:
    if dry_run:
        with stores.database.reading() as session:
            return erase.count(session, table, which)
    dropped, batch = 0, BATCH
    while batch == BATCH:
        with stores.database.transaction() as session:
            batch = erase.drop(session, table, which, BATCH)
        dropped += batch
    return dropped


_WORK = {
    # First: what leads to somebody until this run keeps them until the next, so that a dry run counts the same.
    "correspondents": _correspondents,
    "unfiled_files": _unfiled_files,
    "erasure_notices": _erasure_notices,
    "ended_complaints": _ended_complaints,
    "openings": _openings,
    "inbox": _inbox,
    "outbox": _outbox,
    "vault": _vault,
    "turns": _turns,
    "review": _review,
}
