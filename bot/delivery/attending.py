"""What arrives and is no question for Rasa: who sees to it, and what is said."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of
from bot.delivery import outbox, sentences
from bot.delivery.holding import merge
from bot.delivery.inbox import EDITED, TEXT, Claim
from bot.delivery.model import FAILED, FETCHING, HELD, NUMBERED, OutboxMessage
from bot.delivery.outbox import Reply
from bot.delivery.turns import TurnLog
from bot.text.mask import find_personal_values

# Begins what buttons of the gateway itself stand for. Rasa never sees it, and nobody can type it.
OURS = "gateway:"
# What a button stands for that nobody knows any more.
UNKNOWN_TAP = f"{OURS}unknown"
# For so long a number answers the list that was shown.
_CHOICE_LASTS = timedelta(days=7)
# So much a channel's clock may be behind ours; some tell whole seconds only.
_CLOCKS_DIFFER = timedelta(seconds=5)
_NUMBER = re.compile(r"(?:s[ốo]\s*)?([1-9]\d?)\s*[.)]?", re.IGNORECASE)
# Characters that Rasa is given of one message: the longest that Telegram and the web chat let anybody write.
MOST_READ = 4096
_WORDS_SHOWN, _MOST_SHOWN = 6, 60
# Longer than any personal value.
_LONGEST_VALUE = 200
# Where one button stands without a number, a number is what it says.
_FEWEST_CHOICES = 2

InForm = Callable[[str], Awaitable[bool]]


@dataclass(frozen=True)
class Attended:
    """What becomes of a message.

    Attributes:
        replies: what the gateway says, before anything of Rasa's.
        text: what goes on to Rasa as if it had been typed.
        payload: what goes on to Rasa as a tapped button, in place of a text.
        questions: what the gateway asks, after everything else, so that it is the newest.
        log: how the turn ended, where Rasa has none.
        done: is called within the transaction that stores the answers.
    """

    replies: tuple[Reply, ...] = ()
    text: str | None = None
    payload: str | None = None
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
            return None
        if claim.kind == "location":
            return await self._attend_place(claim)
        if claim.kind == "sticker":
            return Attended() if await self._in_form(claim.conversation) else await self._say_once(claim, _STICKER)
        if claim.kind == EDITED:
            return await self._say_once(claim, Reply(sentences.CORRECTED))
        if claim.kind == "follow":
            # Zalo tells of the same person twice, as a follower and as one who opens the chat.
            return await self._say_once(claim, Reply(sentences.WELCOME))
        if claim.kind == "unfollow":
            return Attended()
        return await self._say_once(claim, Reply(sentences.NOT_READABLE))

    async def _attend_place(self, claim: Claim) -> Attended:
        if claim.text and await self._in_form(claim.conversation):
            return Attended(text=sentences.PLACE_SENT.format(place=claim.text))
        return await self._say_once(claim, Reply(sentences.PLACE))

    async def _say_once(self, claim: Claim, reply: Reply) -> Attended:
        """The same sentence is not said twice in a row."""
        newest = await asyncio.to_thread(newest_reply, self._database, claim)
        return Attended() if newest and newest.text == reply.text else Attended((reply,))


_STICKER = Reply(sentences.STICKER)


def newest_reply(database: Database, claim: Claim, *, seen: bool = False) -> Reply | None:
    """The newest message of the bot in a conversation.

    Args:
        seen: only what was shown before the citizen's message was written.
    """
    newest = select(OutboxMessage).where(*_said(claim, seen)).order_by(OutboxMessage.id.desc()).limit(1)
    with database.reading() as session:
        row = session.execute(newest).scalar_one_or_none()
        if row is None:
            return None
        carrier = row.carrier_id or row.id
        together = or_(OutboxMessage.id == carrier, OutboxMessage.carrier_id == carrier)
        mine = (OutboxMessage.conversation == claim.conversation, together)
        bodies = session.execute(select(OutboxMessage.body).where(*mine).order_by(OutboxMessage.id)).scalars()
        return merge([outbox.read_reply(cipher_of(session), body) for body in bodies])


def _said(claim: Claim, seen: bool) -> list[Any]:
    own: list[Any] = [OutboxMessage.conversation == claim.conversation, OutboxMessage.state.not_in((HELD, FAILED))]
    if seen:
        typed = _typed_at(claim)
        own += [
            # Whether a try arrived that ended in a time-out, only the citizen knows.
            or_(OutboxMessage.delivered_at <= typed, OutboxMessage.uncertain > 0),
            OutboxMessage.created_at <= typed,
            # What was held for long was shown only when it had gone out.
            func.coalesce(OutboxMessage.delivered_at, OutboxMessage.created_at) > typed - _CHOICE_LASTS,
        ]
    return own


def cut(attended: Attended) -> Attended:
    """No more of a text than is read; the citizen is told up to where, as a form keeps no more than that either."""
    if attended.text is None or len(attended.text) <= MOST_READ:
        return attended
    text = readable(attended.text)
    end = " ".join(text.split()[-_WORDS_SHOWN:])[-_MOST_SHOWN:]
    told = Reply(sentences.CUT.format(limit=MOST_READ, end=end))
    return replace(attended, text=text, replies=(*attended.replies, told))


def readable(text: str) -> str:
    """The beginning of a text, up to a word's end; a personal value is in it whole or not at all."""
    if len(text) <= MOST_READ:
        return text
    end = MOST_READ
    if not text[end].isspace():
        words = (text[:end].rsplit(None, 1) or [""])[0]
        # Something without spaces, as long as that, has no words.
        end = len(words) if len(words) > MOST_READ // 2 else end
    for value in find_personal_values(text[: MOST_READ + _LONGEST_VALUE]):
        if value.start < end < value.end:
            end = value.start
    return text[:end].rstrip()


def _typed_at(claim: Claim) -> datetime:
    """The latest moment a message may have been typed at: a channel may bring it hours after that."""
    return min(claim.received_at, (claim.written_at or claim.received_at) + _CLOCKS_DIFFER)


def _seen_beside_newest(database: Database, claim: Claim) -> list[Reply]:
    """What was shown in the same turn as the newest message, whose numbers count on from these."""
    own = _said(claim, seen=True)
    turn = select(OutboxMessage.inbox_id).where(*own).order_by(OutboxMessage.id.desc()).limit(1).scalar_subquery()
    with database.reading() as session:
        bodies = session.execute(select(OutboxMessage.body).where(*own, OutboxMessage.inbox_id == turn)).scalars()
        return [outbox.read_reply(cipher_of(session), body) for body in bodies]


def may_be_choice(claim: Claim) -> bool:
    """Whether a message may be the number of a button; channels that show real buttons only take none."""
    plain = claim.kind == TEXT and claim.payload is None and claim.channel not in FETCHING
    return plain and _NUMBER.fullmatch(claim.text.strip()) is not None


def read_choice(database: Database, claim: Claim) -> Claim:
    """The message as a tap on the button that its number stands for; as it is when it stands for none."""
    found = _NUMBER.fullmatch(claim.text.strip())
    newest = newest_reply(database, claim, seen=True)
    fewest = 1 if claim.channel in NUMBERED else _FEWEST_CHOICES
    if found is None or newest is None or len(newest.buttons) < fewest:
        return claim
    number = int(found.group(1))
    for shown in [newest] if number >= newest.first else _seen_beside_newest(database, claim):
        if shown.first <= number < shown.first + len(shown.buttons):
            button = shown.buttons[number - shown.first]
            return replace(claim, text=button.title, payload=button.payload)
    return claim
