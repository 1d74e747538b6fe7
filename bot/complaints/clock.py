"""What time alone does to complaints: dates that pass, citizens who are silent, answers that nobody objected to.

Each function may run at any moment, twice, or be killed half-way: every complaint is one transaction of its own, and
what was done to it before is seen in it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot.complaints import notices
from bot.complaints.casework import record, step
from bot.complaints.lifecycle import ANSWERED, CLOSED, MOST_REOPENINGS, NEEDS_INFORMATION, OPEN, SYSTEM
from bot.complaints.model import Complaint, ComplaintMove, ComplaintNotice
from bot.complaints.rules import Rules
from bot.complaints.workdays import VIET_NAM
from bot.database import Database, now
from bot.delivery.model import DELIVERED, OutboxMessage

OVERDUE, REMINDED, NO_OBJECTION = "overdue", "reminded", "no_objection"
AT_ONCE = 500


def tell_overdue(database: Database, today: date, at_once: int = AT_ONCE) -> int:
    """Tell citizens, once for each date, that it has passed without an answer; returns how many.

    Args:
        at_once: complaints that are looked up together.
    """
    late = (
        Complaint.state.in_(OPEN),
        Complaint.due_on < today,
        Complaint.waiting_since.is_(None),
        Complaint.overdue_told_at.is_(None),
        Complaint.erased_at.is_(None),
    )

    def tell(session: Session, complaint: Complaint) -> None:
        complaint.overdue_told_at = now()
        record(complaint, complaint.state, SYSTEM, "", OVERDUE)
        notices.tell_overdue(session, complaint)

    return _each(database, late, tell, at_once)


def ask_again(database: Database, rules: Rules, today: date) -> int:
    """Remind citizens, once, of what the centre asked and still waits for; returns how many. Nothing is closed."""
    if rules.remind_after_days is None:
        return 0
    reminded = (
        select(ComplaintMove.id)
        .where(ComplaintMove.complaint_id == Complaint.id, ComplaintMove.reason == REMINDED)
        .where(ComplaintMove.moved_at >= Complaint.waiting_since)
    )
    silent = (
        Complaint.state == NEEDS_INFORMATION,
        Complaint.waiting_since < _end_of(today - timedelta(days=rules.remind_after_days)),
        Complaint.erased_at.is_(None),
        ~reminded.exists(),
    )

    def remind(session: Session, complaint: Complaint) -> None:
        asked = [move for move in complaint.moves if move.to_state == NEEDS_INFORMATION != move.from_state]
        record(complaint, complaint.state, SYSTEM, "", REMINDED)
        notices.tell_reminder(session, complaint, asked[-1].note or "")

    return _each(database, silent, remind)


def close_answered(database: Database, rules: Rules, today: date) -> int:
    """Close what was answered, when nothing was said or done since and the answer has arrived; returns how many.

    An answer that never reached the citizen stays open to them, and stands in the list of what did not arrive.
    """
    days = rules.close_after_days
    if days is None:
        return 0
    before = _end_of(today - timedelta(days=days))
    something_since = select(ComplaintMove.id).where(
        ComplaintMove.complaint_id == Complaint.id, ComplaintMove.moved_at >= before
    )
    answers = (
        select(func.max(ComplaintNotice.outbox_id))
        .join(OutboxMessage, OutboxMessage.id == ComplaintNotice.outbox_id)
        .where(ComplaintNotice.complaint_id == Complaint.id, ComplaintNotice.about == ANSWERED)
        .where(OutboxMessage.conversation == Complaint.conversation)
        .correlate(Complaint)
        .scalar_subquery()
    )
    arrived = select(OutboxMessage.id).where(
        or_(OutboxMessage.id == answers, OutboxMessage.origin_id == answers),
        OutboxMessage.state == DELIVERED,
        OutboxMessage.delivered_at < before,
    )
    settled = (Complaint.state == ANSWERED, ~something_since.exists(), arrived.exists())

    def close(session: Session, complaint: Complaint) -> None:
        step(session, rules, complaint, CLOSED, SYSTEM, SYSTEM, reason=NO_OBJECTION, tell=False)
        if complaint.erased_at is None:
            notices.tell_closed(session, complaint, days, complaint.reopened < MOST_REOPENINGS)

    return _each(database, settled, close)


def _each(
    database: Database, wanted: tuple[Any, ...], work: Callable[[Session, Complaint], None], at_once: int = AT_ONCE
) -> int:
    """Do something to each complaint that is wanted, and still is when it is locked."""
    done = last = 0
    while True:
        with database.reading() as session:
            page = select(Complaint.id).where(Complaint.id > last, *wanted).order_by(Complaint.id).limit(at_once)
            ids = session.execute(page).scalars().all()
        if not ids:
            return done
        for last in ids:
            with database.transaction() as session:
                done += _if_still(session, last, wanted, work)


def _if_still(
    session: Session, complaint_id: int, wanted: tuple[Any, ...], work: Callable[[Session, Complaint], None]
) -> bool:
    locked = select(Complaint).where(Complaint.id == complaint_id).with_for_update()
    complaint = session.execute(locked).scalar_one_or_none()
    # A statement of its own, after the lock is there: it sees what others did while this one waited.
    still = select(Complaint.id).where(Complaint.id == complaint_id, *wanted)
    if complaint is None or session.execute(still).first() is None:
        return False
    work(session, complaint)
    return True


def _end_of(day: date) -> datetime:
    """The moment at which a day in Viet Nam is over."""
    return datetime.combine(day + timedelta(days=1), time(), VIET_NAM)
