"""The outbox seen from the sender: what may go out now, and what became of it."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Integer, bindparam, exists, select, update
from sqlalchemy.orm import Session, aliased

from bot.database import Database, UtcDateTime, now
from bot.delivery import correspondents, counters
from bot.delivery.adapter import NIGHT, MustWait, Outcome, Refused, Taken, TryAgain
from bot.delivery.claims import take
from bot.delivery.elsewhere import send_elsewhere
from bot.delivery.holding import carried_by
from bot.delivery.model import CLAIMED, DELIVERED, FAILED, HELD, PENDING, OutboxMessage, is_unsent
from bot.delivery.pace import PAUSE_SECONDS, Pace

logger = logging.getLogger(__name__)

# A try ends long before its claim does.
LEASE = timedelta(seconds=60)
# From the first try to the last; tries of a message that is put off for its channel's pace do not count.
PATIENCE = timedelta(hours=4)
LADDER = (1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800, 3600)
_AGAIN_SOON = timedelta(seconds=1)
# Seconds that a channel asks for, such as until the morning, which are no failure of a message.
_LONG_WAIT = 3600.0
_MOMENT = bindparam("moment", type_=UtcDateTime)


@dataclass(frozen=True)
class Parcel:
    """One message of the outbox being carried by one sender, one part of it at a time.

    Attributes:
        bodies: its own, and those of the messages it carries along.
        part: how many parts its channel has already.
        until: when the claim ends; tells this claim from others of the same message.
        gone: why its conversation can't be reached, None when it can.
        in_doubt: whether its part is a file that may have arrived already.
    """

    id: int
    channel: str
    conversation: str
    bodies: tuple[bytes, ...]
    carried: tuple[int, ...]
    part: int
    attempts: int
    first_attempt_at: datetime
    until: datetime
    gone: str | None = None
    in_doubt: bool = False


@dataclass(frozen=True)
class Result:
    """What became of one part.

    Attributes:
        last: whether nothing of the message is left after this part.
        in_doubt: whether the part is a file that may have arrived with this try.
        delay: seconds until the next try, when there is to be one.
    """

    parcel: Parcel
    outcome: Outcome
    last: bool = True
    in_doubt: bool = False
    delay: float = 0.0


def anything_due(database: Database, channels: Sequence[str], moment: datetime) -> bool:
    """Whether a look with the intention to write is worth it."""
    given = {"channels": list(channels), "moment": moment}
    with database.reading() as session:
        return any(session.execute(look, given).first() for look in _anything())


# Made once: putting these statements together takes longer than running them.
@lru_cache(maxsize=1)
def _anything() -> tuple[Any, Any]:
    """One that may go out, and one whose claim has run out."""
    due = select(OutboxMessage.id).where(is_unsent(PENDING), OutboxMessage.next_attempt_at <= _MOMENT)
    over = select(OutboxMessage.id).where(is_unsent(CLAIMED), OutboxMessage.claimed_until < _MOMENT)
    channels = OutboxMessage.channel.in_(bindparam("channels", expanding=True))
    return due.where(channels).limit(1), over.where(channels).limit(1)


@lru_cache(maxsize=1)
def _due() -> Any:
    """What may go out through a channel: of each conversation the first that is unfinished."""
    earlier = aliased(OutboxMessage)
    unfinished_before = exists().where(
        earlier.conversation == OutboxMessage.conversation,
        earlier.state.in_((PENDING, CLAIMED)),
        earlier.id < OutboxMessage.id,
    )
    columns = ("id", "channel", "conversation", "body", "parts_sent", "attempts", "first_attempt_at", "in_doubt")
    return (
        select(*(getattr(OutboxMessage, name) for name in columns))
        .where(
            OutboxMessage.channel == bindparam("channel"),
            is_unsent(PENDING),
            OutboxMessage.next_attempt_at <= _MOMENT,
            ~unfinished_before,
        )
        .order_by(OutboxMessage.next_attempt_at, OutboxMessage.id)
        .limit(bindparam("room", type_=Integer))
        .with_for_update(skip_locked=True)
    )


@lru_cache(maxsize=1)
def _abandoned() -> Any:
    over = select(OutboxMessage.id).where(is_unsent(CLAIMED), OutboxMessage.claimed_until < _MOMENT)
    return over.where(OutboxMessage.channel.in_(bindparam("channels", expanding=True)))


@lru_cache(maxsize=1)
def _taken() -> Any:
    """Write down that a claimed message, or a part of it, has arrived."""
    table = OutboxMessage.__table__
    return (
        update(table)
        .where(
            table.c.id == bindparam("mine"),
            table.c.state == CLAIMED,
            table.c.claimed_until == bindparam("claim", type_=UtcDateTime),
        )
        .values(
            state=DELIVERED,
            delivered_at=_MOMENT,
            parts_sent=bindparam("parts"),
            external_id=bindparam("external"),
            reason=None,
            claimed_until=None,
        )
    )


def turn_over(
    database: Database,
    results: Sequence[Result],
    rooms: Mapping[str, int],
    moment: datetime,
    pace: Pace,
    abandoned: bool = True,
) -> list[Parcel]:
    """Store results and claim what may go out now, both in one transaction: each commit waits for the disk.

    Args:
        results: those that `is_plain`.
        rooms: channel → how many messages may be claimed.
        pace: what it puts off, or does not grant, stays for later; what is claimed is counted there.
        abandoned: whether to look for messages whose sender never said what became of them.
    """
    with database.transaction() as session:
        for result in results:
            _store_plain(session, result, moment)
        if abandoned:
            _free_abandoned(session, list(rooms), moment)
        pauses = _pauses(results)
        claimed = []
        # Always in this order: programs wait here for each other's turn at a channel.
        for channel, room in sorted(rooms.items()):
            if channel in pauses:
                pace.share_pause(session, channel, pauses[channel], moment)
            if room > 0:
                claimed += _claim(session, channel, room, moment, pace)
        return claimed


def pause_of(outcome: TryAgain) -> float:
    """Seconds for which nothing goes out through a channel after a failure that is everybody's."""
    return outcome.after or PAUSE_SECONDS


def is_plain(result: Result, moment: datetime) -> bool:
    """Whether a result concerns its own row only, so that many can be stored together."""
    if isinstance(result.outcome, Taken):
        return True
    return isinstance(result.outcome, TryAgain) and not _is_out_of_patience(result, moment)


def store_alone(database: Database, result: Result, moment: datetime) -> None:
    """Store one result, with what follows from it for its conversation."""
    with database.transaction() as session:
        if is_plain(result, moment):
            _store_plain(session, result, moment)
            return
        parcel, outcome = result.parcel, result.outcome
        who = correspondents.lock(session, parcel.conversation)
        wrote_since = who is not None and who.heard_at is not None and who.heard_at > parcel.until - LEASE
        if isinstance(outcome, MustWait):
            _hold(session, parcel, outcome.reason, moment, wrote_since)
            return
        assert not isinstance(outcome, Taken)
        reason = outcome.reason if isinstance(outcome, Refused) else f"gave_up:{outcome.reason}"
        uncertain = 1 if isinstance(outcome, TryAgain) and outcome.uncertain else 0
        ended = {"state": FAILED, "reason": reason[:60], "uncertain": OutboxMessage.uncertain + uncertain}
        if not _end(session, parcel, **ended, **_doubt(result)):
            return
        if isinstance(outcome, Refused) and outcome.gone and not wrote_since:
            correspondents.gone(session, parcel.conversation, outcome.reason, min(now(), parcel.until - LEASE))
        for row_id in (parcel.id, *parcel.carried):
            send_elsewhere(session, row_id)


def free_claims(database: Database, channels: Sequence[str]) -> int:
    """Give back what a killed program held, which may have gone out. Only right where no other program sends."""
    with database.transaction() as session:
        return give_back(session, OutboxMessage.channel.in_(channels), is_unsent(CLAIMED))


def give_back(session: Session, *which: Any) -> int:
    """Let messages be tried again whose sender did not say what became of them; returns how many."""
    doubt = {"uncertain": OutboxMessage.uncertain + 1, "in_doubt": True}
    return _write(session, *which, state=PENDING, claimed_until=None, reason="interrupted", **doubt)


def _pauses(results: Sequence[Result]) -> dict[str, float]:
    """Channel → seconds for which nothing goes out through it."""
    pauses: dict[str, float] = {}
    for result in results:
        if isinstance(result.outcome, TryAgain) and result.outcome.everybody:
            channel = result.parcel.channel
            pauses[channel] = max(pauses.get(channel, 0.0), pause_of(result.outcome))
    return pauses


def _claim(session: Session, channel: str, room: int, moment: datetime, pace: Pace) -> list[Parcel]:
    ready = []
    due = session.execute(_due(), {"channel": channel, "room": room, "moment": moment})
    for row in due.all():
        wait = pace.wait(channel, row.conversation)
        if wait:
            _write(session, OutboxMessage.id == row.id, next_attempt_at=moment + timedelta(seconds=wait))
        else:
            ready.append(row)
    going = ready[: pace.grant(session, channel, len(ready), moment)] if ready else []
    if not going:
        return []
    for row in going:
        pace.take(channel, row.conversation)
    until = moment + LEASE
    taken = {"mine": [row.id for row in going], "until": until, "moment": moment}
    session.execute(take(OutboxMessage.__table__), taken)
    return _as_parcels(session, going, moment, until)


def _as_parcels(session: Session, rows: Sequence[Any], moment: datetime, until: datetime) -> list[Parcel]:
    conversations = [row.conversation for row in rows]
    gone = correspondents.gone_reasons(session, conversations)
    carried = carried_by(session, conversations, [row.id for row in rows])
    along = [row_id for ids in carried.values() for row_id in ids]
    bodies: dict[int, bytes] = {}
    if along:
        found = select(OutboxMessage.id, OutboxMessage.body).where(OutboxMessage.id.in_(along))
        bodies = {row.id: row.body for row in session.execute(found)}
    return [
        Parcel(
            row.id,
            row.channel,
            row.conversation,
            (row.body, *(bodies[one] for one in carried.get(row.id, ()))),
            tuple(carried.get(row.id, ())),
            row.parts_sent,
            row.attempts + 1,
            min(row.first_attempt_at or moment, moment),
            until,
            gone.get(row.conversation),
            row.in_doubt,
        )
        for row in rows
    ]


def _store_plain(session: Session, result: Result, moment: datetime) -> None:
    parcel, outcome = result.parcel, result.outcome
    if isinstance(outcome, TryAgain):
        next_attempt_at = moment + timedelta(seconds=result.delay)
        anew = _doubt(result)
        if _is_no_fault(outcome):
            # What it may try begins anew after a wait that was not about it; known beforehand when that is.
            anew |= {"attempts": 0, "first_attempt_at": None if outcome.everybody else next_attempt_at}
        _keep_own(
            session,
            parcel,
            **anew,
            state=PENDING,
            reason=outcome.reason[:60],
            wait_asked=_is_wait_asked(result, outcome),
            uncertain=OutboxMessage.uncertain + (1 if outcome.uncertain else 0),
            next_attempt_at=next_attempt_at,
        )
        return
    assert isinstance(outcome, Taken)
    external = (outcome.external_id or "")[:100] or None
    if result.last and not parcel.carried:
        own = {"mine": parcel.id, "claim": parcel.until, "moment": moment}
        kept = session.execute(_taken(), {**own, "parts": parcel.part + 1, "external": external}).rowcount
        counters.count_once_kept(session, parcel.channel, DELIVERED, kept)
        if not kept:
            logger.warning("outbox %d: attempt %d is over", parcel.id, parcel.attempts)
        return
    taken = {"parts_sent": parcel.part + 1, "external_id": external, "reason": None, "in_doubt": False}
    if result.last:
        _end(session, parcel, state=DELIVERED, delivered_at=moment, **taken)
    else:
        # The next part has patience of its own.
        _keep_own(session, parcel, state=PENDING, attempts=0, first_attempt_at=None, next_attempt_at=moment, **taken)


def _hold(session: Session, parcel: Parcel, reason: str, moment: datetime, wrote_since: bool) -> None:
    if wrote_since:
        soon = moment + _AGAIN_SOON
        _keep_own(session, parcel, state=PENDING, reason=reason[:60], wait_asked=False, next_attempt_at=soon)
        return
    if not _keep_own(session, parcel, state=HELD, reason=reason[:60]):
        return
    begun = parcel.part or parcel.carried
    moved = not begun and send_elsewhere(session, parcel.id, sent_to=True)
    if moved:
        _write(session, OutboxMessage.id == parcel.id, state=FAILED, moved=True)
    counters.count_once_kept(session, parcel.channel, FAILED if moved else HELD)


def _end(session: Session, parcel: Parcel, **values: Any) -> bool:
    """A final state, of the message and of those it carries."""
    if not _keep_own(session, parcel, **values):
        return False
    ended = 1
    if parcel.carried:
        shared = {name: value for name, value in values.items() if name in ("state", "reason", "delivered_at")}
        ended += _write(session, OutboxMessage.id.in_(parcel.carried), **shared)
    counters.count_once_kept(session, parcel.channel, values["state"], ended)
    return True


def _keep_own(session: Session, parcel: Parcel, **values: Any) -> bool:
    own = (
        OutboxMessage.id == parcel.id,
        OutboxMessage.state == CLAIMED,
        OutboxMessage.claimed_until == parcel.until,
    )
    if _write(session, *own, claimed_until=None, **values):
        return True
    logger.warning("outbox %d: attempt %d is over", parcel.id, parcel.attempts)
    return False


def _free_abandoned(session: Session, channels: Sequence[str], moment: datetime) -> None:
    given = {"channels": list(channels), "moment": moment}
    over = list(session.execute(_abandoned(), given).scalars())
    # Looked at once more in the same breath: another program may have freed it.
    still = (OutboxMessage.id.in_(over), OutboxMessage.state == CLAIMED, OutboxMessage.claimed_until < moment)
    freed = give_back(session, *still) if over else 0
    if freed:
        logger.warning("outbox: %d messages taken up again, they may arrive twice", freed)


def _write(session: Session, *which: Any, **values: Any) -> int:
    statement = update(OutboxMessage).where(*which).values(**values)
    return int(session.execute(statement.execution_options(synchronize_session=False)).rowcount)


def _is_out_of_patience(result: Result, moment: datetime) -> bool:
    return not _is_no_fault(result.outcome) and moment - result.parcel.first_attempt_at >= PATIENCE


def _doubt(result: Result) -> dict[str, Any]:
    """What a try leaves in doubt stays so until the part has surely gone."""
    return {"in_doubt": True} if result.in_doubt else {}


def _is_wait_asked(result: Result, outcome: TryAgain) -> bool:
    asked = outcome.after is not None and outcome.reason != NIGHT
    return asked and timedelta(seconds=result.delay) > correspondents.LONG


def _is_no_fault(outcome: Outcome) -> bool:
    """Whether the message can do nothing for it: nothing goes out at all, or the channel asked for a long wait."""
    return isinstance(outcome, TryAgain) and (outcome.everybody or (outcome.after or 0.0) >= _LONG_WAIT)
