"""What a channel brings to the web program."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from starlette.routing import BaseRoute

from bot.delivery.adapter import Adapter
from bot.delivery.finding import Finding


@dataclass(frozen=True)
class Channel:
    """One channel, put together from its settings.

    Attributes:
        routes: its webhooks.
        receivers: what fetches messages where there is no webhook; runs until cancelled.
        closing: gives back its connections, after everything else has ended.
        check: asks the neighbour how things stand, for `motcua doctor`; takes seconds at the most, raises nothing that
            the neighbour causes.
        stopping: is called as soon as the program is told to stop, for what would otherwise go on for long.
    """

    adapter: Adapter
    routes: Sequence[BaseRoute] = ()
    receivers: Sequence[Callable[[], Awaitable[None]]] = ()
    closing: Callable[[], Awaitable[None]] | None = None
    check: Callable[[], Awaitable[Sequence[Finding]]] | None = None
    stopping: Callable[[], None] | None = None
