"""The web program: the only one that faces the network. Pages, the web chat, health, and the dispatcher."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from datetime import date, datetime, timezone

import httpx
import uvicorn
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from bot.accounts.sessions import Sessions
from bot.catalogue.loader import load_knowledge
from bot.channels.limits import RateLimit
from bot.channels.web import web_routes
from bot.channels.web_files import file_routes
from bot.complaints.errors import ComplaintError
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.guidance import load_guidance
from bot.complaints.kinds import load_kinds
from bot.complaints.open_requests import OpenRequests
from bot.complaints.rules import load_rules
from bot.complaints.workdays import day_in_viet_nam
from bot.console.console import Console
from bot.database import Database, now, open_database
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.rasa import RasaClient
from bot.operations.jobs import Scheduler
from bot.operations.registered import list_jobs
from bot.settings import ROOT, Settings, load_settings
from bot.site.complaint_pages import ComplaintPages
from bot.site.content import ContentPages
from bot.site.content_routes import content_routes
from bot.site.open311 import Endpoint, open311_routes
from bot.site.pages import page_routes

# Wrong receipt codes that one address may try; codes can't be guessed, a mistyped one needs a second and a third try.
WRONG_CODES, WRONG_CODES_SECONDS = 20, 600


def create_app(settings: Settings) -> Starlette:
    """Put the rooms together."""
    database = open_database(settings)
    # Longer than Rasa's own limit: a turn that Rasa still finishes must not look lost.
    patience = settings.turn_timeout + 5
    rasa = RasaClient(settings.rasa_url, settings.rasa_token, settings.actions_url, patience)
    dispatcher = Dispatcher(database, rasa, settings.give_up_after)
    scheduler = Scheduler(database, list_jobs(database, load_rules(ROOT / "knowledge", settings.province), settings))
    health = _health_routes(database, settings)
    pages = ContentPages(load_knowledge(ROOT / "knowledge")[0], settings.public_url, settings.today)
    routes = [
        *health,
        *web_routes(database, dispatcher, settings),
        *page_routes(),
        *_complaint_pages(database, settings).routes(),
        *file_routes(database, settings, load_file_rules(ROOT / "knowledge")),
        *content_routes(pages),
        *_open311_routes(database, settings),
        *_console(database, settings).routes(),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        work = asyncio.create_task(dispatcher.run())
        scheduler.start()
        yield
        work.cancel()
        await asyncio.to_thread(scheduler.stop)
        with contextlib.suppress(asyncio.CancelledError):
            await work
        await rasa.close()
        database.close()

    return Starlette(routes=routes, lifespan=lifespan)


def serve() -> None:
    """Run the web program until it is told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = load_settings()
    try:
        app = create_app(settings)
    except ComplaintError as error:
        sys.exit(f"motcua: {error}")
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        # Rasa holds websockets at a version uvicorn no longer starts with; nothing here uses them.
        ws="none",
        timeout_graceful_shutdown=3,
    )


def _health_routes(database: Database, settings: Settings) -> list[BaseRoute]:
    async def alive(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(request: Request) -> Response:
        checks = {
            "database": await run_in_threadpool(_answers, database),
            "rasa": await _responds(f"{settings.rasa_url}/status?token={settings.rasa_token}"),
            "actions": await _responds(f"{settings.actions_url}/health"),
        }
        return JSONResponse(checks, status_code=200 if all(checks.values()) else 503)

    return [Route("/healthz", alive), Route("/readyz", ready)]


def _answers(database: Database) -> bool:
    try:
        with database.reading() as session:
            session.execute(text("select 1"))
    except SQLAlchemyError:
        return False
    return True


async def _responds(url: str) -> bool:
    async with httpx.AsyncClient(timeout=2, trust_env=False) as client:
        try:
            return (await client.get(url)).status_code == 200
        except httpx.HTTPError:
            return False


def _complaint_pages(database: Database, settings: Settings) -> ComplaintPages:
    folder, tries = ROOT / "knowledge", RateLimit(WRONG_CODES, WRONG_CODES_SECONDS)

    def today() -> date:
        return settings.today or day_in_viet_nam(now())

    return ComplaintPages(database, load_kinds(folder), load_guidance(folder), tries, settings.public_url, today)


def _console(database: Database, settings: Settings) -> Console:
    def today() -> date:
        return settings.today or day_in_viet_nam(now())

    rules, secure = load_rules(ROOT / "knowledge", settings.province), settings.public_url.startswith("https://")
    return Console(Sessions(database), rules, settings.evidence, today, secure)


def _open311_routes(database: Database, settings: Settings) -> list[BaseRoute]:
    if not settings.open311_key:
        return []
    knowledge = ROOT / "knowledge"
    changed = datetime.fromtimestamp((knowledge / "complaint_kinds.yml").stat().st_mtime, timezone.utc)
    requests = OpenRequests(database, load_rules(knowledge, settings.province))
    endpoint = Endpoint(settings.public_url, changed, test=settings.province == "demo")
    return open311_routes(requests, settings.open311_key, endpoint)


if __name__ == "__main__":
    serve()
