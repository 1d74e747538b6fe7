"""The off switch of each channel and of the whole bot: what comes is kept, citizens are told, nobody answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.delivery.inbox import LEFT, UNFOLLOWED, Claim
from bot.delivery.model import OutboxMessage, Switch, Turn
from bot.delivery.outbox import Reply
from bot.delivery.turns import HANDOVER

ALL = "all"
# Seconds until a program knows of a switch that another one turned.
FRESH = 2.0
TOLD_EVERY = timedelta(hours=1)
# What the switch has no say in: they are about the channel itself, and nobody waits for an answer.
UNANSWERED_KINDS = (LEFT, UNFOLLOWED)


@dataclass(frozen=True)
class Off:
    """One thing that is switched off, since when, by whom, and what citizens are told meanwhile."""

    name: str
    off_at: datetime
    by: str
    notice: str


def switch_off(database: Database, name: str, by: str, notice: str) -> None:
    """Switch a channel, or "all", off; where it is off already, the notice changes."""
    with database.transaction() as session:
        row = session.get(Switch, name) or Switch(name=name, off_at=now())
        row.off_by, row.notice = by, notice
        session.add(row)


def switch_on(database: Database, name: str) -> bool:
    """Switch a channel, or "all", on again; returns whether it was off."""
    with database.transaction() as session:
        row = session.get(Switch, name)
        if row is not None:
            session.delete(row)
        return row is not None


def list_off(session: Session) -> list[Off]:
    """What is switched off, the whole bot first."""
    rows = session.execute(select(Switch).order_by(Switch.name != ALL, Switch.name)).scalars()
    return [Off(row.name, row.off_at, row.off_by, row.notice) for row in rows]


class Switches:
    """What is switched off, looked up at most every `seconds`."""

    def __init__(self, database: Database, clock: Callable[[], float] = time.monotonic, seconds: float = FRESH) -> None:
        self._database = database
        self._clock = clock
        self._seconds = seconds
        self._off: dict[str, Off] = {}
        self._looked_at: float | None = None

    async def find(self, channel: str) -> Off | None:
        """What keeps a channel off, None when it is on."""
        if self._looked_at is None or self._clock() - self._looked_at >= self._seconds:
            looked_at = self._clock()
            self._off = await asyncio.to_thread(self._look)
            self._looked_at = looked_at
        return self._off.get(ALL) or self._off.get(channel)

    async def stops(self, claim: Claim) -> Off | None:
        """What keeps a message from being answered, None when nothing does."""
        return None if claim.kind in UNANSWERED_KINDS else await self.find(claim.channel)

    def _look(self) -> dict[str, Off]:
        with self._database.reading() as session:
            return {off.name: off for off in list_off(session)}


def replies_while_off(database: Database, claim: Claim, off: Off) -> list[Reply]:
    """What a citizen is told whose message met a switch: the notice, once an hour."""
    with database.reading() as session:
        return [] if _was_told(session, claim.conversation) else [Reply(off.notice)]


def _was_told(session: Session, conversation: str) -> bool:
    # A handover by the bot itself has an intent; one to a person who writes by hand has no answer of ours.
    told = (
        Turn.conversation == conversation,
        Turn.outcome == HANDOVER,
        Turn.intent.is_(None),
        Turn.created_at > now() - TOLD_EVERY,
        exists().where(OutboxMessage.inbox_id == Turn.inbox_id),
    )
    return session.execute(select(Turn.id).where(*told).limit(1)).first() is not None
