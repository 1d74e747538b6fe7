"""What tests of the sender share: one that works until nothing more can go out now, and rows as they stand."""

import asyncio
import contextlib
from datetime import datetime, timedelta, timezone

from sqlalchemy import func, select

from bot.database import now
from bot.delivery import outbox
from bot.delivery.model import CLAIMED, OutboxMessage, is_unsent
from bot.delivery.outbox import Reply
from bot.delivery.pace import Pace, Rates
from bot.delivery.sender import Sender


class Clock:
    """A clock that is set by hand; a little ahead, so that what was just written is due."""

    def __init__(self):
        self.moment = now() + timedelta(seconds=1)

    def __call__(self):
        return self.moment

    def seconds(self):
        return (self.moment - datetime(2026, 1, 1, tzinfo=timezone.utc)).total_seconds()

    def move(self, seconds):
        self.moment += timedelta(seconds=seconds)


def make_sender(database, *adapters, clock=None, **more):
    clock = clock or Clock()
    rates = {one.channel: Rates(one.per_conversation, one.per_second) for one in adapters}
    more = {"jitter": lambda: 0.0, "pace": Pace(rates, clock.seconds), **more}
    return Sender(database, {one.channel: one for one in adapters}, clock=clock, **more)


def send_all(database, *adapters, clock=None, **more):
    """Let a sender work until nothing is under way and nothing more is due."""
    clock = clock or Clock()

    async def work():
        sender = make_sender(database, *adapters, clock=clock, **more)
        task = asyncio.create_task(sender.run())
        while not await asyncio.to_thread(is_quiet, database, sender):
            await asyncio.sleep(0.002)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(asyncio.wait_for(work(), 30))


def is_quiet(database, sender):
    with database.reading() as session:
        claimed = session.execute(
            select(func.count()).select_from(OutboxMessage).where(is_unsent(CLAIMED))
        ).scalar_one()
    return not claimed and sender.is_idle()


def say(database, text, conversation="fake:an", inbox_id=None, buttons=()):
    with database.transaction() as session:
        return outbox.enqueue(session, conversation, [Reply(text, tuple(buttons))], inbox_id)[0]


def row_of(database, outbox_id):
    with database.reading() as session:
        return session.get(OutboxMessage, outbox_id)


def states_of(database, conversation="fake:an"):
    rows = select(OutboxMessage).where(OutboxMessage.conversation == conversation).order_by(OutboxMessage.id)
    with database.reading() as session:
        return [(row.state, row.reason) for row in session.execute(rows).scalars()]
