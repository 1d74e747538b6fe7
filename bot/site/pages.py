"""The chat page, and what all pages of citizens share: headers, templates, static files."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from bot.pages import PageFiles, make_templates

HERE = Path(__file__).parent
TEMPLATES = HERE / "templates"


def policy(frame_ancestors: str = "'none'") -> str:
    """The content security policy of a page: nothing inline, nothing from elsewhere.

    Args:
        frame_ancestors: the sites whose pages may show it in a frame.
    """
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "connect-src 'self'",
            "img-src 'self' data:",
            "form-action 'self'",
            "base-uri 'none'",
            f"frame-ancestors {frame_ancestors}",
        )
    )


PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": policy(),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}


async def no_notice() -> str | None:
    """The bot is not switched off."""
    return None


def page_routes(
    find_notice: Callable[[], Awaitable[str | None]] = no_notice, widget_origins: Sequence[str] = ()
) -> list[BaseRoute]:
    """Routes of the chat page and of the files that all pages need.

    Args:
        find_notice: what citizens are told while the bot is switched off, None while it is on.
        widget_origins: sites whose pages may show the chat in a frame; with none there is no widget.
    """
    templates = make_templates(TEMPLATES)

    async def chat(request: Request) -> Response:
        context = {"framed": False, "off_notice": await find_notice()}
        return templates.TemplateResponse(request, "chat.html", context, headers=PAGE_HEADERS)

    async def frame(request: Request) -> Response:
        if request.headers.get("sec-fetch-dest") == "document":
            # Somebody opened the frame by itself.
            return RedirectResponse("/", status_code=303, headers=PAGE_HEADERS)
        headers = {**PAGE_HEADERS, "Content-Security-Policy": policy(" ".join(widget_origins))}
        context = {"framed": True, "off_notice": await find_notice()}
        return templates.TemplateResponse(request, "chat.html", context, headers=headers)

    async def widget(request: Request) -> Response:
        # The only file of ours that other sites' pages may load.
        headers = {"Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "cross-origin"}
        return FileResponse(HERE / "widget.js", media_type="text/javascript", headers=headers)

    routes: list[BaseRoute] = [
        Route("/", chat, name="chat"),
        Mount("/static", PageFiles(directory=HERE / "static"), name="static"),
    ]
    if widget_origins:
        routes += [Route("/widget", frame, name="widget"), Route("/widget.js", widget, name="widget_script")]
    return routes
