"""Routes of the content pages: procedures, topics, events of life. They work without JavaScript."""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from bot.pages import make_templates
from bot.site.content import ContentPage, ContentPages
from bot.site.pages import PAGE_HEADERS, TEMPLATES


def content_routes(pages: ContentPages) -> list[BaseRoute]:
    """Routes of the content pages."""
    templates = make_templates(TEMPLATES)

    def route(path: str, find: Callable[[str], ContentPage | None], name: str) -> Route:
        async def show(request: Request) -> Response:
            page = await run_in_threadpool(find, request.path_params["name"])
            if page is None:
                return templates.TemplateResponse(
                    request, "content_unknown.html", status_code=404, headers=PAGE_HEADERS
                )
            if page.path != request.url.path:
                # An old code, or our key: one page has one address.
                return RedirectResponse(page.path, status_code=301)
            return templates.TemplateResponse(request, "content.html", {"page": page}, headers=PAGE_HEADERS)

        return Route(f"{path}/{{name}}", show, name=name)

    async def procedures(request: Request) -> Response:
        context = {"groups": pages.procedures()}
        return templates.TemplateResponse(request, "procedures.html", context, headers=PAGE_HEADERS)

    return [
        Route("/thu-tuc", procedures, name="procedures"),
        route("/thu-tuc", pages.procedure, "procedure"),
        route("/chu-de", pages.topic, "topic"),
        route("/su-kien", pages.life_event, "life_event"),
    ]
