"""Keeps the connection to the action server open between calls; Rasa makes a new one for each.

To be without it, take `keep_connections` out of `bot/runtime/start.py`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import ujson
from rasa.utils.endpoints import EndpointConfig

# Less than the five seconds after which the action server hangs up on a silent caller.
_KEPT_SECONDS = 2.0
_SESSION = "kept_session"


def keep_connections() -> None:
    """Let every endpoint of this process keep its connections."""
    make_session = EndpointConfig.session

    @asynccontextmanager
    async def session(endpoint: EndpointConfig) -> AsyncIterator[aiohttp.ClientSession]:
        if not hasattr(endpoint, _SESSION):
            made = make_session(endpoint)
            made.connector._keepalive_timeout = _KEPT_SECONDS
            # A call carries the conversation; what Rasa's web server brings writes it several times as fast.
            made._json_serialize = ujson.dumps
            setattr(endpoint, _SESSION, made)
        yield getattr(endpoint, _SESSION)

    EndpointConfig.session = session
