"""Routes of the citizens' pages: the chat, what became of a complaint, and the files both need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import jinja2
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.templating import Jinja2Templates
from starlette.types import Scope

HERE = Path(__file__).parent

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True)
class ComplaintView:
    """What anybody who holds the receipt code may see of a complaint: display strings, nothing personal."""

    code: str
    kind: str
    status: str
    received_on: str
    history: list[tuple[str, str]] = field(default_factory=list)


FindComplaint = Callable[[str], ComplaintView | None]


class PageFiles(StaticFiles):
    """Static files that a browser checks for a newer version each time, so an upgrade is seen at once."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Add the headers that Starlette leaves out."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "no-cache"
        response.headers["X-Content-Type-Options"] = "nosniff"
        return response


def make_templates() -> Jinja2Templates:
    """Templates that escape everything and stop at a forgotten variable."""
    return Jinja2Templates(
        env=jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
    )


def page_routes(find_complaint: FindComplaint) -> list[BaseRoute]:
    """Routes of the citizens' pages.

    Args:
        find_complaint: looks a receipt code up; may block, so it is called in a thread.
    """
    templates = make_templates()

    def render(request: Request, name: str, *, status: int = 200, **context: Any) -> Response:
        return templates.TemplateResponse(request, name, context, status_code=status, headers=PAGE_HEADERS)

    async def chat(request: Request) -> Response:
        return render(request, "chat.html")

    async def complaint(request: Request) -> Response:
        view = await run_in_threadpool(find_complaint, request.path_params["code"])
        if view is None:
            # The code is not repeated on the page: anybody could put words of their own into such a link.
            response = render(request, "complaint_unknown.html", status=404)
        else:
            response = render(request, "complaint.html", complaint=view)
        response.headers["Cache-Control"] = "no-store"
        return response

    return [
        Route("/", chat, name="chat"),
        Route("/phan-anh/{code}", complaint, name="complaint"),
        Mount("/static", PageFiles(directory=HERE / "static"), name="static"),
    ]
