"""What a conversation has to do with complaints: those it filed, and those of others that it may join."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from bot.complaints.coach import shared_words
from bot.complaints.kinds import Kind
from bot.complaints.lifecycle import CLOSED
from bot.complaints.model import Complaint
from bot.complaints.queries import similar
from bot.database import Database
from bot.delivery.correspondents import conversations_of
from bot.text.codes import find_receipt_code

MOST_OFFERED = 3


@dataclass(frozen=True)
class Offer:
    """Somebody's open complaint as others may see it: none of its words, no place, nobody.

    Attributes:
        words: phrases of our dictionary that both have.
    """

    code: str
    filed_at: datetime
    words: tuple[str, ...]


@dataclass(frozen=True)
class Own:
    """One complaint of this conversation."""

    code: str
    kind: str
    state: str
    end_reason: str | None
    rating: int | None
    reopened: int
    filed_at: datetime


def offers_for(
    database: Database, conversation: str, kind: Kind, text: str, province: str | None = None
) -> list[Offer]:
    """Open complaints of others that this one may join; none for kinds about persons or of another province."""
    if not kind.joinable:
        return []
    near = similar(database, kind.key, text, 2 * MOST_OFFERED, province)
    with database.reading() as session:
        mine = conversations_of(session, conversation)
    others = [row for row in near if row.conversation not in mine]
    return [
        Offer(row.code, row.created_at, shared_words(kind.hints, text, row.folded or ""))
        for row in others[:MOST_OFFERED]
    ]


def own_complaints(database: Database, conversation: str, limit: int = MOST_OFFERED) -> list[Own]:
    """What the person of a conversation filed, newest first; what was erased is gone."""
    with database.reading() as session:
        mine = conversations_of(session, conversation)
        own = select(Complaint).where(Complaint.conversation.in_(mine), Complaint.erased_at.is_(None))
        return [_own(row) for row in session.execute(own.order_by(Complaint.id.desc()).limit(limit)).scalars()]


def open_codes(database: Database, conversation: str, limit: int = MOST_OFFERED) -> list[str]:
    """The codes of what the person of a conversation filed and is still being worked on, newest first."""
    with database.reading() as session:
        mine = conversations_of(session, conversation)
        own = (Complaint.conversation.in_(mine), Complaint.erased_at.is_(None), Complaint.state != CLOSED)
        newest = select(Complaint.code).where(*own).order_by(Complaint.id.desc()).limit(limit)
        return list(session.execute(newest).scalars())


def find_own(database: Database, conversation: str, code: str) -> Own | None:
    """The complaint with this code when the person of this conversation filed it, otherwise None."""
    with database.reading() as session:
        mine = conversations_of(session, conversation)
        own = select(Complaint).where(Complaint.code == find_receipt_code(code), Complaint.conversation.in_(mine))
        row = session.execute(own.where(Complaint.erased_at.is_(None))).scalar_one_or_none()
        return _own(row) if row else None


def _own(row: Complaint) -> Own:
    return Own(row.code, row.kind, row.state, row.end_reason, row.rating, row.reopened, row.created_at)
