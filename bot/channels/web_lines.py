"""How the web chat's answers reach the browser: a stream of events, or a long poll where no stream gets through.

Neither says by itself that a line has arrived. A request that names a line as the last one it knows does.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from bot.channels.limits import Seats
from bot.channels.web_session import (
    BadRequestError,
    Pace,
    conversation_behind,
    conversation_of,
    in_frame,
    keep_token,
    new_token,
    token_of,
)
from bot.database import Database
from bot.delivery import inbox, outbox, sentences
from bot.delivery.news import News
from bot.delivery.outbox import Line, Lines
from bot.pages import sender_of
from bot.settings import Settings

LONGEST_WAIT = 25.0
# Servers in between close what is silent for a minute or less.
HEARTBEAT_SECONDS = 15.0
# A stream nobody reads any more ends with it.
LONGEST_STREAM = 600.0
_SECONDS_TO_RETRY = 30
_HEARTBEAT = b":\n\n"


class EventStream(StreamingResponse):
    """Server-sent events, in whose way no cache and no proxy's buffer stands."""

    def __init__(self, events: AsyncGenerator[bytes, None], on_end: Callable[[], None]) -> None:
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(events, media_type="text/event-stream", headers=headers)
        self._events = events
        self._on_end = on_end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until either side has enough."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._on_end()
            await self._events.aclose()


@dataclass
class WebLines:
    """Handlers of what the browser reads.

    Attributes:
        check_new: refuses a request that may found no conversation.
        pace: how often may be asked, by poll or stream.
        heartbeat: seconds of silence after which a stream shows that it lives.
        longest: seconds after which a stream ends, so that the browser opens another.
    """

    database: Database
    news: News
    settings: Settings
    check_new: Callable[[Request], None]
    pace: Pace
    seats: Seats
    heartbeat: float = HEARTBEAT_SECONDS
    longest: float = LONGEST_STREAM

    async def read(self, request: Request) -> Response:
        """GET /api/web/messages: what was said after a cursor, waiting for news when there is none."""
        token = token_of(request, self.settings.secure)
        if token is None:
            if in_frame(request):
                raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=403)
            self.check_new(request)
            token = new_token()
        conversation = conversation_behind(token)
        self.pace.check(conversation, request)
        after = _cursor(request.query_params.get("after", ""))
        wait = _seconds(request.query_params.get("wait", ""))
        await run_in_threadpool(self._confirm, conversation, after)
        lines, typing = await self._wait_for_lines(conversation, sender_of(request), after, wait)
        response = JSONResponse(_shown(lines, typing=typing), headers={"Cache-Control": "no-store"})
        if not in_frame(request):
            keep_token(response, token, self.settings.secure)
        return response

    async def stream(self, request: Request) -> Response:
        """GET /api/web/stream: what is said after `Last-Event-ID`, as it comes."""
        conversation = conversation_of(request, self.settings.secure)
        self.pace.check(conversation, request)
        leave = self.seats.take(conversation, sender_of(request))
        if leave is None:
            raise BadRequestError(sentences.BUSY, status=429, retry_after=_SECONDS_TO_RETRY)
        after = _cursor(request.headers.get("last-event-id", ""))
        return EventStream(self._events(conversation, after), leave)

    async def _events(self, conversation: str, after: int | None) -> AsyncGenerator[bytes, None]:
        loop = asyncio.get_running_loop()
        until, told = loop.time() + self.longest, None
        await run_in_threadpool(self._confirm, conversation, after)
        with self.news.listening(conversation, after or 0) as listener:
            while True:
                lines, typing = await run_in_threadpool(self._read, conversation, after)
                if lines.lines or typing is not told:
                    after = listener.seen = lines.cursor
                    told = typing
                    yield f"id: {after}\ndata: {json.dumps(_shown(lines, typing=typing))}\n\n".encode()
                else:
                    yield _HEARTBEAT
                left = until - loop.time()
                if left <= 0 or self.news.closed:
                    return
                await listener.wait(0 if lines.more else min(left, self.heartbeat))

    async def _wait_for_lines(
        self, conversation: str, address: str, after: int | None, wait: float
    ) -> tuple[Lines, bool]:
        lines, typing = await run_in_threadpool(self._read, conversation, after)
        if lines.lines or not wait:
            return lines, typing
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        with self.seats.sitting(conversation, address) as seated, self.news.listening(conversation, after or 0) as mine:
            while True:
                lines, typing = await run_in_threadpool(self._read, conversation, after)
                left = until - loop.time()
                if lines.lines or left <= 0 or not seated or self.news.closed:
                    return lines, typing
                await mine.wait(min(left, self.heartbeat))

    def _read(self, conversation: str, after: int | None) -> tuple[Lines, bool]:
        with self.database.reading() as session:
            return outbox.read_lines(session, conversation, after), inbox.is_busy(session, conversation)

    def _confirm(self, conversation: str, after: int | None) -> None:
        if not after:
            return
        with self.database.reading() as session:
            unconfirmed = outbox.has_undelivered(session, conversation, after)
        if unconfirmed:
            # Asking for what comes after a line says that the line has arrived.
            with self.database.transaction() as session:
                outbox.mark_delivered(session, conversation, after)


def _cursor(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _seconds(text: str) -> float:
    return min(float(text), LONGEST_WAIT) if re.fullmatch(r"\d{1,3}(\.\d+)?", text) else 0.0


def _shown(lines: Lines, *, typing: bool) -> dict[str, Any]:
    shown = {"messages": [_show(line) for line in lines.lines], "cursor": str(lines.cursor), "typing": typing}
    return {**shown, "more": True} if lines.more else shown


def _show(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {"key": line.key, "from": line.speaker, "text": line.text, "at": line.at.isoformat()}
    client_id = (line.external_key or "").rsplit(":", 1)[-1]
    if line.speaker == "citizen":
        shown["client_id"] = client_id
    else:
        # The page learns from an answer, too, that its message is stored: the receipt may have been lost.
        shown["answers"] = client_id
        shown["buttons"] = [{"id": button.id, "title": button.title} for button in line.buttons]
        shown["turn"] = line.inbox_id
        shown["rate"] = line.rate
        shown["feedback"] = line.feedback
    return shown
