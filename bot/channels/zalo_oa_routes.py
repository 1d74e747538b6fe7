"""The Official Account's webhook: signature over the exact bytes, then the inbox, then 200, within two seconds."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from bot.channels.bodies import BodyError, read_body, read_json, refuse
from bot.channels.zalo_oa_events import CHANNEL, Event, Meaning, read_event, text_of
from bot.complaints import privacy
from bot.database import Database, now
from bot.delivery import correspondents, counters, outbox
from bot.delivery.attending import UNKNOWN_TAP
from bot.delivery.intake import Intake
from bot.failures import kind_and_places
from bot.settings import ZaloSettings

logger = logging.getLogger(__name__)

PATH = "/webhooks/zalo"
MOST_BYTES = 256 * 1024
# Of the two seconds that Zalo waits.
SECONDS_TO_READ, SECONDS_TO_STORE = 0.8, 1.0
# An event that is older has been tried before, or waited: its person may have been erased meanwhile.
_LATE = timedelta(seconds=5)
_MAC = b"mac="


def signature_of(first: str, raw: bytes, timestamp: str, secret: str) -> str:
    """What Zalo's header says after "mac=": no HMAC, but the hash of everything in a row, a number first."""
    return hashlib.sha256(first.encode() + raw + timestamp.encode() + secret.encode()).hexdigest()


@dataclass
class ZaloWebhook:
    """Takes events of the account."""

    database: Database
    settings: ZaloSettings
    intake: Intake
    clock: Callable[[], datetime]

    def routes(self) -> list[BaseRoute]:
        """Where Zalo posts."""
        return [Route(PATH, self.receive, methods=["POST"])]

    async def receive(self, request: Request) -> Response:
        """POST: one event. 200 says that it is kept, or that nothing is to be kept of it."""
        try:
            raw = await read_body(request, MOST_BYTES, SECONDS_TO_READ)
            body = self._check(raw, request.headers.get("x-zevent-signature", ""))
        except BodyError as error:
            counters.count_refused(CHANNEL, error.reason)
            logger.warning("zalo: a request was refused: %s", error.reason)
            return refuse(error)
        work = asyncio.ensure_future(self._take(read_event(body, self.settings.oa_id)))
        try:
            # Late is as bad as never for Zalo; what is stored after this comes again and is known then.
            await asyncio.wait_for(asyncio.shield(work), SECONDS_TO_STORE)
        except asyncio.TimeoutError:
            work.add_done_callback(_log_failure)
            counters.count_refused(CHANNEL, "not_stored")
            return Response(status_code=503)
        except SQLAlchemyError as error:
            logger.error("zalo: an event could not be stored: %s", kind_and_places(error))
            counters.count_refused(CHANNEL, "not_stored")
            return Response(status_code=503)
        return Response(status_code=200)

    def _check(self, raw: bytes, given: str) -> Mapping[str, Any]:
        """The body, once its signature is found good.

        Raises:
            BodyError: it is no event, of another application, or not signed by Zalo.
        """
        body = read_json(raw)
        if not isinstance(body, dict):
            raise BodyError(400, "shape")
        app_id, timestamp = text_of(body.get("app_id")), text_of(body.get("timestamp"))
        if not app_id or not timestamp:
            raise BodyError(400, "shape")
        if app_id != self.settings.app_id:
            logger.warning("zalo: an event of another application")
            raise BodyError(403, "secret")
        mac = given.encode(errors="replace")
        numbers = {"app_id": app_id, "oa_id": self.settings.oa_id}
        first = numbers.pop(self.settings.signed_with)
        if not mac.startswith(_MAC) or not self._is_signed(raw, first, timestamp, mac[len(_MAC) :]):
            other, number = numbers.popitem()
            if self._is_signed(raw, number, timestamp, mac[len(_MAC) :]):
                logger.error("zalo: %s begins this signature: set MOTCUA_ZALO_SIGNED_WITH=%s", other, other)
            raise BodyError(403, "secret")
        return body

    def _is_signed(self, raw: bytes, first: str, timestamp: str, mac: bytes) -> bool:
        made = signature_of(first, raw, timestamp, self.settings.secret_key)
        return hmac.compare_digest(made.encode(), mac.lower())

    async def _take(self, event: Event) -> None:
        if event.meaning is Meaning.FOREIGN:
            # Answered 200: Zalo would stop calling the whole application for the sake of another account's events.
            logger.warning("zalo: an event of another account was dropped")
        elif event.meaning is Meaning.WITHDRAWN:
            await self.intake.ask(self._withdraw, event)
        elif event.meaning is Meaning.NOTHING or await self._is_of_what_was_erased(event):
            return
        elif event.meaning is Meaning.HUMAN:
            await self.intake.ask(self._keep_still, event)
        else:
            await self._arrive(event)

    async def _is_of_what_was_erased(self, event: Event) -> bool:
        """Whether the person withdrew after this was written, by them or to them, and it only comes now."""
        if event.at is None or now() - event.at < _LATE:
            return False
        return await self.intake.ask(
            privacy.was_asked_since, self.database, event.conversation, privacy.DELETE, event.at
        )

    async def _arrive(self, event: Event) -> None:
        arrival = event.arrival
        assert arrival
        if event.button:
            button = await self.intake.ask(self._find_button, event.conversation, event.button)
            # One that we sent long ago, or somebody's invention: no words for the bot to understand.
            shown = (button.title, button.payload) if button else (arrival.text, UNKNOWN_TAP)
            arrival = replace(arrival, text=shown[0], payload=shown[1])
        await self.intake.accept(arrival)

    def _find_button(self, conversation: str, button_id: str) -> outbox.Button | None:
        with self.database.reading() as session:
            return outbox.find_button(session, conversation, button_id)

    def _keep_still(self, event: Event) -> None:
        # Zalo tells late, when it must tell again: the pause runs from when the person wrote.
        at = min(event.at or self.clock(), self.clock())
        until = at + timedelta(minutes=self.settings.human_minutes)
        with self.database.transaction() as session:
            # An earlier word that is told of later shortens nothing.
            if not correspondents.is_silent(session, event.conversation, until):
                correspondents.keep_silent(session, event.conversation, until)

    def _withdraw(self, event: Event) -> None:
        # Zalo tells late, when it must tell again: what the person began after it was done is theirs.
        at = min(event.at or now(), now())
        if privacy.was_asked_since(self.database, event.conversation, privacy.DELETE, at):
            return
        # First that nothing more goes there, then that everything is erased.
        with self.database.transaction() as session:
            correspondents.gone(session, event.conversation, "withdrawn", at)
        wish = privacy.ask(self.database, event.conversation, privacy.DELETE, at)
        logger.info("zalo: a person withdrew; erasure %d was asked for", wish.id)


def _log_failure(work: asyncio.Future[None]) -> None:
    if not work.cancelled() and work.exception():
        logger.error("zalo: an event was not stored: %s", type(work.exception()).__name__)
