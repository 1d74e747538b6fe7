"""Addresses at which machines ask how the bot is: alive, ready, in figures."""

from __future__ import annotations

import asyncio
import hmac
import ssl
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Any

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.database import Database
from bot.delivery.switches import ALL
from bot.operations import metrics
from bot.operations.standing import Overview, look
from bot.settings import Settings

# Seconds that an answer may wait to be sent before its channel counts as late.
LATE = 300
# Seconds that what was seen is told to whoever else asks: anybody may, as often as they like.
KEPT = 2.0
_PROXY_HEADERS = ("x-forwarded-for", "forwarded", "via", "x-real-ip")


class KeptLook:
    """One look at a time, for all who ask; what it saw is kept for a while.

    Args:
        kept: for how many seconds.
    """

    def __init__(self, look: Callable[[], Awaitable[dict[str, Any]]], kept: float, clock: Callable[[], float]) -> None:
        self._look = look
        self._kept = kept
        self._clock = clock
        self._turn = asyncio.Lock()
        self._seen: dict[str, Any] = {}
        self._until = -float("inf")

    async def see(self) -> dict[str, Any]:
        """What is to be seen."""
        async with self._turn:
            if self._clock() >= self._until:
                self._seen = await self._look()
                self._until = self._clock() + self._kept
            return self._seen


def health_routes(
    database: Database, settings: Settings, channels: Collection[str], clock: Callable[[], float] = time.monotonic
) -> list[BaseRoute]:
    """`/healthz`, `/readyz` and `/metrics`.

    Args:
        channels: the channels that are open in this program.
        clock: seconds, by which it is looked anew whether all is ready.
    """

    async def alive(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    # Both are on this machine, without TLS: whom to trust need not be read from disk again and again.
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    async def look_around() -> dict[str, Any]:
        overview = await run_in_threadpool(_look, database)
        addresses = (f"{settings.rasa_url}/status?token={settings.rasa_token}", f"{settings.actions_url}/health")
        async with httpx.AsyncClient(timeout=2, trust_env=False, verify=nobody) as client:
            rasa, actions = await asyncio.gather(*(_answers(client, address) for address in addresses))
        # A channel in trouble is told, but is no reason to take the others away.
        told = {name: _state_of(name, overview) for name in sorted(channels)} if overview else {}
        return {"database": overview is not None, "rasa": rasa, "actions": actions, "channels": told}

    kept = KeptLook(look_around, KEPT, clock)

    async def ready(request: Request) -> Response:
        seen = await kept.see()
        status = 200 if seen["database"] and seen["rasa"] and seen["actions"] else 503
        return JSONResponse(seen, status_code=status)

    async def figures(request: Request) -> Response:
        if not _may_read(request, settings.metrics_key):
            return Response(status_code=401, headers={"WWW-Authenticate": "Bearer"})
        content = await run_in_threadpool(metrics.render, database)
        return Response(content, media_type=metrics.CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", figures)]


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.HTTPError:
        return False


def _look(database: Database) -> Overview | None:
    try:
        with database.reading() as session:
            session.execute(text("select 1"))
            return look(session)
    except SQLAlchemyError:
        return None


def _state_of(channel: str, overview: Overview) -> str:
    if ALL in overview.off or channel in overview.off:
        return "off"
    if any(one.problem for one in overview.credentials if one.name == channel):
        return "token"
    return "late" if max(overview.age("inbox", channel), overview.age("outbox", channel)) > LATE else "ok"


def _may_read(request: Request, key: str) -> bool:
    given = request.headers.get("authorization", "").encode()
    if key and hmac.compare_digest(given, f"Bearer {key}".encode()):
        return True
    # A web server in front lets the whole world look as if it were this machine.
    passed_on = any(name in request.headers for name in _PROXY_HEADERS)
    host = request.client.host if request.client else ""
    return host in ("127.0.0.1", "::1") and not passed_on
