"""How many messages one person may send in a short time, and how much is done for one person or address at once."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

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


@dataclass
class Seats:
    """Who may be served for long at the same time, in this process: streams, waiting polls, files that come in.

    A browser opens six connections to one site; tabs that all wait would leave none to send with.
    """

    most: int = 3000
    most_per_conversation: int = 4
    most_per_address: int = 400
    _taken: Counter[str] = field(default_factory=Counter)

    def take(self, conversation: str, address: str) -> Callable[[], None] | None:
        """Take a seat; returns what gives it back, None when there is none left."""
        limits = {"": self.most, conversation: self.most_per_conversation, f"@{address}": self.most_per_address}
        if any(self._taken[name] >= most for name, most in limits.items()):
            return None
        self._taken.update(limits.keys())
        return lambda: self._leave(limits)

    @contextmanager
    def sitting(self, conversation: str, address: str) -> Iterator[bool]:
        """Take a seat for a while; tells whether there was one."""
        leave = self.take(conversation, address)
        try:
            yield leave is not None
        finally:
            if leave:
                leave()

    def _leave(self, names: Any) -> None:
        for name in names:
            self._taken[name] -= 1
            if not self._taken[name]:
                del self._taken[name]
