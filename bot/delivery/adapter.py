"""What a channel that is sent to must be able to do, and what can become of a message on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from bot.delivery.outbox import Reply

# One message as the channel takes it: JSON, so that what was rendered can be rendered again and be the same.
Part = Mapping[str, Any]
# The reason of a wait for the morning, over as soon as the citizen writes: what they are told then is an answer.
NIGHT = "night"


@dataclass(frozen=True)
class Taken:
    """The channel has it.

    Attributes:
        external_id: the channel's own id of it, for receipts that come later.
    """

    external_id: str | None = None


@dataclass(frozen=True)
class TryAgain:
    """Not now, maybe later.

    Attributes:
        reason: a short name, such as "timeout" or "too_many"; never words of anybody.
        after: seconds that the channel asks for, None when it does not say.
        uncertain: nobody can know whether the citizen has it already.
        everybody: not only this conversation has to wait.
    """

    reason: str
    after: float | None = None
    uncertain: bool = False
    everybody: bool = False


@dataclass(frozen=True)
class Refused:
    """Never: trying again would change nothing.

    Attributes:
        reason: a short name, which becomes the final state `failed` with this reason.
        gone: the conversation can't be reached at all until the citizen comes back.
    """

    reason: str
    gone: bool = False


@dataclass(frozen=True)
class MustWait:
    """The channel allows it only after the citizen has written again.

    Attributes:
        reason: a short name that staff see.
    """

    reason: str


Outcome = Taken | TryAgain | Refused | MustWait


@dataclass(frozen=True)
class Fetched:
    """A file that a channel gave out."""

    name: str
    content: bytes


class FetchError(Exception):
    """A file can't be had; the message is a short reason.

    Attributes:
        later: whether trying again may help.
    """

    def __init__(self, reason: str, later: bool = False) -> None:
        super().__init__(reason)
        self.later = later


class Adapter(Protocol):
    """One channel, seen from the outbox. Errors of the neighbour become outcomes here and nowhere else."""

    channel: str
    # Messages to one conversation, and to all together, that the channel bears in a second.
    per_conversation: float
    per_second: float

    def render(self, reply: Reply) -> list[Part]:
        """The messages that one reply becomes, in order, each within the channel's limits."""

    async def deliver(self, conversation: str, part: Part) -> Outcome:
        """Hand one message to the channel; raises nothing that the neighbour causes."""

    async def fetch(self, reference: str, most: int) -> Fetched:
        """The bytes of a file that came with a message.

        Raises:
            FetchError: it is gone, too large (more than `most` bytes), or lies at an address that is not the channel's.
        """
