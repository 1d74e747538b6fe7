"""The dispatcher: works the inbox off through Rasa, in order per conversation, every message answered once."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.database import Database, now
from bot.delivery import counters, inbox, outbox, sentences, turns, vault
from bot.delivery.inbox import Claim, LostClaimError
from bot.delivery.outbox import Button, Reply
from bot.delivery.rasa import RasaClient, RasaError
from bot.delivery.switches import Off, Switches, hand_over
from bot.delivery.turns import TurnLog

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.1
BACK_OFF = (0.5, 1, 2, 4, 8, 15)
RATED_OUTCOMES = ("answer",)
# Also "/ /restart": Rasa strips spaces before it looks for a command.
_LEADING_SLASHES = re.compile(r"^[\s/]+")


class Dispatcher:
    """Answers what waits in the inbox.

    Args:
        give_up_after: seconds of trying after which a message is set aside and the citizen told.
        workers: conversations answered at the same time by this process.
    """

    def __init__(self, database: Database, rasa: RasaClient, give_up_after: float, workers: int = 8) -> None:
        self._database = database
        self._rasa = rasa
        self._patience = timedelta(seconds=give_up_after)
        self._workers = workers
        self._switches = Switches(database)
        self._wake = asyncio.Event()
        self._news = asyncio.Condition()

    async def run(self) -> None:
        """Work until cancelled."""
        if self._database.embedded:
            released = await asyncio.to_thread(inbox.release_claims, self._database)
            logger.info("inbox: %d messages taken up again", released)
        await asyncio.gather(*(self._work() for _ in range(self._workers)))

    def notify(self) -> None:
        """Something arrived in the inbox."""
        self._wake.set()

    async def wait_for_news(self, seconds: float) -> None:
        """Return when any conversation of this process got an answer, or after `seconds`."""
        try:
            async with self._news:
                await asyncio.wait_for(self._news.wait(), seconds)
        except asyncio.TimeoutError:
            return

    async def _work(self) -> None:
        while True:
            try:
                claim = await asyncio.to_thread(inbox.claim_next, self._database)
                if claim is None:
                    await self._idle()
                    continue
                await self._answer(claim)
            except LostClaimError as error:
                logger.warning("%s", error)
            except Exception:
                logger.error("dispatcher: a message could not be worked on", exc_info=True)
                await asyncio.sleep(1)

    async def _idle(self) -> None:
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), IDLE_SECONDS)
        except asyncio.TimeoutError:
            return

    async def _answer(self, claim: Claim) -> None:
        try:
            off = await self._switches.stops(claim)
            if off:
                await asyncio.to_thread(self._hand_over, claim, off)
                await self._tell_news()
                return
            began = time.monotonic()
            replies, log = read_messages(await self._run_turn(claim))
            await asyncio.to_thread(self._store, claim, replies, log)
            counters.count_turn(claim.channel, time.monotonic() - began)
            await self._tell_news()
        except LostClaimError:
            raise
        except RasaError as error:
            await self._fail(claim, str(error))
        except Exception:
            # Tried again and then set aside like any other: it must not stand in its conversation's way for ever.
            logger.error("inbox %d: attempt %d met an error", claim.id, claim.attempts, exc_info=True)
            await self._fail(claim, "error")

    async def _run_turn(self, claim: Claim) -> list[dict[str, Any]]:
        if claim.attempts > 1:
            earlier = await self._rasa.find_turn(claim.conversation, claim.id)
            if earlier:
                return earlier
            if earlier is not None:
                await self._rasa.rewind(claim.conversation)
        message = claim.payload
        if message is None:
            message = await asyncio.to_thread(self._safe_text, claim)
        metadata = {"inbox_id": claim.id, "channel": claim.channel}
        return await self._rasa.send(claim.conversation, message, metadata)

    def _safe_text(self, claim: Claim) -> str:
        """What Rasa may see of a typed text: no personal values, and nothing it would take for a command."""
        with self._database.transaction() as session:
            text = vault.hide(session, claim.conversation, claim.text)
        return _LEADING_SLASHES.sub("", text).strip() or "?"

    def _store(self, claim: Claim, replies: list[Reply], log: TurnLog) -> None:
        with self._database.transaction() as session:
            inbox.finish(session, claim)
            shown = [replace(r, text=vault.reveal(session, claim.conversation, r.text)) for r in replies]
            outbox.enqueue(session, claim.conversation, shown, claim.id, rate=log.outcome in RATED_OUTCOMES)
            turns.record(session, claim.conversation, claim.id, log)

    def _hand_over(self, claim: Claim, off: Off) -> None:
        with self._database.transaction() as session:
            hand_over(session, claim, off)

    async def _fail(self, claim: Claim, reason: str) -> None:
        logger.warning("inbox %d: attempt %d failed: %s", claim.id, claim.attempts, reason)
        counters.count_retry(claim.channel)
        if now() - claim.first_attempt_at < self._patience:
            delay = BACK_OFF[min(claim.attempts, len(BACK_OFF)) - 1]
            await asyncio.to_thread(inbox.retry_later, self._database, claim, delay)
            return
        await asyncio.to_thread(self._give_up, claim, reason)
        await self._tell_news()

    def _give_up(self, claim: Claim, reason: str) -> None:
        with self._database.transaction() as session:
            inbox.set_aside(session, claim, reason)
            outbox.enqueue(session, claim.conversation, [Reply(sentences.NOT_ANSWERED)], claim.id)

    async def _tell_news(self) -> None:
        async with self._news:
            self._news.notify_all()


def read_messages(messages: list[dict[str, Any]]) -> tuple[list[Reply], TurnLog]:
    """Split what Rasa says into replies for the citizen and the turn log for us; what follows the log is an aside."""
    replies: list[Reply] = []
    log: TurnLog | None = None
    for message in messages:
        if "custom" in message:
            log = turns.read_log(message["custom"]) or log
        if message.get("text"):
            buttons = tuple(Button(b["title"], b["payload"]) for b in message.get("buttons") or ())
            replies.append(Reply(message["text"], buttons, aside=log is not None))
    return replies, log or TurnLog()
