"""Messages that were set aside: what staff see of them, and putting them back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from bot.database import Database, now
from bot.delivery.model import AS_FAILED, FAILED, PENDING, InboxMessage, OutboxMessage


@dataclass(frozen=True)
class Failed:
    """A message that was set aside, as staff see it: nothing of what it says, nor whose it is."""

    id: int
    channel: str
    kind: str
    attempts: int
    reason: str
    received_at: datetime


def replay(database: Database, inbox_id: int) -> bool:
    """Put a message that was set aside back in its place, with fresh patience; returns whether it was set aside.

    What Rasa may have recorded of it is asked for first, because it counts as tried.
    """
    with database.transaction() as session:
        failed = (InboxMessage.id == inbox_id, InboxMessage.state == FAILED)
        again = {"state": PENDING, "reason": None, "first_attempt_at": None, "next_attempt_at": now()}
        if not session.execute(update(InboxMessage).where(*failed).values(**again)).rowcount:
            return False
        # What was said in place of an answer is none.
        said = update(OutboxMessage).where(OutboxMessage.inbox_id == inbox_id)
        session.execute(said.values(inbox_id=None))
        return True


def list_failed(database: Database, limit: int = 50, channel: str | None = None) -> list[Failed]:
    """Messages that were set aside, newest first."""
    columns = ("id", "channel", "kind", "attempts", "reason", "received_at")
    failed = select(*(getattr(InboxMessage, name) for name in columns)).where(InboxMessage.state == AS_FAILED)
    if channel:
        failed = failed.where(InboxMessage.channel == channel)
    newest = failed.order_by(InboxMessage.received_at.desc(), InboxMessage.id.desc()).limit(limit)
    with database.reading() as session:
        return [Failed(*row) for row in session.execute(newest)]
