"""What got stuck on its way, put back on it or ended with a name."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session, aliased

from bot.database import Database, by_value, now
from bot.delivery import counters
from bot.delivery.elsewhere import send_elsewhere
from bot.delivery.links import drop_old_codes
from bot.delivery.model import (
    AS_CLAIMED,
    CLAIMED,
    FAILED,
    FETCHING,
    HELD,
    PENDING,
    Correspondent,
    InboxMessage,
    OutboxMessage,
    Turn,
    is_unsent,
)
from bot.delivery.outgoing import LEASE, PATIENCE, give_back
from bot.delivery.turns import FORM

# Nobody works on a channel whose claims have been over for so long; a running program takes them up by itself.
_LEFT_ALONE = 5 * LEASE
# Link codes are kept for so long after their end.
_OF_NO_USE = timedelta(days=1)
# Rows of one transaction, so that nobody waits long for the database.
BATCH = 200

# An answer is for who has just asked; a notice and a receipt are as true three days later.
_STALE = timedelta(days=1)

_INBOX = InboxMessage.__table__
NO_CHANNEL, NEVER_HEARD, TOO_LATE = "no_channel", "never_heard", "too_late"


def sweep(
    database: Database, channels: Collection[str], held_before: datetime | None, moment: datetime | None = None
) -> dict[str, int]:
    """Look after everything that waits; returns how much of each kind was moved. Safe to run again and to kill.

    Args:
        channels: those that this installation sends to.
        held_before: what is held since before has had its time; None is never.
    """
    moment = moment or now()
    long_ago = moment - _LEFT_ALONE
    counts = {
        "outbox": _in_one(database, lambda session: _give_back_outbox(session, long_ago)),
        "inbox": _in_one(database, lambda session: _give_back_inbox(session, long_ago)),
        "orphans": _in_one(database, _free_orphans),
        "codes": _in_one(database, lambda session: drop_old_codes(session, moment - _OF_NO_USE)),
    }
    counts[NO_CHANNEL] = _fail_all(database, _without_channel(channels, moment - PATIENCE), NO_CHANNEL)
    counts[TOO_LATE] = _fail_all(database, _stale(channels, moment), TOO_LATE)
    if held_before is not None:
        counts[NEVER_HEARD] = _fail_all(database, _held_before(held_before), NEVER_HEARD)
    return counts


def _in_one(database: Database, work: Any) -> int:
    with database.transaction() as session:
        return int(work(session))


def _fail_all(database: Database, which: tuple[Any, ...], reason: str) -> int:
    failed = 0
    while True:
        with database.transaction() as session:
            found = select(OutboxMessage).where(*which).order_by(by_value(OutboxMessage.id)).limit(BATCH)
            rows = list(session.execute(found.with_for_update(skip_locked=True)).scalars())
            for row in rows:
                row.state, row.reason = FAILED, reason
                counters.count_once_kept(session, row.channel, FAILED)
        for row in rows:
            # Each by itself: two programs that tell several people at once could wait for each other.
            _in_one(database, lambda session, row_id=row.id: send_elsewhere(session, row_id))
        failed += len(rows)
        if len(rows) < BATCH:
            return failed


def _without_channel(channels: Collection[str], before: datetime) -> tuple[Any, ...]:
    served = (*channels, *FETCHING)
    return (
        OutboxMessage.channel.not_in(served),
        is_unsent(PENDING, HELD),
        OutboxMessage.next_attempt_at < before,
    )


def _stale(channels: Collection[str], moment: datetime) -> tuple[Any, ...]:
    """Answers that nothing could go out for, as while a token is refused."""
    # What was held until then goes out when its citizen writes, however old it is.
    just_heard = exists().where(
        Correspondent.conversation == OutboxMessage.conversation, Correspondent.heard_at > moment - PATIENCE
    )
    # A receipt has the code without which nobody finds their feedback again.
    feedback = exists().where(Turn.inbox_id == OutboxMessage.inbox_id, Turn.outcome == FORM)
    return (
        OutboxMessage.channel.in_(channels),
        is_unsent(PENDING),
        OutboxMessage.inbox_id.is_not(None),
        ~feedback,
        OutboxMessage.created_at < moment - _STALE,
        # What has tries of its own ends with them.
        OutboxMessage.attempts == 0,
        ~just_heard,
    )


def _held_before(moment: datetime) -> tuple[Any, ...]:
    # Those that another carries end with it.
    return (is_unsent(HELD), OutboxMessage.created_at < moment, OutboxMessage.carrier_id.is_(None))


def _give_back_outbox(session: Session, moment: datetime) -> int:
    return give_back(session, is_unsent(CLAIMED), OutboxMessage.claimed_until < moment)


def _give_back_inbox(session: Session, moment: datetime) -> int:
    taken = update(_INBOX).where(_INBOX.c.state == AS_CLAIMED, _INBOX.c.claimed_until < moment)
    return int(session.execute(taken.values(state=PENDING, claimed_until=None)).rowcount)


def _free_orphans(session: Session) -> int:
    """Messages whose carrier was taken out of the outbox wait by themselves again."""
    carrier = aliased(OutboxMessage)
    alive = exists().where(
        carrier.id == OutboxMessage.carrier_id,
        carrier.conversation == OutboxMessage.conversation,
        carrier.state.in_((PENDING, CLAIMED, HELD)),
    )
    orphans = update(OutboxMessage).where(is_unsent(HELD), OutboxMessage.carrier_id.is_not(None), ~alive)
    done = session.execute(orphans.values(carrier_id=None).execution_options(synchronize_session=False))
    return int(done.rowcount)
