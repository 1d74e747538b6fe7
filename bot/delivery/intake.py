"""The way into the inbox for many at once: what arrives while a commit is under way shares the next one."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy.exc import DataError

from bot.database import Database
from bot.delivery import counters, inbox
from bot.delivery.inbox import Arrival
from bot.failures import kind_and_places

logger = logging.getLogger(__name__)

# Of one transaction; a larger one would keep other writers waiting.
MOST_AT_ONCE = 200


class Intake:
    """Stores what channels bring, one commit for all that wait.

    A commit that survives a power cut costs the disk some milliseconds, whatever is in it.

    Args:
        on_new: is told that something new is in the inbox.
    """

    def __init__(self, database: Database, on_new: Callable[[], None]) -> None:
        self._database = database
        self._on_new = on_new
        self._waiting: list[tuple[Arrival, asyncio.Future[tuple[int, bool]]]] = []
        self._work: asyncio.Task[None] | None = None
        # Of its own: the threads that all share may wait for a writer, each of them.
        self._thread = ThreadPoolExecutor(1, "intake")

    async def accept(self, arrival: Arrival) -> tuple[int, bool]:
        """Store a message. Returns its id and whether it is new; once this returns it is on disk.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it could not be stored; the sender must hear of a failure.
        """
        future: asyncio.Future[tuple[int, bool]] = asyncio.get_running_loop().create_future()
        self._waiting.append((arrival, future))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._store_what_waits())
        begun = time.monotonic()
        result = await future
        counters.count_kept(arrival.channel, time.monotonic() - begun)
        return result

    async def _store_what_waits(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                stored = await self._in_thread(inbox.accept_many, [one for one, _ in batch])
            except Exception as error:  # noqa: BLE001
                # One of them may be at fault; the others must not fail with it.
                logger.warning("inbox: %d messages are stored one by one: %s", len(batch), kind_and_places(error))
                await self._store_each(batch)
                continue
            for (arrival, future), result in zip(batch, stored, strict=True):
                counters.count_received(arrival.channel, arrival.kind, new=result[1])
                _settle(future, result)
            if any(new for _, new in stored):
                self._on_new()

    async def _in_thread(self, store: Callable[[Database, Any], Any], what: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, store, self._database, what)

    async def _store_each(self, batch: list[tuple[Arrival, asyncio.Future[tuple[int, bool]]]]) -> None:
        failed: dict[str, Exception] = {}
        for arrival, future in batch:
            before = failed.get(arrival.conversation)
            if before is not None:
                # It would get the place of the one before it, which is sent again.
                _fail(future, before)
                continue
            try:
                result = await self._in_thread(inbox.accept, arrival)
                counters.count_received(arrival.channel, arrival.kind, new=result[1])
                _settle(future, result)
            except DataError as error:
                # It never will be: nothing waits for it.
                _fail(future, error)
            except Exception as error:  # noqa: BLE001
                # The caller's to log and to answer for.
                failed[arrival.conversation] = error
                _fail(future, error)
        self._on_new()


def _fail(future: asyncio.Future[tuple[int, bool]], error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


def _settle(future: asyncio.Future[tuple[int, bool]], result: tuple[int, bool]) -> None:
    # The caller may have gone away; its message is stored all the same.
    if not future.done():
        future.set_result(result)
