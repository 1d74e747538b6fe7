"""Numbers typed in answer to a list of choices: which list the citizen had seen, and what the number stands for."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select

from bot.database import Database, cipher_of
from bot.delivery import outbox
from bot.delivery.holding import merge
from bot.delivery.inbox import TEXT, Claim
from bot.delivery.model import FAILED, FETCHING, HELD, OutboxMessage
from bot.delivery.numbering import numbers_for, own_numbers
from bot.delivery.outbox import Button, Reply
from bot.delivery.rendering import shows_numbers

# For so long a number answers the list that was shown.
_CHOICE_LASTS = timedelta(days=7)
# So much a channel's clock may be behind ours; some tell whole seconds only.
_CLOCKS_DIFFER = timedelta(seconds=5)
_NUMBER = re.compile(r"(s[ốo]\s*)?([1-9]\d?)\s*[.)]?", re.IGNORECASE)
# So many of the newest answers are looked at for a form's question.
_LOOKED_BACK = 5
_FORM = "/form_answer"
# What leaves a form's question, or goes to another one. A question with no other buttons is answered in words.
_WAY_OUT = re.compile(rf'{_FORM}\{{"slot": "(?:change", .*|\w+", "value": "(?:-|cancel)")\}}')


def may_be_choice(claim: Claim) -> bool:
    """Whether a message may be the number of a button."""
    plain = claim.kind == TEXT and claim.payload is None
    return plain and _NUMBER.fullmatch(claim.text.strip()) is not None


def read_choice(database: Database, claim: Claim) -> Claim:
    """The message as a tap on the button that its number stands for; as it is when it stands for none.

    A number stands for the button that is called so ("5 ★"), and for one that was shown with it. Where a question is
    answered in words, "số 2" is words, too, such as the number of a counter.
    """
    found = _NUMBER.fullmatch(claim.text.strip())
    newest = newest_reply(database, claim, seen=True)
    if found is None or newest is None or not newest.buttons:
        return claim
    in_words = all(_WAY_OUT.fullmatch(button.payload) for button in newest.buttons)
    if in_words and (found.group(1) or not shows_numbers(claim.channel, newest.buttons)):
        return claim
    number = int(found.group(2))
    button = _button_called(number, newest, claim.channel)
    if button is None:
        beside = (_button_called(number, reply, claim.channel) for reply in _seen_beside_newest(database, claim))
        button = next(filter(None, beside), None)
    return replace(claim, text=button.title, payload=button.payload) if button else claim


def _button_called(number: int, reply: Reply, channel: str) -> Button | None:
    titles = [button.title for button in reply.buttons]
    shown = shows_numbers(channel, reply.buttons)
    numbers = numbers_for(titles, reply.first) if shown else own_numbers(titles)
    return next((button for called, button in zip(numbers, reply.buttons, strict=True) if called == number), None)


def newest_reply(
    database: Database, claim: Claim, *, seen: bool = False, since: datetime | None = None
) -> Reply | None:
    """The newest message of the bot in a conversation.

    Args:
        seen: only what was shown before the citizen's message was written.
        since: only what was said after this moment.
    """
    which = _said(claim, seen)
    if since:
        which.append(OutboxMessage.created_at > since)
    newest = select(OutboxMessage).where(*which).order_by(OutboxMessage.id.desc()).limit(1)
    with database.reading() as session:
        row = session.execute(newest).scalar_one_or_none()
        if row is None:
            return None
        carrier = row.carrier_id or row.id
        together = or_(OutboxMessage.id == carrier, OutboxMessage.carrier_id == carrier)
        mine = (OutboxMessage.conversation == claim.conversation, together)
        bodies = session.execute(select(OutboxMessage.body).where(*mine).order_by(OutboxMessage.id)).scalars()
        return merge([outbox.read_reply(cipher_of(session), body) for body in bodies])


def newest_question(database: Database, claim: Claim) -> Reply | None:
    """What a form asked last, None where its buttons don't tell."""
    answers = select(OutboxMessage.body).where(*_said(claim, seen=False), OutboxMessage.inbox_id.is_not(None))
    with database.reading() as session:
        bodies = session.execute(answers.order_by(OutboxMessage.id.desc()).limit(_LOOKED_BACK)).scalars()
        replies = [outbox.read_reply(cipher_of(session), body) for body in bodies]
    return next((reply for reply in replies if any(one.payload.startswith(_FORM) for one in reply.buttons)), None)


def _said(claim: Claim, seen: bool) -> list[Any]:
    own: list[Any] = [OutboxMessage.conversation == claim.conversation, OutboxMessage.state.not_in((HELD, FAILED))]
    if seen:
        typed = _typed_at(claim)
        # Whether a try arrived that ended in a time-out, only the citizen knows.
        arrived = or_(OutboxMessage.delivered_at <= typed, OutboxMessage.uncertain > 0)
        own += [
            # A page that is open shows what there is at once, and says so minutes later.
            *([] if claim.channel in FETCHING else [arrived]),
            OutboxMessage.created_at <= typed,
            # What was held for long was shown only when it had gone out.
            func.coalesce(OutboxMessage.delivered_at, OutboxMessage.created_at) > typed - _CHOICE_LASTS,
        ]
    return own


def _typed_at(claim: Claim) -> datetime:
    """The latest moment a message may have been typed at: a channel may bring it hours after that."""
    return min(claim.received_at, (claim.written_at or claim.received_at) + _CLOCKS_DIFFER)


def _seen_beside_newest(database: Database, claim: Claim) -> list[Reply]:
    """What was shown in the same turn as the newest message, whose numbers count on from these."""
    own = _said(claim, seen=True)
    turn = select(OutboxMessage.inbox_id).where(*own).order_by(OutboxMessage.id.desc()).limit(1).scalar_subquery()
    with database.reading() as session:
        found = select(OutboxMessage.body).where(*own, OutboxMessage.inbox_id == turn)
        bodies = session.execute(found.order_by(OutboxMessage.id.desc())).scalars()
        return [outbox.read_reply(cipher_of(session), body) for body in bodies]
