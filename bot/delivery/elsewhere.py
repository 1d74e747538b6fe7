"""A notice that does not arrive where it was meant to, sent to the same person on another channel."""

from __future__ import annotations

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import cipher_of
from bot.delivery import correspondents, outbox
from bot.delivery.model import OutboxMessage


def send_elsewhere(session: Session, row_id: int, sent_to: bool = False) -> bool:
    """Send a notice, once, to another conversation of the same person; returns whether there is one.

    Args:
        sent_to: only to channels that are sent to.
    """
    row = session.get(OutboxMessage, row_id)
    if row is None or row.inbox_id is not None or row.origin_id is not None:
        return False
    other = correspondents.best_other(session, row.conversation, sent_to)
    known = select(OutboxMessage.id).where(OutboxMessage.origin_id == row_id)
    if other is None or session.execute(known).first():
        return False
    copy = outbox.enqueue(session, other, [outbox.read_reply(cipher_of(session), row.body)])[0]
    session.execute(update(OutboxMessage).where(OutboxMessage.id == copy).values(origin_id=row_id))
    return True
