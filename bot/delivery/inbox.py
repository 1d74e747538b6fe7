"""The durable inbox: what arrived, exactly once, worked off in order within each conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from bot.database import Database, cipher_of, now, take_turn
from bot.delivery.model import CLAIMED, DONE, FAILED, PENDING, InboxMessage

LEASE = timedelta(seconds=90)


class LostClaimError(Exception):
    """A worker took longer than its lease, and the message is somebody else's now."""


@dataclass(frozen=True)
class Arrival:
    """A message as a channel hands it over.

    Attributes:
        external_key: the channel's own unique id of it; a second arrival under the same key is dropped.
        text: what the citizen typed or tapped, verbatim.
        payload: what the tapped button stands for, None for typed text.
    """

    channel: str
    external_key: str
    conversation: str
    text: str
    payload: str | None = None


@dataclass(frozen=True)
class Claim:
    """A message being worked on by one worker."""

    id: int
    channel: str
    conversation: str
    text: str
    payload: str | None
    attempts: int
    first_attempt_at: datetime


def accept(database: Database, arrival: Arrival) -> tuple[int, bool]:
    """Store a message. Returns its id and whether it is new; once this returns it is on disk."""
    try:
        with database.transaction() as session:
            # The order of a conversation is that of its ids: none may appear after a later one was taken.
            take_turn(session, f"inbox:{arrival.conversation}")
            row = InboxMessage(
                channel=arrival.channel,
                external_key=arrival.external_key,
                conversation=arrival.conversation,
                body=database.cipher.seal(arrival.text),
                payload=arrival.payload,
            )
            session.add(row)
            session.flush()
            return row.id, True
    except IntegrityError:
        with database.transaction() as session:
            same = (InboxMessage.channel == arrival.channel, InboxMessage.external_key == arrival.external_key)
            return session.execute(select(InboxMessage.id).where(*same)).scalar_one(), False


def claim_next(database: Database) -> Claim | None:
    """Take the oldest message that may be worked on: due, and first of its conversation's unfinished ones."""
    with database.reading() as session:
        unfinished = select(InboxMessage.id).where(InboxMessage.state.in_((PENDING, CLAIMED))).limit(1)
        if session.execute(unfinished).first() is None:
            return None
    with database.transaction() as session:
        earlier = aliased(InboxMessage)
        unfinished_before = exists().where(
            earlier.conversation == InboxMessage.conversation,
            earlier.id < InboxMessage.id,
            earlier.state.in_((PENDING, CLAIMED)),
        )
        moment = now()
        due = (InboxMessage.state == PENDING) & (InboxMessage.next_attempt_at <= moment)
        abandoned = (InboxMessage.state == CLAIMED) & (InboxMessage.claimed_until < moment)
        row = session.execute(
            select(InboxMessage)
            .where(due | abandoned, ~unfinished_before)
            .order_by(InboxMessage.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).scalar_one_or_none()
        if row is None:
            return None
        row.state = CLAIMED
        row.claimed_until = moment + LEASE
        row.attempts += 1
        row.first_attempt_at = row.first_attempt_at or moment
        text = cipher_of(session).unseal(row.body)
        return Claim(row.id, row.channel, row.conversation, text, row.payload, row.attempts, row.first_attempt_at)


def finish(session: Session, claim: Claim) -> None:
    """Mark a message as answered, in the transaction that stores the answers.

    Raises:
        LostClaimError: the claim is no longer this worker's.
    """
    _end(session, claim, state=DONE)


def retry_later(database: Database, claim: Claim, delay: float) -> None:
    """Give a message back, to be tried again after `delay` seconds.

    Raises:
        LostClaimError: the claim is no longer this worker's.
    """
    with database.transaction() as session:
        _end(session, claim, state=PENDING, next_attempt_at=now() + timedelta(seconds=delay))


def set_aside(session: Session, claim: Claim, reason: str) -> None:
    """Give a message up for good, with the reason staff will see.

    Raises:
        LostClaimError: the claim is no longer this worker's.
    """
    _end(session, claim, state=FAILED, reason=reason)


def release_claims(database: Database) -> int:
    """Give back what a killed program held. Only right where no other program works on this inbox."""
    with database.transaction() as session:
        held = update(InboxMessage).where(InboxMessage.state == CLAIMED)
        released: int = session.execute(held.values(state=PENDING, claimed_until=None)).rowcount
        return released


def is_busy(session: Session, conversation: str) -> bool:
    """Whether a conversation has a message that still waits for its answer."""
    waiting = (InboxMessage.conversation == conversation, InboxMessage.state.in_((PENDING, CLAIMED)))
    return session.execute(select(InboxMessage.id).where(*waiting).limit(1)).first() is not None


def _end(session: Session, claim: Claim, **values: object) -> None:
    # The number of attempts tells this claim from a later one of the same message.
    own = (
        InboxMessage.id == claim.id,
        InboxMessage.state == CLAIMED,
        InboxMessage.attempts == claim.attempts,
    )
    if not session.execute(update(InboxMessage).where(*own).values(claimed_until=None, **values)).rowcount:
        raise LostClaimError(f"inbox {claim.id}: attempt {claim.attempts} is over")
