"""The web chat's interface: messages in, answers out by event stream or long poll, feedback on answers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.channels.bodies import BodyError, read_body
from bot.channels.limits import RateLimit, Seats
from bot.channels.web_lines import WebLines
from bot.channels.web_session import (
    CHANNEL,
    BadRequestError,
    Pace,
    conversation_of,
    guard,
    in_frame,
    keep_frame_token,
    new_token,
    token_of,
)
from bot.database import Database
from bot.delivery import outbox, sentences, turns
from bot.delivery.inbox import Arrival
from bot.delivery.intake import Intake
from bot.delivery.news import News
from bot.delivery.outbox import Button
from bot.pages import sender_of
from bot.settings import Settings
from bot.text.normalise import clean

MOST_CHARACTERS = 2000
# JSON spells one Vietnamese letter with up to six bytes.
MOST_BYTES = 20_000
BODY_SECONDS = 10.0
# Whole wards share one address behind their provider; a conversation costs nothing before its first message.
_NEW_PER_ADDRESS, _NEW_SECONDS = 300, 600
# To each message: several tabs read every answer, and whoever only waits asks, too.
_READS = 10
REJECT_ANSWER = "/reject_answer"
_CLIENT_ID = re.compile(r"[0-9a-zA-Z-]{8,64}")
# Databases count rows no further.
_LAST_ROW = 2**63 - 1


class Worker(Protocol):
    """Who answers what is in the inbox (`bot.delivery.dispatcher.Dispatcher`)."""

    def notify(self) -> None:
        """Something arrived."""

    async def wait_for_news(self, seconds: float) -> None:
        """Return at the next answer, or after `seconds`."""


@dataclass
class WebChannel:
    """Handlers of the web chat.

    Attributes:
        accept: stores a message (`bot.delivery.intake.Intake.accept`).
        news: wakes who waits for answers.
        pace: of messages; `reads`: of asking for answers; `new_per_address`: conversations founded.
        body_seconds: how long a message may take to come in.
    """

    database: Database
    accept: Callable[[Arrival], Awaitable[tuple[int, bool]]]
    news: News
    settings: Settings
    pace: Pace
    reads: Pace
    new_per_address: RateLimit
    body_seconds: float = BODY_SECONDS

    def routes(self) -> list[BaseRoute]:
        """Routes of the web chat."""
        lines = WebLines(self.database, self.news, self.settings, self.check_new, self.reads, Seats())

        def route(path: str, handler: Callable[[Request], Awaitable[Response]], method: str) -> Route:
            return Route(f"/api/web/{path}", guard(handler, self.settings), methods=[method])

        routes: list[BaseRoute] = [
            route("messages", self.receive, "POST"),
            route("messages", lines.read, "GET"),
            route("stream", lines.stream, "GET"),
            route("feedback", self.rate, "POST"),
        ]
        if self.settings.widget_origins:
            routes.append(route("frame", self.open_frame, "POST"))
        return routes

    def close(self) -> None:
        """End every stream and every waiting poll: the program ends."""
        self.news.close()

    def check_new(self, request: Request) -> None:
        """Count a conversation that is founded.

        Raises:
            BadRequestError: too many of this address.
        """
        wait = self.new_per_address.wait_for(sender_of(request))
        if wait:
            minutes = math.ceil(wait / 60)
            sentence = sentences.TOO_MANY_NEW.format(minutes=minutes)
            raise BadRequestError(sentence, status=429, retry_after=math.ceil(wait))

    async def open_frame(self, request: Request) -> Response:
        """POST /api/web/frame: what opens the conversation of a frame.

        A frame asks until its cookie comes along; when the browser keeps none, it asks for a token to hold itself.
        """
        if not in_frame(request):
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=403)
        body = await self._read_json(request)
        kept = token_of(request, self.settings.secure)
        if kept:
            response = JSONResponse({"cookie": True})
            keep_frame_token(response, kept, self.settings.secure)
            return response
        self.check_new(request)
        token = new_token()
        if body.get("token") is True:
            return JSONResponse({"token": token}, status_code=201)
        response = JSONResponse({"cookie": False}, status_code=201)
        keep_frame_token(response, token, self.settings.secure)
        return response

    async def receive(self, request: Request) -> Response:
        """POST /api/web/messages: a message of the citizen."""
        conversation = conversation_of(request, self.settings.secure)
        self.pace.check(conversation, request)
        body = await self._read_json(request)
        key = str(body.get("client_id", ""))
        if not _CLIENT_ID.fullmatch(key):
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST)
        text, payload = await run_in_threadpool(self._read_message, conversation, body)
        arrival = Arrival(CHANNEL, f"{conversation}:{key}", conversation, text, payload)
        message_id, _ = await self.accept(arrival)
        self.news.tell(conversation)
        return JSONResponse({"id": message_id}, status_code=202)

    async def rate(self, request: Request) -> Response:
        """POST /api/web/feedback: whether an answer helped."""
        conversation = conversation_of(request, self.settings.secure)
        self.pace.check(conversation, request)
        body = await self._read_json(request)
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
            await self.accept(arrival)
            self.news.tell(conversation)
        return Response(status_code=204)

    def _read_message(self, conversation: str, body: dict[str, Any]) -> tuple[str, str | None]:
        if "button" in body:
            button = self._find_button(conversation, str(body["button"]))
            return button.title, button.payload
        return check_text(body.get("text")), None

    def _find_button(self, conversation: str, button_id: str) -> Button:
        with self.database.reading() as session:
            button = outbox.find_button(session, conversation, button_id)
        if button:
            return button
        raise BadRequestError(sentences.UNKNOWN_BUTTON)

    def _keep_feedback(self, conversation: str, turn: int, value: str) -> bool:
        with self.database.transaction() as session:
            return turns.give_feedback(session, conversation, turn, value)

    async def _read_json(self, request: Request) -> dict[str, Any]:
        if not request.headers.get("content-type", "").startswith("application/json"):
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=415)
        try:
            body = json.loads(await read_body(request, MOST_BYTES, self.body_seconds))
        except BodyError as error:
            sentence = sentences.TOO_LONG.format(limit=MOST_CHARACTERS) if error.status == 413 else sentences.TOO_SLOW
            raise BadRequestError(sentence, status=error.status) from error
        except (ValueError, RecursionError) as error:
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST) from error
        if not isinstance(body, dict):
            raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST)
        return body


def open_web(
    database: Database,
    worker: Worker,
    settings: Settings,
    intake: Intake | None = None,
    body_seconds: float = BODY_SECONDS,
) -> WebChannel:
    """The web chat, put together.

    Args:
        intake: what other channels store their messages through, too; one of its own without.
    """
    per_person, per_address = settings.messages_per_10s, settings.messages_per_10s_per_address
    return WebChannel(
        database,
        (intake or Intake(database, worker.notify)).accept,
        News(database, worker.wait_for_news),
        settings,
        pace=Pace(RateLimit(per_person, 10), RateLimit(per_address, 10), sentences.TOO_MANY),
        reads=Pace(RateLimit(_READS * per_person, 10), RateLimit(_READS * per_address, 10), sentences.BUSY),
        new_per_address=RateLimit(_NEW_PER_ADDRESS, _NEW_SECONDS),
        body_seconds=body_seconds,
    )


def web_routes(database: Database, worker: Worker, settings: Settings) -> list[BaseRoute]:
    """Routes of the web chat."""
    return open_web(database, worker, settings).routes()


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
