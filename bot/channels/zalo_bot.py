"""The Zalo Bot Platform as a channel: plain texts, numbered answers in place of buttons, webhook or long poll."""

from __future__ import annotations

import asyncio
import hmac
import itertools
import logging
import time
import unicodedata
from collections.abc import Awaitable, Callable
from dataclasses import replace

import httpx
from sqlalchemy.exc import DataError, SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.bodies import BodyError, read_body, read_json, refuse
from bot.channels.channel import Channel
from bot.channels.zalo_bot_api import TIMEOUT, BotRefusedError, ZaloBotApi
from bot.channels.zalo_bot_updates import CHANNEL, is_nobodys, read_update
from bot.channels.zalo_errors import NotAnsweredError, ZaloError
from bot.channels.zalo_files import ZaloFiles
from bot.database import Database
from bot.delivery import counters
from bot.delivery.adapter import Fetched, Outcome, Part, Refused, Taken, TryAgain
from bot.delivery.attached import with_links
from bot.delivery.finding import Finding
from bot.delivery.inbox import Arrival
from bot.delivery.intake import Intake
from bot.delivery.outbox import Reply
from bot.delivery.rendering import nfc_length, split_text, text_with_numbers
from bot.failures import kind_and_places
from bot.settings import Settings

logger = logging.getLogger(__name__)

PATH = "/webhooks/zalo-bot"
MOST_CHARACTERS = 2000
MOST_BYTES = 256 * 1024
SECONDS_TO_READ, SECONDS_TO_STORE = 0.8, 1.0
# The platform documents no limits and no time to wait; a minute lets any counter begin anew.
PAUSE_LIMITED, PAUSE_TOKEN = 60.0, 300.0
# Numbers of the platform, and of HTTP where an answer is none of its own.
NOT_FOUND, TIMED_OUT = 404, 408
# "Nobody wrote" that comes sooner than this was no waiting.
SOON, REST = 0.5, 1.0
BACK_OFF = (1.0, 2.0, 5.0, 10.0, 30.0)

Sleep = Callable[[float], Awaitable[None]]


class ZaloBotAdapter:
    """Sends to people who wrote to the bot."""

    channel = CHANNEL

    def __init__(self, api: ZaloBotApi, files: ZaloFiles, pause: float, per_second: float) -> None:
        self._api = api
        self._files = files
        self.per_conversation = 1 / pause
        self.per_second = per_second

    def render(self, reply: Reply) -> list[Part]:
        """Texts of at most 2,000 characters, every button as a numbered line, files by their link: it takes none."""
        linked = replace(reply, text=with_links(reply.text, reply.files))
        text = unicodedata.normalize("NFC", text_with_numbers(linked, 0))
        return [{"text": part} for part in split_text(text, MOST_CHARACTERS, nfc_length)]

    async def deliver(self, conversation: str, part: Part) -> Outcome:
        """Hand one message to the platform."""
        body = {"chat_id": conversation.partition(":")[2], "text": part["text"]}
        try:
            result = await self._api.ask("sendMessage", body)
        except BotRefusedError as error:
            if error.code == NOT_FOUND and await self._is_known():
                # Of this citizen's, then, and no reason for anybody else to wait.
                return Refused("error_404")
            return _outcome(error.code)
        except NotAnsweredError as error:
            return TryAgain(error.reason, uncertain=error.uncertain)
        message_id = result.get("message_id")
        return Taken(str(message_id)[:100] if message_id else None)

    async def _is_known(self) -> bool:
        """Whether the platform knows the bot: of a wrong token and of an unknown chat it may say the same."""
        try:
            await self._api.ask("getMe", {})
        except ZaloError:
            return False
        return True

    async def fetch(self, reference: str, most: int) -> Fetched:
        """The bytes of a file that Zalo keeps for us."""
        return await self._files.fetch(reference, most)


def _outcome(code: int) -> Outcome:
    if code in (401, NOT_FOUND):
        logger.error("zalo bot: the platform does not know the token")
        return TryAgain("token_refused", after=PAUSE_TOKEN, everybody=True)
    if code == 403:
        return Refused("blocked", gone=True)
    if code == 429:
        return TryAgain("too_many_calls", after=PAUSE_LIMITED, everybody=True)
    if code == TIMED_OUT or code >= 500 or code < 400:
        # The platform gave up waiting, for us or for itself: it may have gone out.
        return TryAgain(f"error_{code}", uncertain=True)
    return Refused(f"error_{code}")


class ZaloBotReceiver:
    """Takes updates, at the webhook or by long poll.

    Args:
        url: where the platform calls us; empty lets us ask it.
    """

    def __init__(self, api: ZaloBotApi, intake: Intake, secret: str, url: str, sleep: Sleep = asyncio.sleep) -> None:
        self._api = api
        self._intake = intake
        self._secret = secret.encode()
        self._url = url
        self._sleep = sleep

    def routes(self) -> list[BaseRoute]:
        """Where the platform posts."""
        return [Route(PATH, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """POST: one update. 200 says that it is kept, or that nothing is to be kept of it."""
        given = request.headers.get("x-bot-api-secret-token", "").encode(errors="replace")
        if not hmac.compare_digest(given, self._secret):
            counters.count_refused(CHANNEL, "secret")
            return refuse(BodyError(403, "secret"))
        try:
            body = read_json(await read_body(request, MOST_BYTES, SECONDS_TO_READ))
        except BodyError as error:
            counters.count_refused(CHANNEL, error.reason)
            logger.warning("zalo bot: a request was refused: %s", error.reason)
            return refuse(error)
        arrival = _read(body)
        if arrival is None:
            return Response(status_code=200)
        work = asyncio.ensure_future(self._intake.accept(arrival))
        try:
            await asyncio.wait_for(asyncio.shield(work), SECONDS_TO_STORE)
        except (asyncio.TimeoutError, SQLAlchemyError) as error:
            work.add_done_callback(lambda done: done.cancelled() or done.exception())
            counters.count_refused(CHANNEL, "not_stored")
            logger.error("zalo bot: an update could not be stored: %s", type(error).__name__)
            return Response(status_code=503)
        return Response(status_code=200)

    async def announce(self) -> None:
        """Tell the platform where to call us, until it has understood; then rest."""
        await self._until_done("setWebhook", {"url": self._url, "secret_token": self._secret.decode()})
        await asyncio.Event().wait()

    async def poll(self) -> None:
        """Fetch updates until cancelled. The platform forgets what it has given out: each is stored before the next."""
        # That there is none to delete is all right.
        await self._until_done("deleteWebhook", {}, enough=(400, NOT_FOUND))
        failures = 0
        while True:
            asked_at = time.monotonic()
            try:
                body = await self._api.poll()
                arrival = _read(body) if body else None
                if arrival:
                    await self._store(arrival)
                failures = 0
                if body is None and time.monotonic() - asked_at < SOON:
                    await self._sleep(REST)
            except ZaloError as error:
                logger.warning("zalo bot: no updates: %s", error.reason)
                await self._sleep(BACK_OFF[min(failures, len(BACK_OFF) - 1)])
                failures += 1

    async def _store(self, arrival: Arrival) -> None:
        for tries in itertools.count():
            try:
                await self._intake.accept(arrival)
                return
            except SQLAlchemyError as error:
                logger.error("zalo bot: an update could not be stored: %s", kind_and_places(error))
                if isinstance(error, DataError):
                    # It never will be.
                    return
                # Nobody else has it: the platform does not give it out again.
                await self._sleep(BACK_OFF[min(tries, len(BACK_OFF) - 1)])

    async def _until_done(self, method: str, body: dict[str, str], enough: tuple[int, ...] = ()) -> None:
        """Ask until it is done, or refused with a code that is as good."""
        failures = 0
        while True:
            try:
                await self._api.ask(method, body)
                return
            except ZaloError as error:
                if isinstance(error, BotRefusedError) and error.code in enough:
                    return
                logger.warning("zalo bot: %s: %s", method, error.reason)
                await self._sleep(BACK_OFF[min(failures, len(BACK_OFF) - 1)])
                failures += 1


def _read(body: object) -> Arrival | None:
    arrival = read_update(body)
    if arrival is None and is_nobodys(body):
        # A child, or somebody else whom Zalo protects: there is nobody to answer.
        logger.warning("zalo bot: somebody wrote whom the platform does not name")
    return arrival


async def _look(api: ZaloBotApi) -> Finding:
    try:
        me = await api.ask("getMe", {})
    except ZaloError as error:
        return Finding("zalo bot", False, error.reason, "Look at MOTCUA_ZALO_BOT_TOKEN and at the way to Zalo.")
    return Finding("zalo bot", True, f"answers as {str(me.get('account_name'))[:60]}")


def open_channel(database: Database, settings: Settings, intake: Intake) -> Channel | None:
    """The channel, None without settings for it."""
    mine = settings.zalo_bot
    if not mine.token:
        return None
    client = httpx.AsyncClient(timeout=TIMEOUT, trust_env=False)
    api = ZaloBotApi(mine, client)

    async def check() -> list[Finding]:
        return [await _look(api)]

    called = bool(mine.secret) and settings.public_url.startswith("https://")
    receiver = ZaloBotReceiver(api, intake, mine.secret, f"{settings.public_url}{PATH}" if called else "")
    adapter = ZaloBotAdapter(api, ZaloFiles(mine.api_url), mine.pause, mine.per_second)
    if called:
        return Channel(adapter, receiver.routes(), (receiver.announce,), client.aclose, check)
    return Channel(adapter, (), (receiver.poll,), client.aclose, check)
