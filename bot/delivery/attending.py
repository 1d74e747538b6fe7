"""What arrives and is no question for Rasa: who sees to it, and what is said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.delivery import sentences
from bot.delivery.choices import newest_reply
from bot.delivery.inbox import EDITED, LEFT, TEXT, UNFOLLOWED, Claim
from bot.delivery.outbox import Reply
from bot.delivery.turns import TurnLog

# Begins what buttons of the gateway itself stand for. Rasa never sees it, and nobody can type it.
OURS = "gateway:"
# What a button stands for that nobody knows any more.
UNKNOWN_TAP = f"{OURS}unknown"
# Later, the same sentence is an answer again: some citizens get no other.
NOT_AGAIN_WITHIN = timedelta(hours=1)
_FEEDBACK = "phananh"
# Commands whose words are the citizen's: a story, a code. Those behind /start come from links on somebody's page.
_WITH_WORDS = re.compile(rf"/({_FEEDBACK}|trangthai)(?:@\w+)?\s+(.+)", re.IGNORECASE | re.DOTALL)

InForm = Callable[[str], Awaitable[bool]]


@dataclass(frozen=True)
class Attended:
    """What becomes of a message.

    Attributes:
        replies: what the gateway says, before anything of Rasa's.
        text: what goes on to Rasa as if it had been typed.
        payload: what goes on to Rasa as a tapped button, in place of a text.
        words: what goes along with the payload of a command.
        questions: what the gateway asks, after everything else, so that it is the newest.
        log: how the turn ended, where Rasa has none.
        done: is called within the transaction that stores the answers.
    """

    replies: tuple[Reply, ...] = ()
    text: str | None = None
    payload: str | None = None
    words: str | None = None
    questions: tuple[Reply, ...] = ()
    log: TurnLog = field(default_factory=TurnLog)
    done: Callable[[Session], None] | None = None


# Gives None for what is not its own. It is called again for the same message after a failure.
Attend = Callable[[Claim], Awaitable[Attended | None]]


class LaterError(Exception):
    """A message can't be attended to just now; the message is a short reason."""


class Attendant:
    """Sees to stickers, places, corrections and what no channel shows; the last one to be asked.

    Args:
        in_form: whether a form waits for an answer in a conversation.
    """

    def __init__(self, database: Database, in_form: InForm) -> None:
        self._database = database
        self._in_form = in_form

    async def __call__(self, claim: Claim) -> Attended | None:
        """What becomes of a message, None when it is for Rasa."""
        if claim.payload is not None and claim.payload.startswith(OURS):
            return Attended((Reply(sentences.UNKNOWN_BUTTON),))
        if claim.kind == TEXT:
            return await self._attend_command(claim)
        if claim.kind == "location":
            return await self._attend_place(claim)
        if claim.kind == "sticker":
            return Attended() if await self._in_form(claim.conversation) else await self._say_once(claim, _STICKER)
        if claim.kind == EDITED:
            return await self._say_once(claim, Reply(sentences.CORRECTED))
        if claim.kind == "follow":
            # Zalo tells of the same person twice, as a follower and as one who opens the chat.
            return await self._say_once(claim, Reply(sentences.WELCOME))
        if claim.kind in (LEFT, UNFOLLOWED):
            return Attended()
        return await self._say_once(claim, Reply(sentences.NOT_READABLE))

    async def _attend_command(self, claim: Claim) -> Attended | None:
        """The words behind a command, of which the button that it stands for knows nothing."""
        found = _WITH_WORDS.fullmatch(claim.text.strip()) if claim.payload is not None else None
        if found is None:
            return None
        command, words = found.groups()
        if command.lower() == _FEEDBACK and await self._in_form(claim.conversation):
            # A form that is open begins no other: they answer what it asked.
            return Attended(text=words)
        return Attended(payload=claim.payload, words=words)

    async def _attend_place(self, claim: Claim) -> Attended:
        if claim.text and await self._in_form(claim.conversation):
            return Attended(text=sentences.PLACE_SENT.format(place=claim.text))
        return await self._say_once(claim, Reply(sentences.PLACE))

    async def _say_once(self, claim: Claim, reply: Reply) -> Attended:
        """The same sentence is not said twice in a row within an hour."""
        newest = await asyncio.to_thread(newest_reply, self._database, claim, since=now() - NOT_AGAIN_WITHIN)
        return Attended() if newest and newest.text == reply.text else Attended((reply,))


_STICKER = Reply(sentences.STICKER)
