"""Notices that did not arrive: not fetched by the citizen's channel for days, or refused by it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from bot.complaints.model import Complaint, ComplaintNotice
from bot.complaints.visibility import Viewer, conditions
from bot.database import Database, now
from bot.delivery.model import FAILED, PENDING, OutboxMessage

UNREAD = "unread"
UNREAD_AFTER = timedelta(days=3)
PAGE = 100


@dataclass(frozen=True)
class Undelivered:
    """One notice that did not arrive.

    Attributes:
        id: of the notice, to read on after it.
        about: the state it told of, or "overdue", "reminder".
        state: "unread" or "failed".
        channel: where the citizen wrote from, such as "web".
        follower: whether it was for somebody who joined, not for the one who filed.
    """

    id: int
    code: str
    about: str
    told_at: datetime
    state: str
    channel: str
    follower: bool


def undelivered(
    database: Database,
    older_than: timedelta = UNREAD_AFTER,
    after: int = 0,
    limit: int = PAGE,
    restricted: bool = False,
    viewer: Viewer | None = None,
) -> list[Undelivered]:
    """Notices that are still waiting after so long, or failed; oldest first, a page at a time.

    Args:
        after: the id of the last notice of the page before.
        restricted: whether denunciations are shown, too.
        viewer: what the officer may know of; None is whoever reaches the database itself.
    """
    waiting = and_(OutboxMessage.state == PENDING, OutboxMessage.created_at < now() - older_than)
    found = (
        select(ComplaintNotice, OutboxMessage, Complaint)
        .join(OutboxMessage, OutboxMessage.id == ComplaintNotice.outbox_id)
        .join(Complaint, Complaint.id == ComplaintNotice.complaint_id)
        .where(ComplaintNotice.id > after, or_(OutboxMessage.state == FAILED, waiting))
        .where(Complaint.erased_at.is_(None), *conditions(viewer))
        .order_by(ComplaintNotice.id)
        .limit(limit)
    )
    if not restricted:
        found = found.where(Complaint.restricted.is_(False))
    with database.reading() as session:
        return [
            Undelivered(
                notice.id,
                complaint.code,
                notice.about,
                told.created_at,
                UNREAD if told.state == PENDING else told.state,
                told.conversation.split(":")[0],
                told.conversation != complaint.conversation,
            )
            for notice, told, complaint in session.execute(found)
        ]


def mark(state: str, told_at: datetime) -> str:
    """How a notice stands: "delivered", "failed", "pending", or "unread" when it has waited for too long."""
    return UNREAD if state == PENDING and told_at < now() - UNREAD_AFTER else state
