"""Wakes who waits for an answer, each only for answers of their own conversation.

One look at the outbox serves all who wait in this process, so a thousand waiting citizens cost as little as one.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from bot.database import Database
from bot.delivery.model import OutboxMessage
from bot.delivery.waiting import wait_until_set
from bot.failures import kind_and_places

logger = logging.getLogger(__name__)

# How often other programs' answers are looked for, and how soon after one look the next may come, in seconds.
LOOK_EVERY, PAUSE = 0.5, 0.02
# PostgreSQL's ids become visible in the order of commits: one look goes back over this many.
LOOK_BACK = 500


class Listener:
    """Who waits for lines of one conversation.

    Attributes:
        seen: id of the last line that is known here.
    """

    def __init__(self, conversation: str, seen: int) -> None:
        self.conversation = conversation
        self.seen = seen
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Let `wait` return."""
        self._event.set()

    async def wait(self, seconds: float) -> bool:
        """Return when there may be news, or after `seconds`; tells whether there may be."""
        woken = await wait_until_set(self._event, seconds)
        self._event.clear()
        return woken


class News:
    """Tells listeners of new lines.

    Args:
        wait_for_answer: returns when this process stored any answer, or after the seconds given.
    """

    def __init__(
        self,
        database: Database,
        wait_for_answer: Callable[[float], Awaitable[None]],
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._database = database
        self._wait_for_answer = wait_for_answer
        self._look_every = look_every
        self._listeners: set[Listener] = set()
        self._work: asyncio.Task[None] | None = None
        self.closed = False

    @contextlib.contextmanager
    def listening(self, conversation: str, seen: int) -> Iterator[Listener]:
        """Listen to a conversation, from before its lines are read so that none falls in between."""
        listener = Listener(conversation, seen)
        self._listeners.add(listener)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._watch())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)
            if not self._listeners and self._work:
                self._work.cancel()
                self._work = None

    def tell(self, conversation: str) -> None:
        """Something about a conversation changed."""
        for listener in self._listeners:
            if listener.conversation == conversation:
                listener.wake()

    def close(self) -> None:
        """Wake everybody for the last time: the program ends."""
        self.closed = True
        for listener in self._listeners:
            listener.wake()

    async def _watch(self) -> None:
        since: int | None = None
        while True:
            # Begun before the look: an answer that is stored meanwhile must not wait for the next.
            answer = asyncio.ensure_future(self._wait_for_answer(self._look_every))
            try:
                newest, since = await asyncio.to_thread(self._look, since)
                for listener in self._listeners:
                    if newest.get(listener.conversation, 0) > listener.seen:
                        listener.wake()
                await answer
            except SQLAlchemyError as error:
                logger.warning("news: the outbox could not be read: %s", kind_and_places(error))
                await asyncio.sleep(self._look_every)
            finally:
                answer.cancel()
            await asyncio.sleep(PAUSE)

    def _look(self, since: int | None) -> tuple[dict[str, int], int]:
        newest = func.max(OutboxMessage.id)
        with self._database.reading() as session:
            if since is None:
                since = (session.execute(select(newest)).scalar() or 0) - LOOK_BACK
            # Of every channel: the web's alone could lie far apart.
            rows = session.execute(
                select(OutboxMessage.conversation, newest)
                .where(OutboxMessage.id > since)
                .group_by(OutboxMessage.conversation)
            )
            found = {conversation: int(last) for conversation, last in rows}
        return found, max(since, max(found.values(), default=0) - LOOK_BACK)
