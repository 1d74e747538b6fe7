"""How loops wait that end by being cancelled."""

from __future__ import annotations

import asyncio


async def wait_until_set(event: asyncio.Event, seconds: float) -> bool:
    """Return when an event is set, or after so long; tells whether it is.

    `asyncio.wait_for` of Python 3.10 loses a cancellation that comes just when the event is set, and its loop goes on.
    """
    waiting = asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait({waiting}, timeout=seconds)
    finally:
        waiting.cancel()
    return event.is_set()
