"""The sender: carries what the bot says to the channels that are sent to, each message once, in order."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.database import Database, now
from bot.delivery import counters, outgoing
from bot.delivery.adapter import Adapter, Refused, Taken, TryAgain
from bot.delivery.attached import FILE, told_by_link
from bot.delivery.holding import merge
from bot.delivery.outbox import read_reply
from bot.delivery.outgoing import LADDER, Parcel, Result
from bot.delivery.pace import Pace, Rates
from bot.delivery.shared_pace import SharedPace
from bot.delivery.waiting import wait_until_set
from bot.failures import kind_and_places

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.25
# From a call to the look it asks for: what else comes meanwhile shares the look and its commit.
GATHER_SECONDS = 0.015
# Among looks that follow each other closely; a claim lasts a minute.
LOOK_BACK_EVERY = timedelta(seconds=1)
# A neighbour's own limits are shorter; this one is for an adapter that hangs.
TRY_SECONDS = 45.0
# Until a stopping program stores no more results; what is on its way then counts as uncertain.
STOP_SECONDS = 5.0
# Of a delay, up and down, so that not everything comes back at once.
JITTER = 0.2
# A channel that stays stopped is told of again only after so long.
TOLD_EVERY = timedelta(minutes=5)


class Sender:
    """Works the outbox off.

    Args:
        adapters: by the name of their channel; what is meant for other channels stays where it is.
        clock: this moment, aware.
        jitter: a number from -1 to 1, another one each time.
        at_once: messages on their way at the same time, for each channel, so that a slow one keeps no other waiting.
    """

    def __init__(
        self,
        database: Database,
        adapters: Mapping[str, Adapter],
        clock: Callable[[], datetime] = now,
        pace: Pace | None = None,
        jitter: Callable[[], float] | None = None,
        at_once: int = 32,
    ) -> None:
        self._database = database
        self._adapters = adapters
        self._clock = clock
        rates = {name: Rates(adapter.per_conversation, adapter.per_second) for name, adapter in adapters.items()}
        self._pace = pace or (Pace(rates) if database.embedded else SharedPace(rates))
        self._jitter = jitter or (lambda: random.uniform(-1, 1))  # noqa: S311
        self._at_once = at_once
        self._wake = asyncio.Event()
        self._results: list[Result] = []
        self._found_nothing = False
        self._looked_back: datetime | None = None
        self._told_of_stops: dict[tuple[str, str], datetime] = {}
        self._under_way: dict[str, set[asyncio.Task[None]]] = {name: set() for name in adapters}

    def notify(self) -> None:
        """Something new is in the outbox."""
        self._wake.set()

    def is_idle(self) -> bool:
        """Whether nothing is under way and the last look found nothing that may go out now."""
        return self._found_nothing and not self._results and not any(self._under_way.values())

    async def run(self) -> None:
        """Work until cancelled."""
        if not self._adapters:
            return
        if self._database.embedded:
            freed = await asyncio.to_thread(outgoing.free_claims, self._database, list(self._adapters))
            logger.info("outbox: %d messages taken up again", freed)
        self._wake.set()
        try:
            while True:
                await self._step()
        finally:
            await self._come_to_rest()

    async def _step(self) -> None:
        sure, self._found_nothing = self._wake.is_set(), False
        self._wake.clear()
        results, self._results = self._results, []
        work = asyncio.ensure_future(asyncio.to_thread(self._turn_over, results, sure))
        try:
            parcels = await asyncio.shield(work)
        except asyncio.CancelledError:
            # The thread goes on: what it claims is given back untried.
            claimed = (await asyncio.gather(work, return_exceptions=True))[0]
            if isinstance(claimed, list):
                self._results += [Result(parcel, TryAgain("stopped")) for parcel in claimed]
            raise
        except Exception as error:  # noqa: BLE001
            logger.error("sender: the outbox could not be worked on: %s", kind_and_places(error))
            await self._store_each(results)
            await asyncio.sleep(1)
            return
        self._found_nothing = not parcels
        for parcel in parcels:
            task = asyncio.create_task(self._carry(parcel))
            self._under_way[parcel.channel].add(task)
            task.add_done_callback(self._under_way[parcel.channel].discard)
        if await wait_until_set(self._wake, POLL_SECONDS):
            await asyncio.sleep(GATHER_SECONDS)

    def _turn_over(self, results: list[Result], sure: bool) -> list[Parcel]:
        moment = self._clock()
        for result in results:
            if not outgoing.is_plain(result, moment):
                outgoing.store_alone(self._database, result, moment)
        plain = [result for result in results if outgoing.is_plain(result, moment)]
        if not plain and not sure and not outgoing.anything_due(self._database, list(self._adapters), moment):
            return []
        abandoned = not (plain or sure) or not self._looked_back or moment - self._looked_back >= LOOK_BACK_EVERY
        if abandoned:
            self._looked_back = moment
        rooms = {name: min(self._pace.room(name), self._free(name)) for name in self._adapters}
        return outgoing.turn_over(self._database, plain, rooms, moment, self._pace, abandoned)

    def _free(self, channel: str) -> int:
        return max(self._at_once - len(self._under_way[channel]), 0)

    async def _store_each(self, results: list[Result]) -> None:
        """One of them may be at fault; the others must not be lost with it."""
        for result in results:
            try:
                await asyncio.to_thread(outgoing.store_alone, self._database, result, self._clock())
            except Exception as error:  # noqa: BLE001
                logger.error(
                    "outbox %d: its result is lost, it is tried again: %s", result.parcel.id, kind_and_places(error)
                )

    async def _carry(self, parcel: Parcel) -> None:
        result = await self._try(parcel)
        outcome, delay = result.outcome, 0.0
        if isinstance(outcome, TryAgain):
            logger.info("outbox %d: attempt %d failed: %s", parcel.id, parcel.attempts, outcome.reason)
            rung = LADDER[min(parcel.attempts, len(LADDER)) - 1]
            delay = max(rung * (1 + JITTER * self._jitter()), outcome.after or 0.0)
            if outcome.everybody:
                self._stop(parcel.channel, outcome)
            if outcome.uncertain:
                counters.count_uncertain(parcel.channel)
        self._results.append(replace(result, delay=delay))
        self._wake.set()

    def _stop(self, channel: str, outcome: TryAgain) -> None:
        seconds = outgoing.pause_of(outcome)
        self._pace.pause(channel, seconds)
        moment, why = self._clock(), (channel, outcome.reason)
        # Many may be on their way when the first of them meets it.
        if why not in self._told_of_stops or moment - self._told_of_stops[why] >= TOLD_EVERY:
            self._told_of_stops[why] = moment
            logger.error("%s: nothing goes out for %.0f s: %s", channel, seconds, outcome.reason)

    async def _try(self, parcel: Parcel) -> Result:
        """Hand over the next part."""
        if parcel.gone:
            return Result(parcel, Refused(parcel.gone))
        adapter = self._adapters[parcel.channel]
        try:
            parts = adapter.render(merge([read_reply(self._database.cipher, body) for body in parcel.bodies]))
        except Exception as error:  # noqa: BLE001
            # The words of an error may quote the message.
            logger.error("outbox %d: can't be rendered: %s", parcel.id, type(error).__name__)
            return Result(parcel, Refused("unreadable"))
        if parcel.part >= len(parts):
            # Nothing to say; or a newer program makes fewer parts of it than the one before.
            return Result(parcel, Taken() if parcel.part else Refused("empty"))
        part = parts[parcel.part]
        try:
            trying = adapter.deliver(parcel.conversation, told_by_link(part) if parcel.in_doubt else part)
            outcome = await asyncio.wait_for(trying, TRY_SECONDS)
        except asyncio.TimeoutError:
            outcome = TryAgain("timeout", uncertain=True)
        except Exception as error:  # noqa: BLE001
            logger.error("outbox %d: the adapter of %s: %s", parcel.id, parcel.channel, type(error).__name__)
            outcome = TryAgain("error", uncertain=True)
        in_doubt = FILE in part and isinstance(outcome, TryAgain) and outcome.uncertain
        return Result(parcel, outcome, parcel.part + 1 == len(parts), in_doubt)

    async def _come_to_rest(self) -> None:
        """Let what is on its way arrive, and write down what became of it."""
        tasks = [task for under_way in self._under_way.values() for task in under_way]
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_SECONDS)
        for task in tasks:
            task.cancel()
        await self._store_each(self._results)
