"""The web program: the only one that faces the network. Pages, the web chat, health, and the dispatcher."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import date, datetime, timezone
from functools import partial

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from bot.accounts.provider import Provider
from bot.accounts.sessions import Sessions
from bot.catalogue.loader import load_knowledge
from bot.catalogue.model import Knowledge
from bot.channels.files import FileAttendant
from bot.channels.limits import RateLimit, inspections
from bot.channels.registry import keep_going, open_channels
from bot.channels.web import open_web
from bot.channels.web_files import file_routes
from bot.channels.web_session import CHANNEL as WEB
from bot.channels.web_session import known_conversation_of
from bot.complaints.answer_templates import load_templates
from bot.complaints.errors import ComplaintError
from bot.complaints.evidence_checks import load_file_rules
from bot.complaints.guidance import load_guidance
from bot.complaints.kinds import load_kinds
from bot.complaints.open_requests import OpenRequests
from bot.complaints.rules import load_rules
from bot.complaints.workdays import day_in_viet_nam
from bot.console.console import Console
from bot.console.provider_pages import BACK
from bot.console.visit import HOME
from bot.database import Database, now, open_database
from bot.delivery.adapter import Adapter
from bot.delivery.attending import Attendant
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.intake import Intake
from bot.delivery.links import LinkAttendant
from bot.delivery.rasa import RasaClient
from bot.delivery.sender import Sender
from bot.delivery.switches import Switches
from bot.operations.health import health_routes
from bot.operations.jobs import Scheduler
from bot.operations.promotion import open_promotion
from bot.operations.registered import list_jobs
from bot.serving import Crowd, SafeHeaders, allow_many_connections, make_server, tell_failure
from bot.settings import ROOT, Settings, collect_rarely, load_settings
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
    rules = load_file_rules(ROOT / "knowledge")
    intake = Intake(database, lambda: dispatcher.notify())
    inspected = inspections()
    channels = open_channels(database, settings, intake, inspected)
    adapters = {channel.adapter.channel: channel.adapter for channel in channels}
    sender = Sender(database, adapters)
    attend = (
        LinkAttendant(database),
        FileAttendant(database, settings.evidence, rules, adapters, rasa.is_in_form, inspected),
        Attendant(database, rasa.is_in_form),
    )
    dispatcher = Dispatcher(database, rasa, settings.give_up_after, attend=attend, on_stored=sender.notify)
    scheduler = Scheduler(database, list_jobs(database, load_rules(ROOT / "knowledge", settings.province), settings))
    knowledge = load_knowledge(ROOT / "knowledge")[0]
    pages = ContentPages(knowledge, settings.public_url, settings.today)
    web = open_web(database, dispatcher, settings, intake)
    console = _console(database, settings, adapters, knowledge)
    routes = [
        *health_routes(database, settings, (WEB, *adapters)),
        *web.routes(),
        *(route for channel in channels for route in channel.routes),
        *page_routes(partial(_find_notice, Switches(database)), settings.widget_origins),
        *_complaint_pages(database, settings).routes(),
        *file_routes(database, settings, rules, inspected=inspected),
        *content_routes(pages),
        *_open311_routes(database, settings),
        *console.routes(),
    ]

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        running: list[tuple[str, Callable[[], Awaitable[None]]]] = [
            ("dispatcher", dispatcher.run),
            ("sender", sender.run),
        ]
        running += [(f"{one.adapter.channel}: receiver", receive) for one in channels for receive in one.receivers]
        work = [asyncio.create_task(keep_going(name, run)) for name, run in running]
        scheduler.start()
        yield
        for task in work:
            task.cancel()
        await asyncio.to_thread(scheduler.stop)
        await asyncio.gather(*work, return_exceptions=True)
        for channel in channels:
            if channel.closing:
                await channel.closing()
        await rasa.close()
        if console.provider:
            console.provider.close()
        database.close()

    around = [Middleware(SafeHeaders), Middleware(Crowd)]
    app = Starlette(routes=routes, lifespan=lifespan, middleware=around, exception_handlers={Exception: tell_failure})
    app.state.on_stop = [web.close, *(channel.stopping for channel in channels if channel.stopping)]
    return app


def serve() -> None:
    """Run the web program until it is told to stop."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = load_settings()
    try:
        app = create_app(settings)
    except ComplaintError as error:
        sys.exit(f"motcua: {error}")
    allow_many_connections()
    collect_rarely()
    make_server(app, settings, app.state.on_stop).run()


async def _find_notice(switches: Switches) -> str | None:
    off = await switches.find(WEB)
    return off.notice if off else None


def _complaint_pages(database: Database, settings: Settings) -> ComplaintPages:
    folder, tries = ROOT / "knowledge", RateLimit(WRONG_CODES, WRONG_CODES_SECONDS)

    def today() -> date:
        return settings.today or day_in_viet_nam(now())

    kinds, guidance = load_kinds(folder), load_guidance(folder)
    return ComplaintPages(
        database,
        kinds,
        guidance,
        tries,
        settings.public_url,
        today,
        settings.evidence,
        partial(known_conversation_of, secure=settings.secure),
    )


def _console(database: Database, settings: Settings, adapters: Mapping[str, Adapter], knowledge: Knowledge) -> Console:
    def today() -> date:
        return settings.today or day_in_viet_nam(now())

    rules = load_rules(ROOT / "knowledge", settings.province)
    templates = load_templates(ROOT / "knowledge")
    renderers = {name: adapter.render for name, adapter in adapters.items()}
    return Console(
        Sessions(database),
        rules,
        settings.evidence,
        today,
        settings.secure,
        provider=Provider(settings.oidc, f"{settings.public_url}{HOME}{BACK}") if settings.oidc.issuer else None,
        readers=frozenset(settings.restricted_readers),
        templates=templates,
        renderers=renderers,
        models=settings.models,
        titles=_titles(knowledge),
        promotion=open_promotion(database, settings),
        address=settings.public_url,
    )


def _titles(knowledge: Knowledge) -> dict[str, str]:
    """What procedures, events of life and topics are called, by their keys."""
    return {
        **{key: found.name for key, found in knowledge.unchecked.items()},
        **{key: found.name for key, found in knowledge.life_events.items()},
        **{key: found.name for key, found in knowledge.procedures.items()},
        **{key: found.title for key, found in knowledge.topics.items()},
    }


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
