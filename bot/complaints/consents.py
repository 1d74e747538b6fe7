"""What citizens agreed to: each purpose by itself, off until they say yes, ended whenever they like."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.complaints.model import Consent
from bot.database import cipher_of, now, take_turn

# Use of what was asked in improving the bot.
IMPROVE = "improve"


def give(session: Session, conversation: str, purpose: str) -> None:
    """Keep that a citizen agrees, from now on; once, however often they say so."""
    take_turn(session, f"consents:{conversation}")
    if not has_consent(session, conversation, purpose):
        session.add(Consent(conversation=conversation, purpose=purpose, given_at=now()))
        session.flush()


def refuse(session: Session, conversation: str, purpose: str) -> None:
    """Keep that a citizen was asked and said no, so that nobody asks again: an agreement that lasted no time."""
    withdraw(session, conversation, purpose)
    if not was_asked(session, conversation, purpose):
        at = now()
        session.add(Consent(conversation=conversation, purpose=purpose, given_at=at, withdrawn_at=at))
        session.flush()


def withdraw(session: Session, conversation: str, purpose: str | None = None) -> int:
    """End an agreement, or all of a citizen's; returns how many ended."""
    running = update(Consent).where(Consent.conversation == conversation, Consent.withdrawn_at.is_(None))
    if purpose:
        running = running.where(Consent.purpose == purpose)
    ended = running.values(withdrawn_at=now()).execution_options(synchronize_session="fetch")
    return int(session.execute(ended).rowcount)


def has_consent(session: Session, conversation: str, purpose: str) -> bool:
    """Whether a citizen agrees to a purpose at this moment."""
    running = select(Consent.id).where(
        Consent.conversation == conversation, Consent.purpose == purpose, Consent.withdrawn_at.is_(None)
    )
    return session.execute(running.limit(1)).first() is not None


def was_asked(session: Session, conversation: str, purpose: str) -> bool:
    """Whether a citizen ever answered, before an erasure too."""
    names = (conversation, fingerprint(session, conversation))
    answered = select(Consent.id).where(Consent.conversation.in_(names), Consent.purpose == purpose)
    return session.execute(answered.limit(1)).first() is not None


def history(session: Session, conversation: str) -> tuple[tuple[str, datetime, datetime | None], ...]:
    """(purpose, from, to) of everything a citizen agreed to; refusals left out."""
    rows = select(Consent).where(Consent.conversation == conversation).order_by(Consent.id)
    return tuple(
        (row.purpose, row.given_at, row.withdrawn_at)
        for row in session.execute(rows).scalars()
        if row.withdrawn_at != row.given_at
    )


def fingerprint(session: Session, conversation: str) -> str:
    """What stands for a conversation after its erasure: the same one is known again, nobody is found by it."""
    return f"erased:{cipher_of(session).digest(f'conversation:{conversation}')[:40]}"
