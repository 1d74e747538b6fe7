"""Lets threads go one after the other in the order in which they came, the urgent ones first."""

from __future__ import annotations

import threading
from collections import deque


class NoTurnError(Exception):
    """Somebody kept the turn for too long."""


class Turnstile:
    """A lock that is handed from one thread to the next.

    SQLite itself lets writers look again and again, up to a tenth of a second apart, and the luckiest goes first: who
    has just written goes again, and another waits for a second.

    Args:
        seconds: how long one waits at the most.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._guard = threading.Lock()
        self._taken = False
        self._urgent: deque[threading.Lock] = deque()
        self._others: deque[threading.Lock] = deque()

    def enter(self, urgent: bool = False) -> None:
        """Go through alone, until `leave`.

        Args:
            urgent: before all that wait and are not.

        Raises:
            NoTurnError: it took too long; so it does for whoever enters again before leaving.
        """
        queue = self._urgent if urgent else self._others
        with self._guard:
            if not self._taken:
                self._taken = True
                return
            closed = threading.Lock()
            closed.acquire()
            queue.append(closed)
        if closed.acquire(timeout=self._seconds):
            return
        with self._guard:
            if closed in queue:
                queue.remove(closed)
            else:
                # It was handed over in this very moment.
                self._hand_on()
        raise NoTurnError(f"no turn within {self._seconds:.0f} s")

    def leave(self) -> None:
        """Let the next one through."""
        with self._guard:
            self._hand_on()

    def waiting(self) -> int:
        """How many wait."""
        with self._guard:
            return len(self._urgent) + len(self._others)

    def _hand_on(self) -> None:
        queue = self._urgent or self._others
        if queue:
            queue.popleft().release()
        else:
            self._taken = False
