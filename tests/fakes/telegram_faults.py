"""What meets a call of the small Telegram in place of its answer, and the ready-made ones."""

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
