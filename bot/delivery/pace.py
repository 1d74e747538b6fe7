"""How fast a channel may be sent to: so many messages in a second to all together, so many to one conversation."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.orm import Session

# Seconds' worth of messages that may go out at once after a rest. To one conversation an answer in two or three
# messages needs no pause; all together must never come near twice their rate.
CONVERSATION_BURST, CHANNEL_BURST = 3.0, 0.25
# Of a whole channel that does not say for how long.
PAUSE_SECONDS = 5.0
# Conversations remembered before those that have rested long enough are forgotten.
_MOST_REMEMBERED = 10_000


@dataclass(frozen=True)
class Rates:
    """What a channel bears in a second; 0 for no limit."""

    per_conversation: float
    per_second: float


class Pace:
    """Counts what this program sends; nobody waits in here. Where others send, too, `SharedPace` counts.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, rates: Mapping[str, Rates], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._conversations = {name: _Bucket(one.per_conversation, CONVERSATION_BURST) for name, one in rates.items()}
        self._channels = {name: _Bucket(one.per_second, CHANNEL_BURST) for name, one in rates.items()}
        self._paused_until: dict[str, float] = {}

    def pause(self, channel: str, seconds: float) -> None:
        """Send nothing through a channel for so long."""
        self._paused_until[channel] = max(self._paused_until.get(channel, 0.0), self._clock() + seconds)

    def room(self, channel: str) -> int:
        """How many messages the channel takes now."""
        moment = self._clock()
        if moment < self._paused_until.get(channel, 0.0):
            return 0
        return self._channels[channel].room("", moment)

    def wait(self, channel: str, conversation: str) -> float:
        """0 when a conversation takes one more now, otherwise after how many seconds to ask again; counts nothing."""
        return self._conversations[channel].wait(conversation, self._clock())

    def grant(self, session: Session, channel: str, wanted: int, moment: datetime) -> int:
        """How many of these messages, for which there is room here, all programs together leave to this one."""
        return wanted

    def share_pause(self, session: Session, channel: str, seconds: float, moment: datetime) -> None:
        """Tell other programs to send nothing through a channel for so long; there are none."""

    def take(self, channel: str, conversation: str) -> float:
        """Count one message; returns 0, or, when it must not go yet, after how many seconds to ask again."""
        moment = self._clock()
        wait = self._conversations[channel].take(conversation, moment)
        return wait or self._channels[channel].take("", moment)


class _Bucket:
    """For each key the moment by which everything let through would have gone at an even pace."""

    def __init__(self, rate: float, burst: float) -> None:
        self._interval = 1 / rate if rate > 0 else 0.0
        # How far ahead of the even pace a key may be when it takes one more.
        self._ahead = max(burst - self._interval, 0.0)
        self._even: dict[str, float] = {}

    def room(self, key: str, moment: float) -> int:
        """How many would be let through now."""
        if not self._interval:
            return 1_000_000
        ahead = max(self._even.get(key, moment) - moment, 0.0)
        # A hair more, or rounding would make less of a whole number.
        return max(int((self._ahead - ahead) / self._interval + 1e-6) + 1, 0) if ahead <= self._ahead + 1e-9 else 0

    def wait(self, key: str, moment: float) -> float:
        """0 when one would be let through now, or the seconds until one may go."""
        wait = self._even.get(key, moment) - self._ahead - moment
        return wait if wait > 1e-9 else 0.0

    def take(self, key: str, moment: float) -> float:
        """0 and one is counted, or the seconds until one may go."""
        if not self._interval:
            return 0.0
        wait = self.wait(key, moment)
        if wait:
            return wait
        self._even[key] = max(self._even.get(key, moment), moment) + self._interval
        if len(self._even) > _MOST_REMEMBERED:
            self._even = {name: until for name, until in self._even.items() if until > moment}
        return 0.0
