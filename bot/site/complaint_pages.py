"""Routes of what became of feedback: state by code, the chain's published days, the check of a receipt.

They work without JavaScript. Whoever has tried too many wrong codes has to wait, also for a right one: else the wait
would not hinder trying.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.templating import Jinja2Templates

from bot.complaints import answer_files, chain, verification
from bot.complaints.errors import UnknownFileError
from bot.complaints.guidance import Guidance
from bot.complaints.kinds import Kind
from bot.complaints.queries import find_status
from bot.complaints.verification import UNKNOWN, verify_receipt
from bot.database import Database
from bot.pages import make_templates, sender_of
from bot.site.complaint_view import Opened, view_of
from bot.site.pages import PAGE_HEADERS, TEMPLATES

HEADERS = {**PAGE_HEADERS, "Cache-Control": "no-store"}
DAYS_A_PAGE, DAYS_A_FILE = 30, 1000
MOST_BYTES, MOST_CHARACTERS = 2000, 200
FORM_SECONDS = 10.0
# Of a code that was typed wrongly only what can stand in one is shown again, to be mended.
_CODE_LIKE = re.compile(r"[0-9A-Za-z -]{1,20}")
# Of files, what a browser shows by itself; everything else is a download.
_SHOWN = ("image/jpeg", "image/png", "image/webp")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Tries(Protocol):
    """How many wrong codes one address may try (`bot.channels.limits.RateLimit`)."""

    def wait_for(self, sender: str) -> float:
        """Count one."""

    def left_to_wait(self, sender: str) -> float:
        """The seconds until another one is allowed, without counting."""


@dataclass(frozen=True)
class ComplaintPages:
    """Handlers of the pages.

    Attributes:
        address: the public address of the site, without a slash at its end.
        today: tells the day in Viet Nam.
        folder: where photos and documents lie.
        conversation_of: the conversation that a request's browser opens, None when it opens none.
        form_seconds: how long a form may take to come in.
    """

    database: Database
    kinds: dict[str, Kind]
    guidance: Guidance
    tries: Tries
    address: str
    today: Callable[[], date]
    folder: Path
    conversation_of: Callable[[Request], str | None]
    form_seconds: float = FORM_SECONDS
    _templates: Jinja2Templates = field(default_factory=lambda: make_templates(TEMPLATES), init=False)

    def routes(self) -> list[BaseRoute]:
        """All routes; those with a name of their own come before the code."""
        return [
            Route("/phan-anh", self.ask, name="complaints"),
            Route("/phan-anh", self.look_up, methods=["POST"]),
            Route("/phan-anh/chuoi", self.days, name="chain"),
            Route("/phan-anh/chuoi.json", self.days_as_json),
            Route("/phan-anh/chuoi/{day}.json", self.day_as_json),
            Route("/phan-anh/kiem-tra", self.check, name="check_receipt"),
            Route("/phan-anh/{code}", self.show, name="complaint"),
            # Where an officer's files are opened: by the citizen's own browser, or by the link that came with them.
            Route("/phan-anh/{code}/tep/{file:int}", self.open_file),
            Route("/phan-anh/{code}/tep/{key}", self.show),
            Route("/phan-anh/{code}/tep/{key}/{file:int}", self.open_file),
        ]

    async def ask(self, request: Request) -> Response:
        """GET /phan-anh: a form for the code."""
        return self._render(request, "complaint_find.html", code="", wrong=False)

    async def look_up(self, request: Request) -> Response:
        """POST /phan-anh: leads to the page of the code that was typed."""
        try:
            form = await asyncio.wait_for(_read_form(request), self.form_seconds)
        except (asyncio.TimeoutError, ClientDisconnect):
            return self._render(request, "complaint_find.html", status=408, code="", wrong=False)
        typed = form.get("code", "")
        wait = self._wait(request)
        if wait:
            return self._refuse(request, wait)
        status = await run_in_threadpool(find_status, self.database, typed)
        if status:
            return RedirectResponse(f"/phan-anh/{status.code}", status_code=303, headers=HEADERS)
        self.tries.wait_for(sender_of(request))
        shown = typed if _CODE_LIKE.fullmatch(typed) else ""
        return self._render(request, "complaint_find.html", status=404, code=shown, wrong=True)

    async def show(self, request: Request) -> Response:
        """GET /phan-anh/<code>: what became of it."""
        wait = self._wait(request)
        if wait:
            return self._refuse(request, wait)
        status = await run_in_threadpool(find_status, self.database, request.path_params["code"])
        if status is None:
            self.tries.wait_for(sender_of(request))
            # The code is not repeated on the page: anybody could put words of their own into such a link.
            return self._render(request, "complaint_unknown.html", status=404)
        path, key = f"/phan-anh/{status.code}", request.path_params.get("key", "")
        opened = await run_in_threadpool(self._opened, request, status.code, key)
        if key and not opened.files:
            # Wrong, or of files that are gone: as if only the code had been given.
            if not await run_in_threadpool(answer_files.was_given, self.database, status.code, None, key):
                self.tries.wait_for(sender_of(request))
            return RedirectResponse(path, status_code=303, headers=HEADERS)
        if not key and request.url.path != path:
            return RedirectResponse(path, status_code=303, headers=HEADERS)
        view = view_of(status, self.kinds, self.guidance, self.address + path, self.today(), opened)
        return self._render(request, "complaint.html", complaint=view)

    async def open_file(self, request: Request) -> Response:
        """GET /phan-anh/<code>/tep/…/<number>: a file that came with an answer."""
        wait = self._wait(request)
        if wait:
            return self._refuse(request, wait)
        given = request.path_params
        whose = (self.conversation_of(request), given.get("key", ""))
        args = (self.database, self.folder, given["code"], given["file"], *whose)
        try:
            file = await run_in_threadpool(answer_files.open_for, *args)
        except UnknownFileError:
            if not await run_in_threadpool(answer_files.was_given, self.database, given["code"], *whose):
                self.tries.wait_for(sender_of(request))
            return self._render(request, "complaint_unknown.html", status=404)
        way = "inline" if file.media_type in _SHOWN else "attachment"
        disposition = f"{way}; filename*=UTF-8''{quote(file.name, safe='')}"
        # Drawn or packed anew when it was kept; should a browser look for more in it, nothing runs.
        safe = {"Content-Disposition": disposition, "Content-Security-Policy": "default-src 'none'; sandbox"}
        return Response(file.content, media_type=file.media_type, headers={**HEADERS, **safe})

    def _opened(self, request: Request, code: str, key: str) -> Opened:
        base = f"/phan-anh/{code}/tep/{key}/" if key else f"/phan-anh/{code}/tep/"
        files = answer_files.files_for(self.database, code, None if key else self.conversation_of(request), key)
        shown = tuple((file, f"{base}{file.id}") for file in files)
        return Opened(answer_files.counts_for(self.database, code), shown)

    async def check(self, request: Request) -> Response:
        """GET /phan-anh/kiem-tra: whether a receipt's code and link fit what is kept."""
        code, link = (request.query_params.get(name, "")[:MOST_CHARACTERS].strip() for name in ("code", "link"))
        if not code and not link:
            return self._render(request, "complaint_check.html", verdict=None, outcomes=verification, day="")
        wait = self._wait(request)
        if wait:
            return self._refuse(request, wait)
        verdict = await run_in_threadpool(verify_receipt, self.database, code, link)
        if verdict.outcome == UNKNOWN:
            self.tries.wait_for(sender_of(request))
        status = 404 if verdict.outcome == UNKNOWN else 200
        day = _written(verdict.day)
        return self._render(
            request, "complaint_check.html", status=status, verdict=verdict, outcomes=verification, day=day
        )

    async def days(self, request: Request) -> Response:
        """GET /phan-anh/chuoi: what the chain is, and the published days."""
        found, older = await self._days(request, DAYS_A_PAGE)
        days = [(_written(one.day), one) for one in found]
        return self._render(request, "complaint_chain.html", days=days, older=older, first=chain.GENESIS)

    async def days_as_json(self, request: Request) -> Response:
        """GET /phan-anh/chuoi.json: the published days, for programs."""
        found, older = await self._days(request, DAYS_A_FILE)
        days = [
            {
                "day": one.day,
                "links": one.links,
                "root": one.root,
                "proof": f"{self.address}/phan-anh/chuoi/{one.day}.json",
            }
            for one in found
        ]
        next_page = f"{self.address}/phan-anh/chuoi.json?before={older}" if older else None
        return JSONResponse({"genesis": chain.GENESIS, "days": days, "older": next_page}, headers=HEADERS)

    async def day_as_json(self, request: Request) -> Response:
        """GET /phan-anh/chuoi/<day>.json: what a day's root is computed from."""
        day = request.path_params["day"]
        proof = await run_in_threadpool(chain.prove_day, self.database, day) if _DAY.fullmatch(day) else None
        if proof is None:
            return JSONResponse({"error": "This day is not published."}, status_code=404, headers=HEADERS)
        closed = {"day": proof.closed.day, "links": proof.closed.links, "root": proof.closed.root}
        content = {**closed, "previous": proof.previous, "commitments": proof.commitments}
        return JSONResponse(content, headers=HEADERS)

    async def _days(self, request: Request, most: int) -> tuple[list[chain.ClosedDay], str]:
        before = request.query_params.get("before", "")
        before = before if _DAY.fullmatch(before) else ""
        days = await run_in_threadpool(chain.list_days, self.database, before, most + 1)
        return days[:most], days[most - 1].day if len(days) > most else ""

    def _wait(self, request: Request) -> int:
        return math.ceil(self.tries.left_to_wait(sender_of(request)))

    def _refuse(self, request: Request, seconds: int) -> Response:
        response = self._render(request, "complaint_wait.html", status=429, minutes=math.ceil(seconds / 60))
        response.headers["Retry-After"] = str(seconds)
        return response

    def _render(self, request: Request, name: str, *, status: int = 200, **context: Any) -> Response:
        return self._templates.TemplateResponse(request, name, context, status_code=status, headers=HEADERS)


async def _read_form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return {}
    return {
        name: values[0][:MOST_CHARACTERS].strip() for name, values in parse_qs(body.decode(errors="replace")).items()
    }


def _written(day: str) -> str:
    return "/".join(reversed(day.split("-")))
