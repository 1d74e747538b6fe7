"""The HTTP server around the web program: slow and greedy clients, crowds, proxies, headers, a quick end."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from bot.settings import Settings

# Seconds for the head of a request, and for the rest of a body that was already answered.
HEAD_SECONDS, REST_SECONDS = 10.0, 30.0
# Bytes of a head; browsers and servers in between send a few thousand.
MOST_HEAD = 32_000
# Requests at the same time. Beyond it the machine would answer everybody late instead of some at once.
MOST_REQUESTS = 4000
# A thousand open streams need a thousand of them, which is more than most systems give unasked.
WANTED_FILES = 16_384
# Between two requests. Longer than servers in front keep an idle connection (commonly a minute): the one that closes
# first must be theirs, or a webhook is now and then posted into a connection that is just ending.
IDLE_SECONDS = 75
_STOP_SECONDS = 3
_CROWDED = "Hệ thống đang có rất nhiều người dùng. Anh/chị vui lòng thử lại sau ít giây."
_BROKEN = "Hệ thống đang trục trặc. Anh/chị vui lòng thử lại sau ít phút, hoặc gọi 1800 1096."

# For every response that does not say something else itself.
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


class PatientProtocol(HttpToolsProtocol):
    """Closes connections whose request does not come in time, or whose head has no end.

    uvicorn itself waits for ever: its only time limit is that between two requests.
    """

    head_seconds, rest_seconds = HEAD_SECONDS, REST_SECONDS

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._limit: asyncio.TimerHandle | None = None
        self._head_bytes = 0
        self._in_head = True
        self._message_over = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A head must come."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._end_in(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._end_in(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what belongs to a head."""
        super().data_received(data)
        if not self._in_head or self.transport.is_closing():
            return
        self._head_bytes += len(data)
        if self._head_bytes > MOST_HEAD:
            self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
            self.transport.close()

    def on_message_begin(self) -> None:
        """A head begins; that of the first request was waited for before."""
        super().on_message_begin()
        self._in_head, self._message_over = True, False
        if self._limit is None:
            self._end_in(self.head_seconds)

    def on_headers_complete(self) -> None:
        """The head is whole; its body is the handler's to wait for."""
        self._in_head, self._head_bytes = False, 0
        self._end_in(None)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """All of the request is here."""
        super().on_message_complete()
        self._message_over = True
        self._end_in(None)

    def on_response_complete(self) -> None:
        """What still comes of a body that was answered early has an end."""
        super().on_response_complete()
        if not self._message_over:
            self._end_in(self.rest_seconds)

    def _end_in(self, seconds: float | None) -> None:
        if self._limit:
            self._limit.cancel()
        self._limit = self.loop.call_later(seconds, self.timeout_keep_alive_handler) if seconds else None


class SafeHeaders:
    """Gives every response the headers of `HEADERS`; what a page says itself counts more."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        personal = scope["path"].startswith("/api/")

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if personal:
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, add)


class Crowd:
    """Refuses what is too much at once in a sentence, before any of it costs more than that."""

    def __init__(self, app: ASGIApp, most: int = MOST_REQUESTS) -> None:
        self._app = app
        self._most = most
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if self._inside >= self._most and scope["path"] not in ("/healthz", "/readyz", "/metrics"):
            await _say(scope["path"], _CROWDED, 503)(scope, receive, send)
            return
        self._inside += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._inside -= 1


async def tell_failure(request: Request, error: Exception) -> Response:
    """The answer to a request at which the program failed; nothing of the failure is in it."""
    response = _say(request.url.path, _BROKEN, 500)
    response.headers.update(HEADERS)
    return response


class Server(uvicorn.Server):
    """A server that tells what runs without an end when it is time to end."""

    def __init__(self, config: uvicorn.Config, on_stop: Sequence[Callable[[], None]] = ()) -> None:
        super().__init__(config)
        self._on_stop = on_stop

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End streams first, then everything."""
        for stop in self._on_stop:
            stop()
        await super().shutdown(sockets)


def make_server(
    app: ASGIApp,
    settings: Settings,
    on_stop: Sequence[Callable[[], None]] = (),
    protocol: type[PatientProtocol] = PatientProtocol,
) -> Server:
    """The server of the web program.

    Args:
        on_stop: ends what would otherwise go on for minutes.
        protocol: how long it waits for whom.
    """
    config = uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol,
        timeout_keep_alive=IDLE_SECONDS,
        log_level="warning",
        access_log=False,
        # Rasa holds websockets at a version uvicorn no longer starts with; nothing here uses them.
        ws="none",
        # What others write there is believed only of these.
        proxy_headers=True,
        forwarded_allow_ips=list(settings.trusted_proxies),
        server_header=False,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )
    return Server(config, on_stop)


def allow_many_connections() -> None:
    """Ask the system for as many open files as a crowd needs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = WANTED_FILES if hard == resource.RLIM_INFINITY else min(WANTED_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _say(path: str, sentence: str, status: int) -> Response:
    headers = {"Retry-After": "5", "Cache-Control": "no-store"}
    if path.startswith("/api/"):
        return JSONResponse({"error": sentence, "retry_after": 5}, status_code=status, headers=headers)
    return PlainTextResponse(sentence, status_code=status, headers=headers)
