"""When the Official Account may write to a citizen: within seven days of the last word."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.channels.zalo_api import QUOTA_PATH, ZaloApi
from bot.channels.zalo_errors import ZaloError
from bot.database import Database
from bot.delivery import correspondents, outgoing
from bot.delivery.model import Correspondent

OPEN_FOR = timedelta(days=7)
# Zalo names no zone; an account of Viet Nam, so Viet Nam's.
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
NIGHT_BEGINS, NIGHT_ENDS = time(22), time(6)
# Why a notice is held, as staff see it; behind it stands that a template told the citizen of it, or may have.
CLOSED, TOLD, MAYBE_TOLD = "window_closed", "_template_sent", "_template_unsure"


class ZaloWindow:
    """Knows from our own books, and from Zalo where they say no, whether a citizen may be written to."""

    def __init__(self, database: Database, api: ZaloApi, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._api = api
        self._clock = clock

    async def is_closed(self, conversation: str, user_id: str) -> bool:
        """Whether only a template may be sent. Taps, calls and clicks open the window, too; only Zalo sees them all."""
        heard_at = await asyncio.to_thread(self._heard_at, conversation)
        if heard_at is None:
            # Somebody we have no book about: Zalo's answer to the message itself decides.
            return False
        return self._clock() - heard_at > OPEN_FOR and not await self._says_open(user_id)

    async def goes_elsewhere(self, conversation: str) -> bool:
        """Whether another channel of the same person takes the notice that can't go out here."""
        return await asyncio.to_thread(outgoing.may_go_elsewhere, self._database, conversation)

    async def begin_telling(self, conversation: str) -> bool:
        """Keep, before it is sent and paid for, that a template tells the citizen; False when one did already."""
        return await asyncio.to_thread(self._begin_telling, conversation)

    async def take_back_telling(self, conversation: str) -> None:
        """Zalo did not take the template."""
        await asyncio.to_thread(self._take_back_telling, conversation)

    def night_left(self) -> float:
        """Seconds until templates may be sent again, 0 by day."""
        moment = self._clock().astimezone(ZONE)
        if NIGHT_ENDS <= moment.time() < NIGHT_BEGINS:
            return 0.0
        morning = moment.replace(hour=NIGHT_ENDS.hour, minute=0, second=0, microsecond=0)
        if moment.time() >= NIGHT_BEGINS:
            morning += timedelta(days=1)
        return (morning - moment).total_seconds()

    async def _says_open(self, user_id: str) -> bool:
        try:
            answer = await self._api.post(QUOTA_PATH, {"user_id": user_id})
        except ZaloError:
            return False
        last = str(answer.data.get("last_interaction"))
        if answer.code or not (last.isascii() and last.isdigit() and len(last) < 16):
            return False
        return self._clock().timestamp() - int(last) / 1000 <= OPEN_FOR.total_seconds()

    def _heard_at(self, conversation: str) -> datetime | None:
        with self._database.reading() as session:
            row = session.get(Correspondent, conversation)
            return row.heard_at if row else None

    def _begin_telling(self, conversation: str) -> bool:
        with self._database.transaction() as session:
            return correspondents.begin_telling(session, conversation, self._clock())

    def _take_back_telling(self, conversation: str) -> None:
        with self._database.transaction() as session:
            correspondents.take_back_telling(session, conversation)
