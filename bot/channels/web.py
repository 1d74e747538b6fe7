"""The web chat's interface: messages in, answers out by long poll, feedback on answers."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.limits import RateLimit
from bot.database import Database
from bot.delivery import inbox, outbox, sentences, turns
from bot.delivery.inbox import Arrival
from bot.delivery.outbox import Button, Line, Lines
from bot.settings import Settings
from bot.text.normalise import clean

CHANNEL = "web"
COOKIE = "motcua"
COOKIE_AGE = 180 * 24 * 3600
MOST_CHARACTERS = 2000
# JSON spells one Vietnamese letter with up to six bytes.
MOST_BYTES = 20_000
LONGEST_WAIT = 25.0
REJECT_ANSWER = "/reject_answer"
_CLIENT_ID = re.compile(r"[0-9a-zA-Z-]{8,64}")
_BUTTON_ID = re.compile(r"[0-9a-zA-Z_-]{1,16}")
_SHORTEST_TOKEN = 20
# Databases count rows no further.
_LAST_ROW = 2**63 - 1


class Worker(Protocol):
    """Who answers what is in the inbox (`bot.delivery.dispatcher.Dispatcher`)."""

    def notify(self) -> None:
        """Something arrived."""

    async def wait_for_news(self, seconds: float) -> None:
        """Return at the next answer, or after `seconds`."""


class BadRequestError(Exception):
    """A request that can't be taken; the message is a sentence for the citizen."""

    def __init__(self, sentence: str, status: int = 400, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after = retry_after


@dataclass
class WebChannel:
    """Handlers of the web chat."""

    database: Database
    worker: Worker
    settings: Settings
    per_person: RateLimit
    per_address: RateLimit

    async def receive(self, request: Request) -> Response:
        """POST /api/web/messages: a message of the citizen."""
        conversation = conversation_of(request)
        self._check_pace(conversation, request)
        body = await _read_json(request)
        key = str(body.get("client_id", ""))
        if not _CLIENT_ID.fullmatch(key):
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST)
        text, payload = await run_in_threadpool(self._read_message, conversation, body)
        arrival = Arrival(CHANNEL, f"{conversation}:{key}", conversation, text, payload)
        message_id, _ = await run_in_threadpool(inbox.accept, self.database, arrival)
        self.worker.notify()
        return JSONResponse({"id": message_id}, status_code=202)

    async def read(self, request: Request) -> Response:
        """GET /api/web/messages: what was said after a cursor, waiting for news when there is none."""
        token = _token_of(request) or secrets.token_urlsafe(32)
        conversation = _conversation(token)
        after = _cursor(request.query_params.get("after", ""))
        lines, typing = await self._wait_for_lines(conversation, after, _seconds(request.query_params.get("wait", "")))
        response = JSONResponse(
            {"messages": [_show(line) for line in lines.lines], "cursor": str(lines.cursor), "typing": typing}
        )
        response.headers["Cache-Control"] = "no-store"
        secure = self.settings.public_url.startswith("https://")
        response.set_cookie(COOKIE, token, max_age=COOKIE_AGE, httponly=True, samesite="strict", secure=secure)
        return response

    async def rate(self, request: Request) -> Response:
        """POST /api/web/feedback: whether an answer helped."""
        conversation = conversation_of(request)
        self._check_pace(conversation, request)
        body = await _read_json(request)
        turn, value = body.get("turn"), body.get("value")
        if not isinstance(turn, int) or isinstance(turn, bool) or value not in turns.FEEDBACK:
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST)
        if abs(turn) > _LAST_ROW or not await run_in_threadpool(self._keep_feedback, conversation, turn, value):
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=404)
        if value == "not_mine":
            # One question back per answer, however often it is tapped.
            arrival = Arrival(
                CHANNEL, f"{conversation}:not_mine:{turn}", conversation, sentences.NOT_MINE, REJECT_ANSWER
            )
            await run_in_threadpool(inbox.accept, self.database, arrival)
            self.worker.notify()
        return Response(status_code=204)

    def _check_pace(self, conversation: str, request: Request) -> None:
        address = request.client.host if request.client else ""
        wait = self.per_person.wait_for(conversation) or self.per_address.wait_for(address)
        if wait:
            seconds = math.ceil(wait)
            raise BadRequestError(sentences.TOO_MANY.format(seconds=seconds), status=429, retry_after=seconds)

    def _read_message(self, conversation: str, body: dict[str, Any]) -> tuple[str, str | None]:
        if "button" in body:
            button = self._find_button(conversation, str(body["button"]))
            return button.title, button.payload
        return check_text(body.get("text")), None

    def _find_button(self, conversation: str, button_id: str) -> Button:
        if _BUTTON_ID.fullmatch(button_id):
            with self.database.reading() as session:
                button = outbox.find_button(session, conversation, button_id)
            if button:
                return button
        raise BadRequestError(sentences.UNKNOWN_BUTTON)

    def _keep_feedback(self, conversation: str, turn: int, value: str) -> bool:
        with self.database.transaction() as session:
            return turns.give_feedback(session, conversation, turn, value)

    async def _wait_for_lines(self, conversation: str, after: int | None, wait: float) -> tuple[Lines, bool]:
        loop = asyncio.get_running_loop()
        until = loop.time() + wait
        while True:
            lines, busy = await run_in_threadpool(self._lines, conversation, after)
            left = until - loop.time()
            if lines.lines or left <= 0:
                return lines, busy
            # Notices of other programs reach this process only by looking again.
            await self.worker.wait_for_news(min(left, 1.0))

    def _lines(self, conversation: str, after: int | None) -> tuple[Lines, bool]:
        with self.database.reading() as session:
            lines = outbox.read_lines(session, conversation, after)
            busy = inbox.is_busy(session, conversation)
            unconfirmed = outbox.has_undelivered(session, conversation, after or 0)
        if unconfirmed and after:
            # Asking for what comes after a line says that the line has arrived.
            with self.database.transaction() as session:
                outbox.mark_delivered(session, conversation, after)
        return lines, busy


def web_routes(database: Database, worker: Worker, settings: Settings) -> list[BaseRoute]:
    """Routes of the web chat."""
    per_person = RateLimit(settings.messages_per_10s, 10)
    channel = WebChannel(database, worker, settings, per_person, RateLimit(settings.messages_per_10s_per_address, 10))
    return [
        Route("/api/web/messages", guard(channel.receive), methods=["POST"]),
        Route("/api/web/messages", guard(channel.read), methods=["GET"]),
        Route("/api/web/feedback", guard(channel.rate), methods=["POST"]),
    ]


def check_text(text: object) -> str:
    """A citizen's text without control characters.

    Raises:
        BadRequestError: it is empty, too long, or no text at all.
    """
    if not isinstance(text, str):
        raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST)
    # JSON can spell half a character (a lone surrogate), which no database takes.
    cleaned = clean(text.encode(errors="replace").decode())
    if not cleaned:
        raise BadRequestError(sentences.EMPTY)
    if len(cleaned) > MOST_CHARACTERS:
        raise BadRequestError(sentences.TOO_LONG.format(limit=MOST_CHARACTERS))
    return cleaned


def guard(handler: Callable[[Request], Any]) -> Callable[[Request], Any]:
    """Refuse requests of other sites' pages, and turn refusals into sentences."""

    async def guarded(request: Request) -> Response:
        try:
            _check_origin(request)
            response: Response = await handler(request)
            return response
        except BadRequestError as refusal:
            answer: dict[str, Any] = {"error": str(refusal)}
            headers = {}
            if refusal.retry_after:
                answer["retry_after"] = refusal.retry_after
                headers["Retry-After"] = str(refusal.retry_after)
            return JSONResponse(answer, status_code=refusal.status, headers=headers)

    return guarded


def _check_origin(request: Request) -> None:
    # Browsers send it with every request a page makes; programs without it carry no citizen's cookie by accident.
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=403)


async def _read_json(request: Request) -> dict[str, Any]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=415)
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > MOST_BYTES:
            raise BadRequestError(sentences.TOO_LONG.format(limit=MOST_CHARACTERS), status=413)
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST) from error
    if not isinstance(body, dict):
        raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST)
    return body


def conversation_of(request: Request) -> str:
    """The conversation that a request's cookie opens.

    Raises:
        BadRequestError: it brings none.
    """
    token = _token_of(request)
    if token is None:
        raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=403)
    return _conversation(token)


def _token_of(request: Request) -> str | None:
    token = request.cookies.get(COOKIE, "")
    return token if len(token) >= _SHORTEST_TOKEN else None


def _conversation(token: str) -> str:
    # The cookie opens the conversation; the database knows only its fingerprint.
    return f"{CHANNEL}:{hashlib.sha256(token.encode()).hexdigest()[:40]}"


def _cursor(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _seconds(text: str) -> float:
    return min(float(text), LONGEST_WAIT) if re.fullmatch(r"\d{1,3}(\.\d+)?", text) else 0.0


def _show(line: Line) -> dict[str, Any]:
    shown: dict[str, Any] = {"key": line.key, "from": line.speaker, "text": line.text, "at": line.at.isoformat()}
    if line.speaker == "citizen":
        shown["client_id"] = (line.external_key or "").rsplit(":", 1)[-1]
    else:
        shown["buttons"] = [{"id": button.id, "title": button.title} for button in line.buttons]
        shown["turn"] = line.inbox_id
        shown["rate"] = line.rate
        shown["feedback"] = line.feedback
    return shown
