"""Work of many that costs the same once as together, such as a commit: what comes while one is done shares the next."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Batches(Generic[T]):
    """Stores things together, in the order in which they came.

    Args:
        store: takes some of them in one transaction; runs in a thread.
        most: in one transaction; a larger one would keep other writers waiting.
    """

    def __init__(self, store: Callable[[Sequence[T]], object], most: int = 100) -> None:
        self._store = store
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._work: asyncio.Task[None] | None = None

    async def put(self, thing: T) -> None:
        """Return when it is stored; raises what storing it alone raises."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((thing, future))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._store_what_waits())
        await future

    async def rest(self, seconds: float) -> None:
        """Return when nothing is being stored any more, or after `seconds`."""
        if self._work and not self._work.done():
            await asyncio.wait([self._work], timeout=seconds)

    async def _store_what_waits(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                await asyncio.to_thread(self._store, [thing for thing, _ in batch])
            except Exception as error:  # noqa: BLE001
                # One of them may be at fault; the others must not fail with it.
                await self._store_each(batch, error)
                continue
            for _, future in batch:
                if not future.done():
                    future.set_result(None)

    async def _store_each(self, batch: Sequence[tuple[T, asyncio.Future[None]]], error: Exception) -> None:
        for thing, future in batch:
            failed: Exception | None = error
            if len(batch) > 1:
                try:
                    await asyncio.to_thread(self._store, [thing])
                    failed = None
                except Exception as own:  # noqa: BLE001
                    failed = own
            if future.done():
                continue
            if failed:
                future.set_exception(failed)
            else:
                future.set_result(None)
