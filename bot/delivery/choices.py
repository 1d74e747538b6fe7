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
from bot.delivery.model import FAILED, FETCHING, HELD, NUMBERED, OutboxMessage
from bot.delivery.outbox import Reply

# For so long a number answers the list that was shown.
_CHOICE_LASTS = timedelta(days=7)
# So much a channel's clock may be behind ours; some tell whole seconds only.
_CLOCKS_DIFFER = timedelta(seconds=5)
_NUMBER = re.compile(r"(?:s[ốo]\s*)?([1-9]\d?)\s*[.)]?", re.IGNORECASE)
# Where one button stands without a number, a number is what it says.
_FEWEST_CHOICES = 2


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
