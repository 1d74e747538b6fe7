"""What comes from Telegram, by webhook or long poll: in the inbox first, only then confirmed."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from telegram import Bot, BotCommand, MenuButtonCommands, Update
from telegram.error import BadRequest, Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.request import BaseRequest

from bot.channels.telegram_errors import reason_of, seconds_of
from bot.channels.telegram_updates import (
    ALLOWED_UPDATES,
    CHANNEL,
    UNREADABLE,
    Addressed,
    Back,
    Reading,
    Self,
    Tap,
    kind_of,
    read_update,
    salvage,
)
from bot.database import Database, now, take_turn
from bot.delivery import correspondents, outbox, sentences
from bot.delivery.inbox import LEFT, Arrival
from bot.delivery.intake import Intake
from bot.delivery.model import FAILED, OutboxMessage
from bot.delivery.outbox import Button, Reply

__all__ = ["CHANNEL", "Receiver", "chat_of"]

logger = logging.getLogger(__name__)

# Telegram takes 100 at the most.
MOST_AT_ONCE = 100
POLL_SECONDS = 25
# Parallel calls of the webhook; Telegram's own default.
MOST_CALLS = 40
BACK_OFF = (1.0, 2.0, 5.0, 10.0, 30.0)
# A webhook that somebody took away is set again.
REGISTER_EVERY = 3600.0
GROUP_PAUSE = timedelta(hours=1)

Sleep = Callable[[float], Awaitable[None]]


def chat_of(conversation: str) -> int:
    """The chat behind a conversation's name."""
    return int(conversation.removeprefix(f"{CHANNEL}:"))


class Receiver:
    """Brings updates into the inbox.

    Args:
        polling: the connection of the long poll; raw, because one update that the library can't read must not hold up
            the others.
    """

    def __init__(
        self,
        database: Database,
        intake: Intake,
        bot: Bot,
        polling: BaseRequest,
        sleep: Sleep = asyncio.sleep,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._intake = intake
        self._bot = bot
        self._polling = polling
        self._sleep = sleep
        self._clock = clock
        self._me = Self(int(bot.token.split(":")[0]))
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def name(self) -> str | None:
        """The bot's name on Telegram, None until it was asked for."""
        return self._me.name

    async def take(self, updates: Sequence[Mapping[str, Any]]) -> None:
        """Store what updates bring, in their order; what can't be read is logged and let go.

        Once this returns it is on disk.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: something could not be stored; the updates must come again.
        """
        arrivals, taps = [], []
        backs: dict[str, Back] = {}
        for raw in updates:
            reading = self._read(raw)
            if isinstance(reading, Arrival):
                arrivals.append(reading)
                if reading.kind == LEFT:
                    # Let in again, and out again since.
                    backs.pop(reading.conversation, None)
            elif isinstance(reading, Tap):
                button = await self._intake.ask(self._find_button, reading)
                if button and reading.conversation:
                    arrivals.append(Arrival(CHANNEL, reading.key, reading.conversation, button.title, button.payload))
                taps.append((reading, button is not None))
            elif isinstance(reading, Back):
                backs[reading.conversation] = reading
            elif isinstance(reading, Addressed):
                await self._intake.ask(self._invite, reading.conversation)
        await asyncio.gather(*(self._intake.accept(arrival) for arrival in arrivals))
        for _, back in sorted(backs.items()):
            await self._intake.ask(self._welcome_back, back)
        for tap, known in taps:
            self._start(self._answer_tap(tap, known))

    async def poll(self) -> None:
        """Fetch updates until cancelled; the next offset, by which Telegram forgets them, only after the commit."""
        await self._insist(self._begin_polling)
        offset, failures = 0, 0
        while True:
            try:
                updates = await self._get_updates(offset)
                await self.take(updates)
            except (TelegramError, SQLAlchemyError) as error:
                failures += 1
                await self._sleep(self._pause(error, failures))
                if isinstance(error, Conflict):
                    await self._insist(self._begin_polling)
                continue
            failures = 0
            # After an empty fetch all below it is confirmed, and after a quiet week the next ids may be smaller.
            offset = max((update["update_id"] + 1 for update in updates), default=0)

    async def register(self, address: str, secret: str) -> None:
        """Have Telegram call the webhook at this address, until cancelled."""

        async def begin() -> None:
            await self._introduce()
            await self._bot.set_webhook(
                address, secret_token=secret, allowed_updates=ALLOWED_UPDATES, max_connections=MOST_CALLS
            )

        while True:
            await self._insist(begin)
            logger.info("telegram: the webhook is set")
            await self._sleep(REGISTER_EVERY)

    async def close(self) -> None:
        """Let go of what is under way; nothing of it would be missed."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _begin_polling(self) -> None:
        await self._introduce()
        # What waits stays: it is what citizens wrote while nobody was there.
        await self._bot.delete_webhook(drop_pending_updates=False)

    async def _introduce(self) -> None:
        """Learn the bot's name, and give it its menu; without a menu it works as well."""
        me = await self._bot.get_me()
        self._me = Self(self._me.id, me.username)
        try:
            await self._bot.set_my_commands([BotCommand(name, title) for name, title in sentences.MENU.items()])
            await self._bot.set_chat_menu_button(menu_button=MenuButtonCommands())
        except TelegramError as error:
            logger.warning("telegram: the menu could not be set: %s", reason_of(error))

    async def _insist(self, work: Callable[[], Awaitable[None]]) -> None:
        failures = 0
        while True:
            try:
                return await work()
            except TelegramError as error:
                failures += 1
                await self._sleep(self._pause(error, failures))

    async def _get_updates(self, offset: int) -> list[dict[str, Any]]:
        query = {"timeout": POLL_SECONDS, "limit": MOST_AT_ONCE, "allowed_updates": json.dumps(ALLOWED_UPDATES)}
        # Without an offset Telegram begins with the oldest that nobody confirmed.
        if offset:
            query["offset"] = offset
        address = f"{self._bot.base_url}/getUpdates?{urlencode(query)}"
        updates: Any = await self._polling.post(address, read_timeout=POLL_SECONDS + 10)
        if not isinstance(updates, list):
            raise TelegramError("no result")
        return [update for update in updates if isinstance(update, dict) and isinstance(update.get("update_id"), int)]

    def _pause(self, error: TelegramError | SQLAlchemyError, failures: int) -> float:
        """How long to wait after an error; says in the log what an operator must know, and never the error's words."""
        seconds = BACK_OFF[min(failures, len(BACK_OFF)) - 1]
        if isinstance(error, RetryAfter):
            return max(seconds, seconds_of(error))
        if isinstance(error, InvalidToken):
            logger.error("telegram: Telegram refuses the token; look at MOTCUA_TELEGRAM_TOKEN")
        elif isinstance(error, Conflict):
            logger.error("telegram: another program fetches this bot's messages, or a webhook is set for it")
        elif isinstance(error, TelegramError):
            logger.warning("telegram: nothing can be fetched (%s); trying again in %.0f s", reason_of(error), seconds)
        else:
            logger.error(
                "telegram: the inbox takes nothing (%s); trying again in %.0f s", type(error).__name__, seconds
            )
        return seconds

    def _read(self, raw: Mapping[str, Any]) -> Reading | None:
        try:
            return read_update(Update.de_json(dict(raw), self._bot), self._me)
        except UNREADABLE as error:
            logger.warning("telegram: an update (%s) can't be read: %s", kind_of(raw), type(error).__name__)
            return salvage(raw, self._me)

    def _find_button(self, tap: Tap) -> Button | None:
        if tap.conversation is None:
            return None
        with self._database.reading() as session:
            return outbox.find_button(session, tap.conversation, tap.button)

    async def _answer_tap(self, tap: Tap, known: bool) -> None:
        """End the button's waiting; one that stands for nothing any more says so."""
        text = None if known else sentences.UNKNOWN_BUTTON
        try:
            await self._bot.answer_callback_query(tap.query, text, show_alert=not known)
        except BadRequest:
            # The query is too old: nobody waits for it any more, but somebody may still want to know.
            if not known and tap.conversation:
                await asyncio.to_thread(self._say, tap.conversation, sentences.UNKNOWN_BUTTON)
        except TelegramError as error:
            logger.warning("telegram: a tap could not be confirmed: %s", reason_of(error))

    def _invite(self, conversation: str) -> None:
        """Show a group the way to the private chat, once an hour at the most; nothing personal is said there."""
        if self._me.name is None:
            return
        text = sentences.ONLY_IN_PRIVATE.format(link=f"https://t.me/{self._me.name}")
        self._say(conversation, text, unless_within=GROUP_PAUSE)

    def _welcome_back(self, back: Back) -> None:
        # Telegram tells late, when it must tell again: who has left since is gone.
        at = min(back.at or now(), now())
        with self._database.transaction() as session:
            correspondents.heard(session, back.conversation, at)

    def _say(self, conversation: str, text: str, unless_within: timedelta | None = None) -> None:
        with self._database.transaction() as session:
            if not correspondents.reachable(session, conversation):
                # A group that took the bot out takes it in again without a word of its own.
                correspondents.heard(session, conversation)
            take_turn(session, f"outbox:{conversation}")
            heard = (OutboxMessage.conversation == conversation, OutboxMessage.state != FAILED)
            said = select(OutboxMessage.created_at).where(*heard)
            last = session.execute(said.order_by(OutboxMessage.id.desc()).limit(1)).scalar()
            if unless_within and last and self._clock() - last < unless_within:
                return
            outbox.enqueue(session, conversation, [Reply(text)])

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
