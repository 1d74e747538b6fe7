"""When the Official Account may write to a citizen: within seven days of the last word, after two of them for money."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta

from sqlalchemy import select

from bot.channels.zalo_api import QUOTA_PATH, Answer, ZaloApi
from bot.channels.zalo_errors import NEXT_MINUTE, Fate, LaterError, ZaloError, fate_of
from bot.channels.zalo_oa_events import number_of
from bot.database import Database
from bot.delivery import correspondents, counters, elsewhere
from bot.delivery.model import CLAIMED, Correspondent, OutboxMessage
from bot.settings import ZaloSettings

logger = logging.getLogger(__name__)

OPEN_FOR = timedelta(days=7)
# Afterwards messages are from the package or paid (section 4.1 of the facts; M).
FREE_FOR = timedelta(hours=48)
NIGHT_BEGINS, NIGHT_ENDS = time(22), time(6)
# Why a notice is held, as staff see it, and what stands behind that: a template told the citizen of it, or may have.
CLOSED, PAID, NO_QUOTA = "window_closed", "paid_window", "out_of_quota"
TOLD, MAYBE_TOLD = "_template_sent", "_template_unsure"


class ZaloWindow:
    """Knows from our own books, and from Zalo where they say no, whether a citizen may be written to."""

    def __init__(self, database: Database, api: ZaloApi, clock: Callable[[], datetime], settings: ZaloSettings) -> None:
        self._database = database
        self._api = api
        self._clock = clock
        self._pays = settings.pays
        self._zone = settings.night

    async def why_closed(self, conversation: str, user_id: str) -> str | None:
        """Why only a template may be sent, None when a message may.

        Taps, calls and clicks open the window, too; only Zalo sees them all.

        Raises:
            LaterError: Zalo hears nobody just now.
        """
        heard_at = await asyncio.to_thread(self._heard_at, conversation)
        # Of somebody we have no book about, Zalo's answer to the message itself decides.
        closed = None if heard_at is None else self._why_not(self._clock() - heard_at)
        return await self._ask_why_closed(user_id, closed) if closed else None

    def note_quota(self, answer: Answer) -> None:
        """Keep what an answer says is left of the account's messages; what is left for one citizen shows by itself."""
        quota = answer.data.get("quota")
        if not isinstance(quota, Mapping) or quota.get("quota_type") not in counters.QUOTAS:
            return
        left = number_of(quota.get("remain"))
        if left is None:
            return
        counters.note_quota(str(quota["quota_type"]), left)
        if not left:
            logger.error("zalo: %s: that was the last one; look at the account's package", quota["quota_type"])

    async def goes_elsewhere(self, conversation: str) -> bool:
        """Whether another channel of the same person takes the notice that can't go out here."""
        return await asyncio.to_thread(elsewhere.may_go_elsewhere, self._database, conversation)

    async def begin_telling(self, conversation: str) -> bool:
        """Keep, before it is sent and paid for, that a template tells the citizen; False when one did already."""
        return await asyncio.to_thread(self._begin_telling, conversation)

    async def was_cut_off(self, conversation: str) -> bool:
        """Whether what is just being tried was tried before with an end that nobody knows, such as a killed program."""
        return await asyncio.to_thread(self._was_cut_off, conversation)

    async def take_back_telling(self, conversation: str) -> None:
        """Zalo did not take the template."""
        await asyncio.to_thread(self._take_back_telling, conversation)

    def night_left(self) -> float:
        """Seconds until templates may be sent again, 0 by day."""
        moment = self._clock().astimezone(self._zone)
        if NIGHT_ENDS <= moment.time() < NIGHT_BEGINS:
            return 0.0
        morning = moment.replace(hour=NIGHT_ENDS.hour, minute=0, second=0, microsecond=0)
        if moment.time() >= NIGHT_BEGINS:
            morning += timedelta(days=1)
        return (morning - moment).total_seconds()

    async def _ask_why_closed(self, user_id: str, by_our_books: str) -> str | None:
        try:
            answer = await self._api.post(QUOTA_PATH, {"user_id": user_id})
        except LaterError:
            raise
        except ZaloError:
            return by_our_books
        fate, reason = fate_of(answer.code)
        if fate in (Fate.NEXT_MINUTE, Fate.RENEW):
            raise LaterError(reason, NEXT_MINUTE)
        last = number_of(answer.data.get("last_interaction"))
        if answer.code or last is None:
            return by_our_books
        silent = timedelta(seconds=self._clock().timestamp() - last / 1000)
        closed = self._why_not(silent)
        # Of what may be paid for only Zalo knows whether it is.
        if closed or silent > FREE_FOR:
            return closed
        replies = answer.data.get("cs_reply")
        return NO_QUOTA if isinstance(replies, Mapping) and number_of(replies.get("remain")) == 0 else None

    def _why_not(self, silent: timedelta) -> str | None:
        if silent > OPEN_FOR:
            return CLOSED
        return PAID if silent > FREE_FOR and not self._pays else None

    def _heard_at(self, conversation: str) -> datetime | None:
        with self._database.reading() as session:
            row = session.get(Correspondent, conversation)
            return row.heard_at if row else None

    def _begin_telling(self, conversation: str) -> bool:
        with self._database.transaction() as session:
            return correspondents.begin_telling(session, conversation, self._clock())

    def _was_cut_off(self, conversation: str) -> bool:
        trying = (OutboxMessage.conversation == conversation, OutboxMessage.state == CLAIMED)
        with self._database.reading() as session:
            found = select(OutboxMessage.id).where(*trying, OutboxMessage.uncertain > 0).limit(1)
            return session.execute(found).first() is not None

    def _take_back_telling(self, conversation: str) -> None:
        with self._database.transaction() as session:
            correspondents.take_back_telling(session, conversation)
