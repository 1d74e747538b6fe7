"""The conversation around a complaint: what the citizen and the bot said shortly before it was filed, and since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.complaints.errors import MissingTextError
from bot.complaints.masking import mask_values
from bot.complaints.model import Complaint
from bot.complaints.reading import Look, find, record_opening
from bot.database import Database, cipher_of
from bot.delivery.model import InboxMessage, OutboxMessage
from bot.delivery.outbox import read_reply

TALK = "talk"
# Filing takes minutes; a question of another day is no officer's business.
BEFORE, AFTER = timedelta(hours=1), timedelta(days=30)
MOST = 60


@dataclass(frozen=True)
class Said:
    """One message; personal values are masked."""

    at: datetime
    by_citizen: bool
    text: str


def see_talk(database: Database, code: str, look: Look) -> tuple[Said, ...]:
    """What was said around a complaint, oldest first; who opened it and why is recorded.

    Raises:
        UnknownComplaintError: there is no such complaint that this officer may know of.
        MissingTextError: no reason is given.
    """
    look.check()
    if not look.why.strip():
        raise MissingTextError("Say why it is opened; the reason is kept.")
    with database.transaction() as session:
        row = find(session, code, look)
        record_opening(session, row, look, TALK)
        cipher = cipher_of(session)
        told = [
            Said(at, True, cipher.unseal(body)) for at, body in _near(session, row, InboxMessage, "received_at")
        ] + [
            Said(at, False, read_reply(cipher, body).text)
            for at, body in _near(session, row, OutboxMessage, "created_at")
        ]
    told.sort(key=lambda one: (one.at, not one.by_citizen))
    return tuple(Said(one.at, one.by_citizen, mask_values(one.text)) for one in told)


def _near(session: Session, row: Complaint, table: Any, when: str) -> list[tuple[datetime, bytes]]:
    at = getattr(table, when)
    within = (table.conversation == row.conversation, at >= row.created_at - BEFORE, at <= row.created_at + AFTER)
    return list(session.execute(select(at, table.body).where(*within).order_by(table.id).limit(MOST)).all())
