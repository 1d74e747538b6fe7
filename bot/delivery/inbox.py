"""The durable inbox: what arrived, exactly once, worked off in order within each conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, exists, func, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.database import Database, UtcDateTime, cipher_of, now, take_turn
from bot.delivery import correspondents
from bot.delivery.claims import take
from bot.delivery.model import (
    AS_CLAIMED,
    AS_UNFINISHED,
    CLAIMED,
    DONE,
    FAILED,
    PENDING,
    Attachment,
    Correspondent,
    InboxMessage,
)

LEASE = timedelta(seconds=90)
# Of the kinds of arrivals. By the last but one a channel says that nothing reaches the citizen any more; after the last
# something still may, and the channel's answer to it tells.
TEXT, EDITED, LEFT, UNFOLLOWED = "text", "edited", "left", "unfollow"
_INBOX = InboxMessage.__table__
# Channels need seconds at most for what they bring at the first try, the first repeat comes after 30.
_LATE = timedelta(seconds=10)


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
        kind: "text" for what Rasa answers (typed or tapped), otherwise what it is, such as "image", "file", "voice",
            "video" (their captions are the text), "location" (the text is "10.77690, 106.70090"), "sticker", "edited",
            "follow", "unfollow", "left", "unsupported".
        files: what came with it, still at the channel.
        message_id: what a later correction of it refers to; a correction (kind "edited") has that of its original.
        at: when it happened, where the channel says so and may tell of it late or out of order.
    """

    channel: str
    external_key: str
    conversation: str
    text: str
    payload: str | None = None
    kind: str = TEXT
    files: tuple[File, ...] = ()
    message_id: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Claim:
    """A message being worked on by one worker.

    Attributes:
        written_at: when the citizen wrote it, None where the channel does not say.
        silent: a person of the centre is writing there by hand, so the bot keeps still.
    """

    id: int
    channel: str
    conversation: str
    text: str
    payload: str | None
    kind: str
    attempts: int
    first_attempt_at: datetime
    received_at: datetime
    written_at: datetime | None = None
    silent: bool = False


def accept(database: Database, arrival: Arrival) -> tuple[int, bool]:
    """Store a message. Returns its id and whether it is new; once this returns it is on disk."""
    try:
        with database.transaction(urgent=True) as session:
            take_turn(session, _turn_of(arrival))
            inbox_id = _insert(session, arrival)
            _hear(session, [arrival])
            return inbox_id, True
    except IntegrityError:
        with database.transaction() as session:
            return _ids_of(session, [arrival])[_key_of(arrival)], False


def accept_many(database: Database, arrivals: Sequence[Arrival]) -> list[tuple[int, bool]]:
    """Store messages in one transaction, in their order; for each what `accept` returns."""
    try:
        # A channel waits for this one, and for some no longer than a second.
        with database.transaction(urgent=True) as session:
            # In the same order everywhere, or two programs could wait for each other.
            for turn in sorted({_turn_of(arrival) for arrival in arrivals}):
                take_turn(session, turn)
            return _insert_new(session, arrivals)
    except IntegrityError:
        # Another program stored one of them in the same moment.
        return [accept(database, arrival) for arrival in arrivals]


def _insert_new(session: Session, arrivals: Sequence[Arrival]) -> list[tuple[int, bool]]:
    known = _ids_of(session, arrivals)
    stored, fresh = [], []
    for arrival in arrivals:
        key = _key_of(arrival)
        new = key not in known
        if new:
            known[key] = _insert(session, arrival)
            fresh.append(arrival)
        stored.append((known[key], new))
    _hear(session, fresh)
    return stored


def _hear(session: Session, arrivals: Sequence[Arrival]) -> None:
    """Who wrote can be reached again, who left can't; what each did last counts, in whatever order it came."""
    moment = now()
    last: dict[str, tuple[datetime, str]] = {}
    for arrival in arrivals:
        if arrival.kind == UNFOLLOWED:
            continue
        at = min(arrival.at or moment, moment)
        if arrival.conversation not in last or at >= last[arrival.conversation][0]:
            last[arrival.conversation] = at, arrival.kind
    correspondents.heard_all(session, {name: at for name, (at, kind) in last.items() if kind != LEFT})
    for name, (at, kind) in sorted(last.items()):
        if kind == LEFT:
            correspondents.gone(session, name, "left", at)


def _insert(session: Session, arrival: Arrival) -> int:
    cipher = cipher_of(session)
    answered = arrival.kind == EDITED and _correct(session, arrival)
    row = {
        "channel": arrival.channel,
        "external_key": arrival.external_key,
        "conversation": arrival.conversation,
        "body": cipher.seal(arrival.text),
        "payload": arrival.payload,
        "kind": arrival.files[0].kind if arrival.files and arrival.kind == TEXT else arrival.kind,
        "message_id": arrival.message_id,
        "state": DONE if answered else PENDING,
        "written_at": arrival.at,
    }
    inbox_id = int(session.execute(_new_message(), row).inserted_primary_key[0])
    for position, file in enumerate(arrival.files):
        session.add(
            Attachment(
                inbox_id=inbox_id,
                position=position,
                channel=arrival.channel,
                conversation=arrival.conversation,
                kind=file.kind,
                reference=cipher.seal(file.reference),
                name=cipher.seal(file.name),
                size=file.size,
            )
        )
    return inbox_id


# Past the session's bookkeeping, which takes longer than storing.
@lru_cache(maxsize=1)
def _new_message() -> Any:
    return insert(_INBOX)


def _correct(session: Session, arrival: Arrival) -> bool:
    """Put a correction in the place of what it corrects; False when that has been read and somebody must say so."""
    own = (
        InboxMessage.conversation == arrival.conversation,
        InboxMessage.message_id == arrival.message_id,
        InboxMessage.kind != EDITED,
    )
    newest = select(InboxMessage).where(*own).order_by(InboxMessage.id.desc()).limit(1).with_for_update()
    original = session.execute(newest).scalar_one_or_none()
    cipher = cipher_of(session)
    if original is None or cipher.unseal(original.body) == arrival.text:
        # A message of before our time, or one whose words are the same: a preview of a link came, a place moved.
        return True
    if original.state != PENDING or original.attempts:
        return False
    original.body, original.payload = cipher.seal(arrival.text), arrival.payload
    return True


def _ids_of(session: Session, arrivals: Sequence[Arrival]) -> dict[tuple[str, str], int]:
    keys: dict[str, list[str]] = {}
    for arrival in arrivals:
        keys.setdefault(arrival.channel, []).append(arrival.external_key)
    return {
        (channel, key): row_id
        for channel, names in keys.items()
        for key, row_id in session.execute(_stored(), {"channel": channel, "keys": names})
    }


# Of one channel: asked for pairs of channel and key, SQLite reads every key there ever was.
@lru_cache(maxsize=1)
def _stored() -> Any:
    among = _INBOX.c.external_key.in_(bindparam("keys", expanding=True))
    return select(_INBOX.c.external_key, _INBOX.c.id).where(_INBOX.c.channel == bindparam("channel"), among)


def _key_of(arrival: Arrival) -> tuple[str, str]:
    return arrival.channel, arrival.external_key


def _turn_of(arrival: Arrival) -> str:
    # The order of a conversation is that of its ids: none may appear after a later one was taken.
    return f"inbox:{arrival.conversation}"


def claim_next(database: Database) -> Claim | None:
    """Take the oldest message that may be worked on."""
    return next(iter(claim_many(database, 1)), None)


def claim_many(database: Database, most: int) -> list[Claim]:
    """Take the oldest messages that may be worked on: due, and each the first of its conversation's unfinished ones."""
    with database.reading() as session:
        # Looking keeps no writer waiting, and mostly there is nothing.
        if session.execute(_claimable(), {"moment": now(), "most": 1}).first() is None:
            return []
    with database.transaction() as session:
        return claim(session, most)


def claim(session: Session, most: int) -> list[Claim]:
    """As `claim_many`, within a transaction that writes anyway; what it takes is the caller's once that has ended."""
    moment = now()
    rows = session.execute(_claimable_locked(), {"moment": moment, "most": most}).all()
    if not rows:
        return []
    taken = {"moment": moment, "until": moment + LEASE, "mine": [row.id for row in rows]}
    session.execute(take(_INBOX), taken)
    silent = _silent(session, [row.conversation for row in rows], moment)
    return [_claim(session, row, moment, row.conversation in silent) for row in rows]


def _claim(session: Session, row: Any, moment: datetime, silent: bool) -> Claim:
    return Claim(
        row.id,
        row.channel,
        row.conversation,
        cipher_of(session).unseal(row.body),
        row.payload,
        row.kind,
        row.attempts + 1,
        row.first_attempt_at or moment,
        row.received_at,
        row.written_at,
        silent,
    )


@lru_cache(maxsize=1)
def _claimable_locked() -> Any:
    return _claimable().with_for_update(skip_locked=True)


# Made once: putting these statements together takes longer than running them.
@lru_cache(maxsize=1)
def _claimable() -> Any:
    """The messages that may be worked on at `moment`, oldest first."""
    earlier, taken = _INBOX.alias(), _INBOX.alias()
    unfinished_before = exists().where(
        earlier.c.conversation == _INBOX.c.conversation,
        earlier.c.id < _INBOX.c.id,
        earlier.c.state.in_(AS_UNFINISHED),
    )
    # A message that was set aside and put back is older than one that may be worked on just now.
    another_taken = exists().where(
        taken.c.conversation == _INBOX.c.conversation,
        taken.c.id != _INBOX.c.id,
        taken.c.state == AS_CLAIMED,
    )
    # Pending and due, or taken by somebody whose claim ran out; written so that the rows are walked in their order.
    due = func.coalesce(_INBOX.c.claimed_until, _INBOX.c.next_attempt_at) <= bindparam("moment", type_=UtcDateTime)
    waiting = select(_INBOX).where(_INBOX.c.state.in_(AS_UNFINISHED), due, ~unfinished_before, ~another_taken)
    return waiting.order_by(_INBOX.c.id).limit(bindparam("most", type_=Integer))


def _silent(session: Session, conversations: list[str], moment: datetime) -> set[str]:
    return set(session.execute(_silent_among(), {"names": conversations, "moment": moment}).scalars())


@lru_cache(maxsize=1)
def _silent_among() -> Any:
    among = Correspondent.conversation.in_(bindparam("names", expanding=True))
    silent = Correspondent.silent_until > bindparam("moment", type_=UtcDateTime)
    return select(Correspondent.conversation).where(among, silent)


def finish(session: Session, claim: Claim) -> None:
    """Mark a message as answered, in the transaction that stores the answers.

    Raises:
        LostClaimError: the claim is no longer this worker's.
    """
    finish_many(session, [claim])


def finish_many(session: Session, claims: Sequence[Claim]) -> None:
    """Mark messages as answered, all or none.

    Raises:
        LostClaimError: one of the claims is no longer this worker's.
    """
    _end(session, claims, state=DONE)


def retry_later(database: Database, claim: Claim, delay: float) -> None:
    """Give a message back, to be tried again after `delay` seconds.

    Raises:
        LostClaimError: the claim is no longer this worker's.
    """
    with database.transaction() as session:
        give_back(session, [claim], delay)


def give_back(session: Session, claims: Sequence[Claim], delay: float) -> None:
    """As `retry_later`, for many at once, all or none."""
    _end(session, claims, state=PENDING, next_attempt_at=now() + timedelta(seconds=delay))


def set_aside(session: Session, claim: Claim, reason: str) -> None:
    """Give a message up for good, with the reason staff will see.

    Raises:
        LostClaimError: the claim is no longer this worker's.
    """
    _end(session, [claim], state=FAILED, reason=reason)


def release_claims(database: Database) -> int:
    """Give back what a killed program held. Only right where no other program works on this inbox."""
    with database.transaction() as session:
        held = update(_INBOX).where(_INBOX.c.state == AS_CLAIMED)
        released: int = session.execute(held.values(state=PENDING, claimed_until=None)).rowcount
        return released


def is_busy(session: Session, conversation: str) -> bool:
    """Whether a conversation has a message that still waits for its answer."""
    waiting = (InboxMessage.conversation == conversation, InboxMessage.state.in_(AS_UNFINISHED))
    return session.execute(select(InboxMessage.id).where(*waiting).limit(1)).first() is not None


def came_late(claim: Claim) -> bool:
    """Whether a channel brought a message long after it was written, as it does when a try of its own failed."""
    return claim.written_at is not None and claim.received_at - claim.written_at > _LATE


def is_overtaken(database: Database, claim: Claim) -> bool:
    """Whether something the citizen wrote later was answered before this message: one was put back, or came late."""
    row = InboxMessage
    # A correction of what still waits ends as it comes: it overtakes nothing.
    answered = (row.conversation == claim.conversation, row.id != claim.id, row.state == DONE, row.kind == TEXT)
    later = row.id > claim.id
    if claim.written_at is not None:
        # Of two that a channel tells the time of, that counts.
        later = func.coalesce(row.written_at > claim.written_at, later)
    # Newest first: those before this one are most of them.
    found = select(row.id).where(*answered, later).order_by(row.id.desc()).limit(1)
    with database.reading() as session:
        return session.execute(found).first() is not None


def _end(session: Session, claims: Sequence[Claim], **values: object) -> None:
    if not claims:
        return
    given: dict[str, object] = {"own": [(claim.id, claim.attempts) for claim in claims]}
    given.update({f"new_{name}": value for name, value in values.items()})
    if session.execute(_ending(tuple(values)), given).rowcount != len(claims):
        names = ", ".join(f"{claim.id} (attempt {claim.attempts})" for claim in claims)
        raise LostClaimError(f"inbox: not ours any more: {names}")


@lru_cache(maxsize=4)
def _ending(names: tuple[str, ...]) -> Any:
    # The number of attempts tells a claim from a later one of the same message.
    own = tuple_(_INBOX.c.id, _INBOX.c.attempts).in_(bindparam("own", expanding=True))
    values = {name: bindparam(f"new_{name}", type_=_INBOX.c[name].type) for name in names}
    return update(_INBOX).where(own, _INBOX.c.state == CLAIMED).values(claimed_until=None, **values)
