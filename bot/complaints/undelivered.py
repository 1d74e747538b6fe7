"""Notices that did not arrive: not fetched for days, held until the citizen writes, or refused, wherever they went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import aliased

from bot.complaints.model import Complaint, ComplaintNotice
from bot.complaints.visibility import Viewer, conditions
from bot.database import Database, now
from bot.delivery import correspondents
from bot.delivery.elsewhere import standing
from bot.delivery.model import FAILED, HELD, PENDING, OutboxMessage

UNREAD = "unread"
UNREAD_AFTER = timedelta(days=3)
PAGE = 100


@dataclass(frozen=True)
class Undelivered:
    """One notice that did not arrive.

    Attributes:
        id: of the notice, to read on after it.
        about: the state it told of, or "overdue", "reminder".
        state: "unread", "held" or "failed".
        channel: where the citizen wrote from, such as "web".
        follower: whether it was for somebody who joined, not for the one who filed.
        reason: a short name of why it is held or failed, such as "window_closed"; None where there is none.
        outbox_id: the message under which it was tried last.
        reachable: whether the citizen is there, as far as is known: came back, or never was gone.
    """

    id: int
    code: str
    about: str
    told_at: datetime
    state: str
    channel: str
    follower: bool
    reason: str | None = None
    outbox_id: int = 0
    reachable: bool = True


def undelivered(
    database: Database,
    older_than: timedelta = UNREAD_AFTER,
    after: int = 0,
    limit: int = PAGE,
    restricted: bool = False,
    viewer: Viewer | None = None,
) -> list[Undelivered]:
    """Notices that are still waiting after so long, are held, or failed; oldest first, a page at a time.

    Args:
        after: the id of the last notice of the page before.
        restricted: whether denunciations are shown, too.
        viewer: what the officer may know of; None is whoever reaches the database itself.
    """
    # What was sent on to another conversation of the citizen counts as it ended there.
    copy = aliased(OutboxMessage)
    lost, lost_copy = (_did_not_arrive(table, now() - older_than) for table in (OutboxMessage, copy))
    found = (
        select(ComplaintNotice, OutboxMessage, Complaint, copy)
        .join(OutboxMessage, OutboxMessage.id == ComplaintNotice.outbox_id)
        .join(Complaint, Complaint.id == ComplaintNotice.complaint_id)
        .outerjoin(copy, copy.origin_id == OutboxMessage.id)
        .where(ComplaintNotice.id > after, lost, or_(copy.id.is_(None), lost_copy))
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
                _state(stands.state),
                stands.channel,
                told.conversation != complaint.conversation,
                stands.reason,
                stands.id,
                correspondents.reachable(session, stands.conversation),
            )
            for notice, told, complaint, copy_told in session.execute(found)
            for stands in [standing(told, copy_told)]
        ]


def _did_not_arrive(table: Any, before: datetime) -> Any:
    return or_(table.state.in_((FAILED, HELD)), and_(table.state == PENDING, table.created_at < before))


def _state(state: str) -> str:
    return state if state in (FAILED, HELD) else UNREAD


def mark(state: str, told_at: datetime) -> str:
    """How a notice stands: "delivered", "failed", "held", "pending", or "unread" when it has waited for too long."""
    return UNREAD if state == PENDING and told_at < now() - UNREAD_AFTER else state
