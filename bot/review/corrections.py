"""Messages whose understanding staff corrected: the words that began feedback which then had to go another way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.complaints.model import Complaint, ComplaintMove
from bot.delivery.model import InboxMessage, Turn

# The end that an officer chooses where it was no feedback: a formal complaint, a denunciation, a question.
OTHER_ROUTE = "other_route"
BEGINNINGS = ("submit_complaint", "submit_suggestion", "submit_praise")
_FORM = "form"


def corrected(session: Session, since: datetime) -> set[int]:
    """The messages (inbox rows) that began what officers have said since then to belong elsewhere.

    Denunciations are never among them, nor anything that was told within the form.
    """
    answered = select(ComplaintMove.complaint_id).where(
        ComplaintMove.reason == OTHER_ROUTE, ComplaintMove.moved_at >= since
    )
    wrong = select(Complaint.conversation, Complaint.filed_by_inbox_id).where(
        Complaint.id.in_(answered),
        Complaint.end_reason == OTHER_ROUTE,
        Complaint.restricted.is_(False),
        Complaint.erased_at.is_(None),
    )
    found = (_beginning(session, conversation, filed) for conversation, filed in session.execute(wrong).all())
    return {number for number in found if number is not None}


def _beginning(session: Session, conversation: str, filed: int) -> int | None:
    """The typed message with which the form began that was filed at a message."""
    earlier = select(func.max(Complaint.filed_by_inbox_id)).where(
        Complaint.conversation == conversation, Complaint.filed_by_inbox_id < filed
    )
    before = session.execute(earlier).scalar() or 0
    turns = (
        select(Turn.inbox_id, Turn.intent, Turn.outcome, InboxMessage.payload)
        .join(InboxMessage, InboxMessage.id == Turn.inbox_id)
        .where(Turn.conversation == conversation, Turn.inbox_id > before, Turn.inbox_id < filed)
        .order_by(Turn.inbox_id)
    )
    last = None
    for number, intent, outcome, payload in session.execute(turns):
        if outcome == _FORM and last != _FORM and intent in BEGINNINGS:
            return None if payload else int(number)
        last = outcome
    return None
