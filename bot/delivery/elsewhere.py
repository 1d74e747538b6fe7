"""A notice that does not arrive where it was meant to, sent to the same person on another channel."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of
from bot.delivery import correspondents, outbox
from bot.delivery.holding import carried_by
from bot.delivery.model import CLAIMED, OutboxMessage


def send_elsewhere(session: Session, row_id: int, sent_to: bool = False) -> bool:
    """Send a notice, once, to another conversation of the same person; returns whether there is one.

    Args:
        sent_to: only to channels that are sent to.
    """
    row = session.get(OutboxMessage, row_id)
    other = _other_way(session, row, sent_to) if row else None
    if row is None or other is None:
        return False
    copy = outbox.enqueue(session, other, [outbox.read_reply(cipher_of(session), row.body)])[0]
    session.execute(update(OutboxMessage).where(OutboxMessage.id == copy).values(origin_id=row_id))
    return True


def may_go_elsewhere(database: Database, conversation: str) -> bool:
    """Whether what is just being tried there would go to another channel that is sent to, if it had to wait."""
    with database.reading() as session:
        trying = (OutboxMessage.conversation == conversation, OutboxMessage.state == CLAIMED)
        row = session.execute(select(OutboxMessage).where(*trying).limit(1)).scalar_one_or_none()
        if row is None or row.parts_sent or carried_by(session, [conversation], [row.id]):
            return False
        return _other_way(session, row, sent_to=True) is not None


def _other_way(session: Session, row: OutboxMessage, sent_to: bool) -> str | None:
    """Where a notice can go in place of its own conversation; nothing goes a second time."""
    if row.origin_id is not None or not outbox.is_notice(session, row):
        return None
    known = select(OutboxMessage.id).where(OutboxMessage.origin_id == row.id)
    return None if session.execute(known).first() else correspondents.best_other(session, row.conversation, sent_to)
