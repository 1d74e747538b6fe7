"""How many messages one person may send in a short time, and how much is done for their files at once."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

# Senders without a message for this long are forgotten, so that memory does not grow.
_SWEEP_EVERY = 1000
_MOST_INSPECTED = 2


def inspections() -> asyncio.Semaphore:
    """Room for inspections of files that come and go through channels: two leave the machine to the conversations.

    The console has its own, so that no crowd of citizens keeps an officer waiting.
    """
    return asyncio.Semaphore(_MOST_INSPECTED)


class RateLimit:
    """At most `most` events per sender in any `seconds`; kept in this process.

    The library that would fit (limits) can't be installed beside Rasa 3.6, which pins an older `packaging`.
    """

    def __init__(self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._events: dict[str, deque[float]] = {}
        self._calls = 0

    def wait_for(self, sender: str) -> float:
        """Count an event; 0 when it is within the limit, otherwise the seconds to wait (then it does not count)."""
        moment = self._clock()
        self._sweep(moment)
        events = self._events.setdefault(sender, deque())
        while events and events[0] <= moment - self._seconds:
            events.popleft()
        if len(events) >= self._most:
            return events[0] + self._seconds - moment
        events.append(moment)
        return 0.0

    def left_to_wait(self, sender: str) -> float:
        """The seconds until an event of this sender is within the limit again, without counting one."""
        cut = self._clock() - self._seconds
        events = [moment for moment in self._events.get(sender, ()) if moment > cut]
        return events[0] - cut if len(events) >= self._most else 0.0

    def _sweep(self, moment: float) -> None:
        self._calls += 1
        if self._calls % _SWEEP_EVERY == 0:
            cut = moment - self._seconds
            self._events = {sender: events for sender, events in self._events.items() if events and events[-1] > cut}
