"""Every page of the console has a door that says who may come in; what has no door does not exist.

A visitor passes: session, step of the log-in, permission, and for forms the token. Denied is whatever is not allowed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.accounts import audit
from bot.accounts.permissions import may
from bot.accounts.sessions import CODE, DONE, ENROL, PASSWORD, LoggedIn, Sessions, csrf_of
from bot.complaints.errors import UnknownComplaintError
from bot.console.forms import (
    MOST_BYTES,
    MOST_WITH_FILES,
    Form,
    TooLargeError,
    TooSlowError,
    read_form,
    read_form_with_files,
    whole,
)
from bot.console.pages import HEADERS, Frame
from bot.console.visit import HOME, Visit, go_to
from bot.pages import OwnCookie, sender_of

LOG_IN = f"{HOME}/dang-nhap"
# Where a session that is not through yet has to go.
STEPS = {CODE: f"{HOME}/ma", PASSWORD: f"{HOME}/mat-khau", ENROL: f"{HOME}/xac-thuc", DONE: HOME}
_LONGEST_TOKEN = 100
_OWN = ("same-origin", "none")
TOO_LARGE, TOO_SLOW = "too_large.html", "too_slow.html"
_TROUBLES = {TOO_LARGE: 413, TOO_SLOW: 408}

Handler = Callable[[Visit], Response]


@dataclass(frozen=True)
class Needs:
    """What a door asks for.

    Attributes:
        steps: steps of a log-in at which the page is for; empty lets everybody in.
        act: an act of `permissions`; empty is every officer.
        reader: whether the page is there for named readers of denunciations alone; to others it does not exist.
    """

    steps: frozenset[str] = frozenset()
    act: str = ""
    reader: bool = False


def session_cookie(secure: bool) -> OwnCookie:
    """What opens a session."""
    return OwnCookie("motcua_can_bo", secure, HOME)


def form_cookie(secure: bool) -> OwnCookie:
    """What the forms of somebody without a session belong to."""
    return OwnCookie("motcua_can_bo_form", secure, HOME)


PUBLIC = Needs()
# No session is asked for: a log-in page would tell that there is something behind it.
READERS = Needs(reader=True)
ANY_SESSION = Needs(frozenset(STEPS))


def at(*steps: str) -> Needs:
    """A page for sessions at these steps."""
    return Needs(frozenset(steps))


def allowed(act: str) -> Needs:
    """A page for officers who may do this."""
    return Needs(frozenset({DONE}), act)


@dataclass(frozen=True)
class Door:
    """A page, and who may come in.

    Attributes:
        path: as Starlette writes it, below `HOME`.
        touches: whether a visit keeps the session from ending for idleness.
        takes_files: whether its form brings files along.
    """

    path: str
    handler: Handler
    needs: Needs
    method: str = "GET"
    touches: bool = True
    takes_files: bool = False


# Forms with files in memory at the same time, through all doors: each is there more than once while it is read.
_AT_ONCE = 2
_LONGEST_FORM = 180.0


def room_for_files() -> asyncio.Semaphore:
    """Room for forms with files, for all doors that take them."""
    return asyncio.Semaphore(_AT_ONCE)


@dataclass(frozen=True)
class Guard:
    """Stands at one door.

    Attributes:
        room: for forms with files.
        patience: seconds that such a form may take to come in.
    """

    door: Door
    sessions: Sessions
    frame: Frame
    secure: bool
    room: asyncio.Semaphore = field(default_factory=room_for_files)
    patience: float = _LONGEST_FORM

    def route(self) -> Route:
        """The door as a route."""
        return Route(HOME + self.door.path, self.open, methods=[self.door.method])

    async def open(self, request: Request) -> Response:
        """Let a visitor in, or say why not; nothing of it stays in a cache."""
        response = await self._receive(request)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    async def _receive(self, request: Request) -> Response:
        if request.method != "POST":
            return await run_in_threadpool(self._open, request, Form())
        if not self.door.takes_files:
            return await self._take(request, read_form(request))
        # Of a stranger's form only the words, which may be an officer's whose session has just ended.
        brings_files = _length_of(request) > MOST_BYTES and await run_in_threadpool(self._is_welcome, request)
        most = MOST_WITH_FILES if brings_files else MOST_BYTES
        # Nobody waits for strangers, nor an answer without files for those with them.
        async with self.room if brings_files else contextlib.nullcontext():
            return await self._take(request, read_form_with_files(request, most, self.patience))

    async def _take(self, request: Request, reading: Awaitable[Form]) -> Response:
        form, trouble = Form(), ""
        try:
            form = await reading
        except TooLargeError:
            trouble = TOO_LARGE
        except TooSlowError as error:
            form, trouble = error.form, TOO_SLOW
        return await run_in_threadpool(self._open, request, form, trouble)

    def _is_welcome(self, request: Request) -> bool:
        login, needs = self._login(request, False), self.door.needs
        if login is None or login.step not in needs.steps:
            return False
        return not needs.act or may(login.person.roles, needs.act)

    def _login(self, request: Request, touch: bool) -> LoggedIn | None:
        token = session_cookie(self.secure).of(request)
        return self.sessions.of(token, touch=touch) if 0 < len(token) <= _LONGEST_TOKEN else None

    def _open(self, request: Request, form: Form, trouble: str = "") -> Response:
        login = self._login(request, self.door.touches)
        cookie = form_cookie(self.secure)
        form_token = "" if login else cookie.of(request) or secrets.token_urlsafe(32)
        csrf = login.csrf if login else csrf_of(form_token)
        visit = Visit(request, form, login, csrf, sender_of(request))
        response = self._answer(visit, trouble)
        if not login and cookie.of(request) != form_token:
            cookie.keep(response, form_token)
        return response

    def _answer(self, visit: Visit, trouble: str) -> Response:
        needs, login = self.door.needs, visit.login
        if needs.steps and login is None:
            return self._log_in_first(visit)
        if needs.steps and login and login.step not in needs.steps:
            return go_to(STEPS[login.step])
        if needs.act and login and not may(login.person.roles, needs.act):
            self._record_denied(login, needs.act)
            return self.frame.page(visit, "forbidden.html", status=403)
        if trouble:
            return self.frame.page(visit, trouble, status=_TROUBLES[trouble], typed=visit.form.typed())
        if self.door.method == "POST" and not self._is_own_form(visit):
            return self.frame.page(visit, "stale.html", status=403, typed=visit.form.typed())
        if needs.reader and not self.frame.is_reader(login):
            return self.frame.page(visit, "unknown.html", status=404)
        try:
            return self.door.handler(visit)
        except UnknownComplaintError:
            return self.frame.page(visit, "unknown.html", status=404)

    def _log_in_first(self, visit: Visit) -> Response:
        if self.door.method == "GET":
            return go_to(LOG_IN)
        # What was being written when the session ended must not be lost.
        return self.frame.page(visit, "stale.html", status=401, typed=visit.form.typed())

    def _is_own_form(self, visit: Visit) -> bool:
        site = visit.request.headers.get("sec-fetch-site")
        if site is not None and site not in _OWN:
            return False
        # Without a session the token belongs to a cookie that has to be there already.
        known = visit.login is not None or bool(form_cookie(self.secure).of(visit.request))
        return known and hmac.compare_digest(visit.form.get("csrf").encode(), visit.csrf.encode())

    def _record_denied(self, login: LoggedIn, act: str) -> None:
        with self.sessions.database.transaction() as session:
            audit.record(session, login.person.name, "denied", detail=act)


def _length_of(request: Request) -> float:
    """Bytes of the body as its sender declares them, which the server holds it to; endless where it does not say."""
    length = whole(request.headers.get("content-length", ""))
    return float("inf") if length is None else length
