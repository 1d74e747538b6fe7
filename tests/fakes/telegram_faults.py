"""What meets a call of the small Telegram in place of its answer: ready-made faults, and too many messages."""

import math
import threading
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Fault:
    """What meets one call, in place of its answer.

    Attributes:
        delivered: the call is carried out first, only its answer does not arrive.
        away: the connection breaks, without an answer.
        hang: no answer until the caller has gone.
    """

    status: int = 200
    description: str = ""
    parameters: dict = field(default_factory=dict)
    delivered: bool = False
    away: bool = False
    hang: bool = False
    raw: bytes = b""


def too_many(seconds=1):
    return Fault(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


BLOCKED = Fault(403, "Forbidden: bot was blocked by the user")
ERROR = Fault(500, "Internal Server Error")
UNAUTHORIZED = Fault(401, "Unauthorized")
TIMEOUT_AFTER_DELIVERY = Fault(delivered=True, hang=True)
BROKEN_AFTER_DELIVERY = Fault(delivered=True, away=True)
AWAY = Fault(away=True)
HTML = Fault(raw=b"<html>proxy</html>")


class ApiError(Exception):
    def __init__(self, status, description, **parameters):
        super().__init__(description)
        self.fault = Fault(status, description, parameters)


@dataclass(frozen=True)
class Limits:
    """Messages in a second that are taken: about one to a chat, about thirty to all, as the documentation says.

    Attributes:
        chat_burst: how many are borne at once to a chat that has rested; it says only that they are few.
    """

    chat: float = 1.0
    everybody: float = 30.0
    chat_burst: int = 5


class Meter:
    """Counts messages that are taken; None for no limits."""

    def __init__(self, limits):
        self._limits = limits
        # For each chat, and for all under None, the moment by which all would have come at an even pace.
        self._even = {}
        self._lock = threading.Lock()

    def take(self, chat):
        """None and one more is counted, or the 429 that meets it."""
        if self._limits is None:
            return None
        moment = time.monotonic()
        with self._lock:
            # Of all together, a second's worth is borne at once: it is in seconds that they are counted.
            rates = ((chat, self._limits.chat, self._limits.chat_burst), (None, self._limits.everybody, None))
            places = {key: max(self._even.get(key, moment), moment) for key, _, _ in rates}
            waits = [places[key] - moment - ((burst or rate) - 1) / rate for key, rate, burst in rates]
            if max(waits) > 0:
                return too_many(math.ceil(max(waits)))
            self._even.update({key: places[key] + 1 / rate for key, rate, _ in rates})
        return None
