"""How the stores stand at this moment: what waits and since when, what failed, what runs out. Counts, never values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, case, exists, func, literal, select
from sqlalchemy.orm import Session, aliased

from bot.database import UtcDateTime, by_value, now
from bot.delivery.model import (
    AS_FAILED,
    AS_UNFINISHED,
    CLAIMED,
    FETCHING,
    PENDING,
    ChannelCredential,
    Correspondent,
    InboxMessage,
    OutboxMessage,
    Switch,
    is_unsent,
)
from bot.operations.model import JobRun, failed_runs

LATELY = timedelta(days=1)


@dataclass(frozen=True)
class Queue:
    """What lies in the inbox or the outbox of one channel in one state.

    Attributes:
        oldest: when the oldest of them came; of the outbox, when it could first be tried. What its channel put off for
            hours, such as until the morning, and what stands behind it count as new.
    """

    box: str
    channel: str
    state: str
    count: int
    oldest: datetime


@dataclass(frozen=True)
class Credential:
    """A pair of tokens: until when it is good, until when it can be renewed, and what is wrong with it."""

    name: str
    expires_at: datetime | None
    renewable_until: datetime | None
    problem: str | None


@dataclass(frozen=True)
class Overview:
    """Everything that is looked at, at one moment.

    Attributes:
        gone: citizens that each channel can't reach any more.
        failures: failed runs in a row of each job.
        off: what is switched off.
    """

    at: datetime
    queues: Sequence[Queue]
    failed_lately: dict[tuple[str, str], int]
    gone: dict[str, int]
    failures: dict[str, int]
    credentials: Sequence[Credential]
    off: Sequence[str]

    def waiting(self, box: str, channel: str) -> int:
        """How many wait to be answered or sent."""
        return sum(queue.count for queue in self._waiting(box, channel))

    def age(self, box: str, channel: str) -> float:
        """Seconds that the oldest of those that wait has waited, 0 when none does."""
        ages = [(self.at - queue.oldest).total_seconds() for queue in self._waiting(box, channel)]
        return max([0.0, *ages])

    def _waiting(self, box: str, channel: str) -> list[Queue]:
        return [q for q in self.queues if (q.box, q.channel) == (box, channel) and q.state in (PENDING, CLAIMED)]


def look(session: Session) -> Overview:
    """Look at everything, in the caller's transaction."""
    moment = now()
    return Overview(
        moment,
        [*_inbox(session), *_outbox(session, moment)],
        {**_failed(session, "inbox", InboxMessage), **_failed(session, "outbox", OutboxMessage)},
        _counts(session, Correspondent.channel, Correspondent.gone_at.is_not(None)),
        _failures(session, moment),
        [_credential(row) for row in session.execute(select(ChannelCredential)).scalars()],
        list(session.execute(select(Switch.name).order_by(Switch.name)).scalars()),
    )


def _failures(session: Session, moment: datetime) -> dict[str, int]:
    rows = session.execute(select(JobRun.name, JobRun.failures, JobRun.lease_until)).all()
    return {name: failed_runs(count, until, moment) for name, count, until in rows}


def _inbox(session: Session) -> list[Queue]:
    row, channel = InboxMessage, by_value(InboxMessage.channel)
    waiting = select(channel, row.state, func.count(), func.min(row.received_at))
    # What nobody has looked at yet is no queue.
    waiting = waiting.where(row.state.in_(AS_UNFINISHED)).group_by(channel, row.state)
    return [Queue("inbox", *found) for found in session.execute(waiting)]


def _outbox(session: Session, moment: datetime) -> list[Queue]:
    row, before = OutboxMessage, aliased(OutboxMessage)
    tried = and_(row.first_attempt_at > row.created_at, row.first_attempt_at <= moment)
    since = case((tried, row.first_attempt_at), else_=row.created_at)
    put_off = exists().where(
        before.conversation == row.conversation,
        before.state == PENDING,
        before.first_attempt_at > moment,
        before.next_attempt_at > moment,
    )
    oldest = func.min(case((and_(row.state == PENDING, put_off), literal(moment, UtcDateTime)), else_=since))
    waiting = select(row.channel, row.state, func.count(), oldest)
    # What nobody has looked at yet is no queue.
    waiting = waiting.where(is_unsent(), row.channel.not_in(FETCHING))
    return [Queue("outbox", *found) for found in session.execute(waiting.group_by(row.channel, row.state))]


def _failed(session: Session, box: str, row: Any) -> dict[tuple[str, str], int]:
    since = row.received_at if row is InboxMessage else row.created_at
    counts = _counts(session, row.channel, row.state == AS_FAILED, since > now() - LATELY)
    return {(box, channel): count for channel, count in counts.items()}


def _counts(session: Session, column: Any, *where: Any) -> dict[str, int]:
    name = by_value(column)
    return dict(session.execute(select(name, func.count()).where(*where).group_by(name)).all())


def _credential(row: ChannelCredential) -> Credential:
    return Credential(row.name, row.expires_at, row.renewable_until, row.problem)
