"""The durable inbox: what arrived, exactly once, worked off in order within each conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from bot.database import Database, cipher_of, now, take_turn
from bot.delivery import correspondents
from bot.delivery.model import CLAIMED, DONE, FAILED, PENDING, Attachment, InboxMessage, OutboxMessage

LEASE = timedelta(seconds=90)
# The kind of arrival by which a channel says that the citizen has left or blocked it.
LEFT = "unfollow"


class LostClaimError(Exception):
    """A worker took longer than its lease, and the message is somebody else's now."""


@dataclass(frozen=True)
class File:
    """A file of a message, as its channel tells of it.

    Attributes:
        kind: "image", "file", "voice" or "video".
        reference: what the channel's adapter fetches it by.
        size: bytes as the channel says, None when it does not.
    """

    kind: str
    reference: str
    name: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Arrival:
    """A message as a channel hands it over.

    Attributes:
        external_key: the channel's own unique id of it; a second arrival under the same key is dropped.
        text: what the citizen typed or tapped, verbatim.
        payload: what the tapped button stands for, None for typed text.
        kind: "text" for what Rasa answers (typed, tapped, captions), otherwise what it is, such as "image", "file",
            "voice", "video", "location", "sticker", "edited", "follow", "unfollow", "unsupported".
        files: what came with it, still at the channel.
    """

    channel: str
    external_key: str
    conversation: str
    text: str
    payload: str | None = None
    kind: str = "text"
    files: tuple[File, ...] = ()


@dataclass(frozen=True)
class Claim:
    """A message being worked on by one worker."""

    id: int
    channel: str
    conversation: str
    text: str
    payload: str | None
    kind: str
    attempts: int
    first_attempt_at: datetime


@dataclass(frozen=True)
class Failed:
    """A message that was set aside, as staff see it: nothing of what it says, nor whose it is."""

    id: int
    channel: str
    kind: str
    attempts: int
    reason: str
    received_at: datetime


def accept(database: Database, arrival: Arrival) -> tuple[int, bool]:
    """Store a message. Returns its id and whether it is new; once this returns it is on disk."""
    try:
        with database.transaction() as session:
            take_turn(session, _turn_of(arrival))
            return _insert(session, arrival), True
    except IntegrityError:
        with database.transaction() as session:
            return _ids_of(session, [arrival])[_key_of(arrival)], False


def accept_many(database: Database, arrivals: Sequence[Arrival]) -> list[tuple[int, bool]]:
    """Store messages in one transaction, in their order; for each what `accept` returns."""
    try:
        with database.transaction() as session:
            # In the same order everywhere, or two programs could wait for each other.
            for turn in sorted({_turn_of(arrival) for arrival in arrivals}):
                take_turn(session, turn)
            return _insert_new(session, arrivals)
    except IntegrityError:
        # Another program stored one of them in the same moment.
        return [accept(database, arrival) for arrival in arrivals]


def _insert_new(session: Session, arrivals: Sequence[Arrival]) -> list[tuple[int, bool]]:
    known = _ids_of(session, arrivals)
    stored = []
    for arrival in arrivals:
        key = _key_of(arrival)
        new = key not in known
        if new:
            known[key] = _insert(session, arrival)
        stored.append((known[key], new))
    return stored


def _insert(session: Session, arrival: Arrival) -> int:
    cipher = cipher_of(session)
    row = InboxMessage(
        channel=arrival.channel,
        external_key=arrival.external_key,
        conversation=arrival.conversation,
        body=cipher.seal(arrival.text),
        payload=arrival.payload,
        kind=arrival.kind,
    )
    session.add(row)
    session.flush()
    if arrival.kind == LEFT:
        correspondents.gone(session, arrival.conversation, "left")
    else:
        correspondents.heard(session, arrival.conversation)
    for position, file in enumerate(arrival.files):
        session.add(
            Attachment(
                inbox_id=row.id,
                position=position,
                channel=arrival.channel,
                conversation=arrival.conversation,
                kind=file.kind,
                reference=cipher.seal(file.reference),
                name=cipher.seal(file.name),
                size=file.size,
            )
        )
    return int(row.id)


def _ids_of(session: Session, arrivals: Sequence[Arrival]) -> dict[tuple[str, str], int]:
    keys = [_key_of(arrival) for arrival in arrivals]
    stored = select(InboxMessage.channel, InboxMessage.external_key, InboxMessage.id)
    stored = stored.where(tuple_(InboxMessage.channel, InboxMessage.external_key).in_(keys))
    return {(channel, key): row_id for channel, key, row_id in session.execute(stored)}


def _key_of(arrival: Arrival) -> tuple[str, str]:
    return arrival.channel, arrival.external_key


def _turn_of(arrival: Arrival) -> str:
    # The order of a conversation is that of its ids: none may appear after a later one was taken.
    return f"inbox:{arrival.conversation}"


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
        return Claim(
            row.id, row.channel, row.conversation, text, row.payload, row.kind, row.attempts, row.first_attempt_at
        )


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
    failed = select(*(getattr(InboxMessage, name) for name in columns)).where(InboxMessage.state == FAILED)
    if channel:
        failed = failed.where(InboxMessage.channel == channel)
    with database.reading() as session:
        return [Failed(*row) for row in session.execute(failed.order_by(InboxMessage.id.desc()).limit(limit))]


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
