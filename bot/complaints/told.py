"""What a citizen was told about a complaint, and what became of each notice on its way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from bot.complaints.model import Complaint, ComplaintNotice
from bot.complaints.undelivered import mark
from bot.delivery.elsewhere import standing
from bot.delivery.model import OutboxMessage


@dataclass(frozen=True)
class Notice:
    """One notice.

    Attributes:
        about: the state it told of, or "overdue", "reminder".
        state: how it stands (`undelivered.mark`).
        channel: where it went, such as "zalo_oa"; where it ended, when it was sent on to a linked conversation.
        arrived_at: None while it has not.
        reason: why it failed or is held, a short key.
        follower: whether it was for somebody who joined.
    """

    about: str
    at: datetime
    state: str
    channel: str
    arrived_at: datetime | None = None
    reason: str = ""
    follower: bool = False


def notices_of(session: Session, row: Complaint) -> tuple[Notice, ...]:
    """Every notice about a complaint, in the order they were sent."""
    copy = aliased(OutboxMessage)
    told = (
        select(ComplaintNotice.about, OutboxMessage, copy)
        .join(OutboxMessage, OutboxMessage.id == ComplaintNotice.outbox_id)
        .outerjoin(copy, copy.origin_id == OutboxMessage.id)
        .where(ComplaintNotice.complaint_id == row.id)
        .order_by(ComplaintNotice.id)
    )
    found = []
    for about, first, sent_on in session.execute(told):
        last = standing(first, sent_on)
        found.append(
            Notice(
                about,
                first.created_at,
                mark(last.state, last.created_at),
                last.channel,
                last.delivered_at,
                last.reason or "",
                first.conversation != row.conversation,
            )
        )
    return tuple(found)
