"""The dispatcher: works the inbox off through Rasa, in order per conversation, every message answered once."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.delivery import counters, inbox, outbox, sentences, turns, vault
from bot.delivery.attending import Attend, Attended, LaterError
from bot.delivery.batches import Batches
from bot.delivery.choices import may_be_choice, newest_question, read_choice
from bot.delivery.cutting import beginning, cut
from bot.delivery.inbox import TEXT, Claim, LostClaimError
from bot.delivery.outbox import Button, Reply
from bot.delivery.rasa import RasaClient, RasaError
from bot.delivery.switches import Switches, replies_while_off
from bot.delivery.turns import HANDOVER, TurnLog
from bot.delivery.waiting import wait_until_set
from bot.failures import kind_and_places

logger = logging.getLogger(__name__)

IDLE_SECONDS = 0.1
# Of one try, all its calls together: it must end before its claim does, or the same message would be begun twice.
TURN_SECONDS = 80.0
STOP_SECONDS = 5.0
BACK_OFF = (0.5, 1, 2, 4, 8, 15)
RATED_OUTCOMES = ("answer",)
# Why a message that was put back was set aside again, without a word to the citizen.
FORM_OPEN = "form_open"
# Also "/ /restart": Rasa strips spaces before it looks for a command.
_LEADING_SLASHES = re.compile(r"^[\s/]+")


@dataclass(frozen=True)
class _Ended:
    """How a turn of one message ended: answered, set aside for a reason, or to be run again after some seconds."""

    claim: Claim
    replies: Sequence[Reply]
    log: TurnLog | None = None
    done: Callable[[Session], None] | None = None
    reason: str = ""
    again_after: float | None = None


class Dispatcher:
    """Answers what waits in the inbox.

    Args:
        give_up_after: seconds of trying after which a message is set aside and the citizen told.
        workers: conversations answered at the same time by this process.
        attend: who is asked before Rasa, one after the other, until one takes the message as its own.
        on_stored: is told that something new is in the outbox.
    """

    def __init__(
        self,
        database: Database,
        rasa: RasaClient,
        give_up_after: float,
        workers: int = 16,
        attend: Sequence[Attend] = (),
        on_stored: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._rasa = rasa
        self._patience = timedelta(seconds=give_up_after)
        self._workers = workers
        self._attend = attend
        self._on_stored = on_stored
        self._running: set[asyncio.Task[None]] = set()
        # Taken, and nothing of them done yet.
        self._unbegun: dict[int, Claim] = {}
        self._looking: asyncio.Future[None] | None = None
        self._ends = Batches(self._store)
        self._switches = Switches(database)
        self._wake = asyncio.Event()
        self._news = asyncio.Condition()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taking = False
        self._rest_until = 0.0

    async def run(self) -> None:
        """Work until cancelled."""
        if self._database.embedded:
            released = await asyncio.to_thread(inbox.release_claims, self._database)
            logger.info("inbox: %d messages taken up again", released)
        self._loop, self._taking = asyncio.get_running_loop(), True
        try:
            while True:
                self._wake.clear()
                await self._take()
                await wait_until_set(self._wake, IDLE_SECONDS)
        finally:
            self._taking = False
            await self._come_to_rest()

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

    async def _take(self) -> None:
        """Begin with as many messages as may be worked on besides those that are."""
        free = self._workers - len(self._running)
        if free <= 0 or time.monotonic() < self._rest_until:
            return
        try:
            self._looking = asyncio.ensure_future(asyncio.to_thread(self._look, free))
            await asyncio.shield(self._looking)
        except Exception as error:  # noqa: BLE001
            logger.error("dispatcher: the inbox can't be read: %s", kind_and_places(error))
            await asyncio.sleep(1)

    def _look(self, free: int) -> None:
        self._hand_over(inbox.claim_many(self._database, free))

    def _hand_over(self, claims: Sequence[Claim]) -> None:
        """From a thread, before the loop hears that the thread's work is done."""
        if claims and self._loop:
            self._loop.call_soon_threadsafe(self._begin, claims)

    def _begin(self, claims: Sequence[Claim]) -> None:
        for claim in claims:
            self._unbegun[claim.id] = claim
            if self._taking:
                task = asyncio.create_task(self._work(claim))
                self._running.add(task)
                task.add_done_callback(self._rest)

    def _rest(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._wake.set()

    async def _come_to_rest(self) -> None:
        """End, and give back what nobody has begun with: of what was begun nobody knows how far it came."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        # Both may still bring claims.
        await self._ends.rest(STOP_SECONDS)
        if self._looking and not self._looking.done():
            await asyncio.wait([self._looking], timeout=STOP_SECONDS)
        claims, self._unbegun = list(self._unbegun.values()), {}
        try:
            await asyncio.to_thread(self._give_back, claims)
        except Exception as error:  # noqa: BLE001
            logger.warning(
                "dispatcher: %d messages wait for their claims' end: %s", len(claims), kind_and_places(error)
            )

    def _give_back(self, claims: Sequence[Claim]) -> None:
        if claims:
            with self._database.transaction() as session:
                inbox.give_back(session, claims, 0.0)

    async def _work(self, claim: Claim) -> None:
        self._unbegun.pop(claim.id, None)
        try:
            await self._answer(claim)
        except LostClaimError as error:
            logger.warning("%s", error)
        except Exception as error:  # noqa: BLE001
            # The claim runs out, and then it is taken up again.
            logger.error("dispatcher: inbox %d could not be worked on: %s", claim.id, kind_and_places(error))
            await asyncio.sleep(1)

    async def _answer(self, claim: Claim) -> None:
        try:
            began = time.monotonic()
            await self._keep(await asyncio.wait_for(self._run_turn(claim), TURN_SECONDS))
            counters.count_turn(claim.channel, time.monotonic() - began)
        except LostClaimError:
            raise
        except (RasaError, LaterError) as error:
            await self._fail(claim, str(error))
        except asyncio.TimeoutError:
            await self._fail(claim, "timeout")
        except Exception as error:  # noqa: BLE001
            # Tried again and then set aside like any other: it must not stand in its conversation's way for ever.
            logger.error("inbox %d: attempt %d met an error: %s", claim.id, claim.attempts, kind_and_places(error))
            await self._fail(claim, "error")

    async def _keep(self, ended: _Ended) -> None:
        await self._ends.put(ended)
        self._on_stored()
        await self._tell_news()

    async def _tell_news(self) -> None:
        async with self._news:
            self._news.notify_all()

    async def _run_turn(self, claim: Claim) -> _Ended:
        # First of all: what Rasa has answered already, a receipt perhaps, is said whatever happened since.
        earlier = await self._find_earlier(claim) if claim.attempts > 1 else []
        if claim.silent and not earlier:
            return _Ended(claim, (), TurnLog(outcome=HANDOVER))
        off = await self._switches.stops(claim) if not earlier else None
        if off:
            told = await asyncio.to_thread(replies_while_off, self._database, claim, off)
            return _Ended(claim, told, TurnLog(outcome=HANDOVER))
        if not earlier and await self._is_overtaken_in_a_form(claim):
            return _Ended(claim, await self._say_overtaken(claim), reason=FORM_OPEN)
        if may_be_choice(claim):
            claim = await asyncio.to_thread(read_choice, self._database, claim)
        attended = cut(await self._attend_to(claim))
        asked = attended.text is not None or attended.payload is not None
        if not asked and not earlier:
            return _Ended(claim, (*attended.replies, *attended.questions), attended.log, attended.done)
        said, log = read_messages(earlier or await self._ask_rasa(claim, attended))
        # Decided anew after a turn that had ended already, what is said may be about the state after it.
        replies = attended.replies if asked else ()
        return _Ended(claim, (*replies, *said, *attended.questions), log, attended.done)

    async def _find_earlier(self, claim: Claim) -> list[dict[str, Any]]:
        """The answers of a turn that Rasa finished; one that ended without them is taken back."""
        recorded = await self._rasa.find_turn(claim.conversation, claim.id)
        if recorded and not recorded.answers:
            await self._rasa.take_back(claim.conversation, recorded)
        return recorded.answers if recorded else []

    async def _is_overtaken_in_a_form(self, claim: Claim) -> bool:
        """Whether a message would answer a question which was asked after it was written."""
        # Only words are answers: a photo that comes late is kept as any other.
        if claim.attempts == 1 and not (claim.kind == TEXT and inbox.came_late(claim)):
            return False
        if not await asyncio.to_thread(inbox.is_overtaken, self._database, claim):
            return False
        return await self._rasa.is_in_form(claim.conversation)

    async def _say_overtaken(self, claim: Claim) -> tuple[Reply, ...]:
        """Tells the citizen, and asks again what they were asked; who puts one back by hand knows."""
        if claim.attempts > 1:
            return ()
        question = await asyncio.to_thread(newest_question, self._database, claim)
        told = Reply(sentences.CAME_LATE.format(text=beginning(claim.text)))
        return (told, question) if question else (told,)

    async def _attend_to(self, claim: Claim) -> Attended:
        for attend in self._attend:
            attended = await attend(claim)
            if attended is not None:
                return attended
        if claim.kind != TEXT:
            return Attended((Reply(sentences.NOT_READABLE),))
        return Attended(text=claim.text, payload=claim.payload)

    async def _ask_rasa(self, claim: Claim, attended: Attended) -> list[dict[str, Any]]:
        message = attended.payload
        if message is None:
            message = await self._safe_text(claim, attended.text or "")
        metadata = {"inbox_id": claim.id, "channel": claim.channel}
        if attended.words is not None:
            metadata["words"] = await self._safe_text(claim, attended.words)
        return await self._rasa.send(claim.conversation, message, metadata)

    async def _safe_text(self, claim: Claim, text: str) -> str:
        """What Rasa may see of a typed text: no personal values, and nothing it would take for a command."""
        if not vault.is_plain(text):
            text = await asyncio.to_thread(self._hide, claim, text)
        return _LEADING_SLASHES.sub("", text).strip() or "?"

    def _hide(self, claim: Claim, text: str) -> str:
        with self._database.transaction() as session:
            return vault.hide(session, claim.conversation, text)

    def _store(self, ended: Sequence[_Ended]) -> None:
        with self._database.transaction() as session:
            again = [one for one in ended if one.again_after is not None]
            for delay in {one.again_after for one in again if one.again_after is not None}:
                inbox.give_back(session, [one.claim for one in again if one.again_after == delay], delay)
            inbox.finish_many(session, [one.claim for one in ended if not one.reason and one.again_after is None])
            # In the same order everywhere: each conversation has a turn of its own that is waited for.
            for one in sorted(ended, key=lambda one: one.claim.conversation):
                self._store_one(session, one)
            # Theirs is the place of those that end here, and this commit is waited for anyway.
            free = self._workers - len(self._running) + len(ended)
            claims = inbox.claim(session, free) if self._taking and not again and free > 0 else []
        self._hand_over(claims)

    def _store_one(self, session: Session, ended: _Ended) -> None:
        claim, log = ended.claim, ended.log
        if ended.reason:
            inbox.set_aside(session, claim, ended.reason)
        shown = [replace(r, text=vault.reveal(session, claim.conversation, r.text)) for r in ended.replies]
        if shown:
            rate = log is not None and log.outcome in RATED_OUTCOMES
            outbox.add(session, claim.conversation, shown, claim.id, rate=rate)
        if log:
            turns.record(session, claim.conversation, claim.id, log)
        if ended.done:
            ended.done(session)

    async def _fail(self, claim: Claim, reason: str) -> None:
        logger.warning("inbox %d: attempt %d failed: %s", claim.id, claim.attempts, reason)
        counters.count_retry(claim.channel)
        if now() - claim.first_attempt_at < self._patience:
            delay = BACK_OFF[min(claim.attempts, len(BACK_OFF)) - 1]
            if reason == "unreachable":
                # The next one would fare no better.
                self._rest_until = time.monotonic() + IDLE_SECONDS
            await self._ends.put(_Ended(claim, (), again_after=delay))
            return
        found = await self._clean_up(claim)
        if not (found and await self._keep_late(claim, *found)):
            await self._keep(_Ended(claim, [Reply(sentences.NOT_ANSWERED)], reason=reason))

    async def _keep_late(self, claim: Claim, said: list[Reply], log: TurnLog) -> bool:
        """Keep answers of which only the way here was lost: "please send it again" would make two of what was filed."""
        try:
            await self._keep(_Ended(claim, said, log))
        except LostClaimError:
            raise
        except Exception as error:  # noqa: BLE001
            logger.error("inbox %d: its answers can't be kept: %s", claim.id, kind_and_places(error))
            return False
        return True

    async def _clean_up(self, claim: Claim) -> tuple[list[Reply], TurnLog] | None:
        """Take back what is left of a turn that is given up, or the next message would fall into its middle.

        Returns its answers when it had ended well after all.
        """
        try:
            answers = await self._find_earlier(claim)
            return read_messages(answers) if answers else None
        except (RasaError, ValueError, LookupError, TypeError):
            logger.warning("inbox %d: what is left of its turn could not be taken back", claim.id)
            return None


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
