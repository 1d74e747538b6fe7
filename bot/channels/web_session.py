"""Who a request of the web chat comes from, and whether it comes from our own page at all.

Our page is known by a cookie that no other site's page can make a browser send, and, by https, no other host of our
domain can have set: nobody can put a conversation of theirs under a citizen. The chat in a frame of another page
(the widget) can't have that one: it has a cookie of its own, kept apart for each page it is shown on, or, where the
browser keeps no cookies in frames, a token that only the frame's script holds. Frames name themselves by a header,
which no page of another site can send without asking us first, and nobody is ever answered yes.
"""

from __future__ import annotations

import hashlib
import math
import re
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bot.channels.limits import RateLimit
from bot.delivery import sentences
from bot.pages import OwnCookie, sender_of
from bot.settings import Settings

CHANNEL = "web"
COOKIE = "motcua"
FRAME_COOKIE = "motcua_frame"
# "cookie", or the token itself.
FRAME_HEADER = "x-motcua-frame"
COOKIE_AGE = 180 * 24 * 3600
_TOKEN = re.compile(r"[0-9A-Za-z_-]{20,100}")


class BadRequestError(Exception):
    """A request that can't be taken; the message is a sentence for the citizen."""

    def __init__(self, sentence: str, status: int = 400, retry_after: float | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after = retry_after


Handler = Callable[[Request], Awaitable[Response]]


@dataclass
class Pace:
    """How often one person, and one address, may ask for something.

    Attributes:
        sentence: what whoever asks too often is told, with `{seconds}` to wait.
    """

    per_person: RateLimit
    per_address: RateLimit
    sentence: str

    def check(self, conversation: str, request: Request) -> None:
        """Count a request.

        Raises:
            BadRequestError: it is one too many.
        """
        wait = self.per_person.wait_for(conversation) or self.per_address.wait_for(sender_of(request))
        if wait:
            seconds = math.ceil(wait)
            raise BadRequestError(self.sentence.format(seconds=seconds), status=429, retry_after=seconds)


def guard(handler: Handler, settings: Settings) -> Handler:
    """Refuse requests of other sites' pages, and turn refusals into sentences."""

    async def guarded(request: Request) -> Response:
        try:
            _check_origin(request, settings.public_url)
            if FRAME_HEADER in request.headers and not settings.widget_origins:
                raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=403)
            return await handler(request)
        except BadRequestError as refusal:
            answer: dict[str, Any] = {"error": str(refusal)}
            headers = {}
            if refusal.retry_after:
                answer["retry_after"] = refusal.retry_after
                headers["Retry-After"] = str(refusal.retry_after)
            return JSONResponse(answer, status_code=refusal.status, headers=headers)

    return guarded


def conversation_of(request: Request, secure: bool) -> str:
    """The conversation that a request's cookie or token opens.

    Args:
        secure: whether the bot is reached by https (`Settings.secure`).

    Raises:
        BadRequestError: it brings none.
    """
    token = token_of(request, secure)
    if token is None:
        raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=403)
    return conversation_behind(token)


def known_conversation_of(request: Request, secure: bool) -> str | None:
    """The conversation that a request opens, None when it brings nothing of the kind."""
    token = token_of(request, secure)
    return conversation_behind(token) if token else None


def conversation_behind(token: str) -> str:
    """The conversation's name; the database knows only this fingerprint of what opens it."""
    return f"{CHANNEL}:{hashlib.sha256(token.encode()).hexdigest()[:40]}"


def token_of(request: Request, secure: bool) -> str | None:
    """What opens the conversation, None when a request brings nothing of the kind."""
    shown = request.headers.get(FRAME_HEADER)
    if shown is None:
        token = OwnCookie(COOKIE, secure).of(request)
    else:
        token = OwnCookie(FRAME_COOKIE, secure).of(request) if shown == "cookie" else shown
    return token if _TOKEN.fullmatch(token) else None


def in_frame(request: Request) -> bool:
    """Whether it is the chat in a frame of another page that asks."""
    return FRAME_HEADER in request.headers


def new_token() -> str:
    """What opens a conversation nobody has had."""
    return secrets.token_urlsafe(32)


def keep_token(response: Response, token: str, secure: bool) -> None:
    """Let our page's browser keep it."""
    OwnCookie(COOKIE, secure).keep(response, token, COOKIE_AGE)


def keep_frame_token(response: Response, token: str, secure: bool) -> None:
    """Let the browser keep it for this frame, apart from the same frame on any other site (`Partitioned`)."""
    # Python's own cookies don't know the word before 3.14.
    flags = f"Max-Age={COOKIE_AGE}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
    response.headers.append("Set-Cookie", f"{OwnCookie(FRAME_COOKIE, secure).full_name}={token}; {flags}")


def _check_origin(request: Request, public_url: str) -> None:
    # Browsers send it with every request a page makes over TLS or to this machine; no page can change it.
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        ours = site in ("same-origin", "none")
    else:
        # Older browsers, and plain HTTP. Programs without it carry no citizen's cookie by accident.
        origin = request.headers.get("origin")
        own = (urlsplit(public_url).netloc, request.headers.get("host", ""))
        ours = origin is None or urlsplit(origin).netloc in own
    if not ours:
        raise BadRequestError(sentences.NOT_UNDERSTOOD_REQUEST, status=403)
