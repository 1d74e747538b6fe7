"""One person on several channels: a code taken on one, shown on another, once.

Whoever shows a code is asked first: a link somebody else prepared must not open a conversation to them. The
conversation that gave the code is told when and where it was used, with a button that undoes it.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of, now
from bot.delivery import correspondents, outbox, vault
from bot.delivery import sentences as said
from bot.delivery.attending import OURS, Attended
from bot.delivery.inbox import TEXT, Claim
from bot.delivery.model import Correspondent, LinkCode, channel_of
from bot.delivery.outbox import Button, Reply
from bot.delivery.turns import TurnLog
from bot.text.codes import find_link_code, new_link_code

GOOD_FOR = timedelta(minutes=15)
# Of tokens in the vault.
CODE_KIND = "manoikenh"
WEB = "web"
# Codes that open nothing, in one conversation.
MOST_WRONG, WRONG_WITHIN = 5, timedelta(minutes=10)
# A story that happens to hold something like a code is for the bot.
_LONGEST = 200
_YES, _NO, _UNDO = f"{OURS}link:", f"{OURS}link_no", f"{OURS}unlink:"


def issue_code(database: Database, conversation: str) -> str:
    """A new code of a conversation; the one it had before is good no more. Only a fingerprint is kept."""
    code, moment = new_link_code(), now()
    with database.transaction() as session:
        correspondents.ensure(session, conversation)
        unused = (LinkCode.conversation == conversation, LinkCode.used_at.is_(None))
        session.execute(delete(LinkCode).where(*unused))
        session.add(LinkCode(digest=_digest(session, code), conversation=conversation, expires_at=moment + GOOD_FOR))
    return code


def issue_hidden_code(database: Database, conversation: str) -> str:
    """A new code as a token of the vault, for answers that go through Rasa."""
    code = issue_code(database, conversation)
    with database.transaction() as session:
        return vault.keep(session, conversation, CODE_KIND, code)


def other_channels(sent_to: Sequence[str], conversation: str) -> list[str]:
    """Where else a person can be met: channels that are sent to, and the page."""
    return [name for name in (*sent_to, WEB) if name != channel_of(conversation)]


def places(channels: Sequence[str]) -> str:
    """Channels as citizens call them."""
    return said.OR.join(dict.fromkeys(said.CHANNEL_NAMES.get(name, said.CHANNEL_ELSEWHERE) for name in channels))


def minutes() -> int:
    """For how long a code is good."""
    return int(GOOD_FOR.total_seconds() // 60)


def drop_old_codes(session: Session, before: datetime) -> int:
    """Forget codes that have been of no use since before a moment; returns how many."""
    return int(session.execute(delete(LinkCode).where(LinkCode.expires_at < before)).rowcount)


class LinkAttendant:
    """Sees to link codes that citizens send, and to the buttons about them, before Rasa hears of either."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, claim: Claim) -> Attended | None:
        """What becomes of a message, None when it is about something else."""
        if claim.payload is not None:
            return self._tapped(claim)
        if claim.kind != TEXT or len(claim.text) > _LONGEST:
            return None
        code = find_link_code(claim.text)
        if code is None:
            return None
        return await asyncio.to_thread(self._shown, claim, code)

    def _tapped(self, claim: Claim) -> Attended | None:
        payload = claim.payload or ""
        if payload == _NO:
            return _reply(Reply(said.LINK_LEFT_OUT))
        if payload.startswith(_UNDO):
            other = payload[len(_UNDO) :]
            return Attended((Reply(said.UNLINKED),), log=_LOG, done=lambda session: _undo(session, claim, other))
        if payload.startswith(_YES):
            # Whether it is still good is known only within the transaction that uses it, and so is what is said.
            digest = payload[len(_YES) :]
            return Attended((), log=_LOG, done=lambda session: _use(session, claim, digest))
        return None

    def _shown(self, claim: Claim, code: str) -> Attended:
        with self._database.transaction() as session:
            moment = now()
            who = correspondents.ensure(session, claim.conversation)
            if who.wrong_since is None or who.wrong_since < moment - WRONG_WITHIN:
                who.wrong_since, who.wrong_codes = moment, 0
            if who.wrong_codes >= MOST_WRONG:
                return _reply(Reply(said.LINK_TOO_MANY))
            row = _good(session, _digest(session, code), moment)
            if row is None:
                who.wrong_codes += 1
                return _reply(Reply(said.LINK_UNKNOWN.format(minutes=minutes())))
            if row.conversation == claim.conversation:
                return _reply(Reply(said.LINK_SAME))
            sure = said.LINK_SURE.format(channel=_place(row.conversation))
            buttons = (Button(said.LINK_YES, f"{_YES}{row.digest}"), Button(said.LINK_NO, _NO))
            return _reply(Reply(sure, buttons))


_LOG = TurnLog(outcome="smalltalk")


def _reply(reply: Reply) -> Attended:
    return Attended((reply,), log=_LOG)


def _use(session: Session, claim: Claim, digest: str) -> None:
    """Link the two conversations and tell both, in the transaction that ends the turn."""
    row = _good(session, digest, now())
    if row is None or row.conversation == claim.conversation:
        outbox.enqueue(session, claim.conversation, [Reply(said.LINK_UNKNOWN.format(minutes=minutes()))], claim.id)
        return
    row.used_at = now()
    # In the same order everywhere, or two programs could wait for each other.
    both = {name: correspondents.ensure(session, name) for name in sorted((row.conversation, claim.conversation))}
    giver, shower = both[row.conversation], both[claim.conversation]
    # Who shows a code comes alone: whom it was linked to before, nobody here has asked for and could not undo.
    giver.person = shower.person = giver.person or secrets.token_hex(16)
    # Whom it would cut off, without a name: buttons outlive an erasure of the other side.
    undo = f"{_UNDO}{cipher_of(session).digest(claim.conversation)}"
    there = Reply(said.LINKED_THERE.format(channel=_place(claim.conversation)), (Button(said.UNLINK, undo),))
    here = Reply(said.LINKED.format(channel=_place(row.conversation)))
    outbox.enqueue(session, claim.conversation, [here], claim.id)
    outbox.enqueue(session, row.conversation, [there])


def _undo(session: Session, claim: Claim, other: str) -> None:
    """Cut off the conversation behind a fingerprint, if it is linked to this one."""
    cipher = cipher_of(session)
    for name in correspondents.conversations_of(session, claim.conversation)[1:]:
        if cipher.digest(name) == other:
            session.execute(update(Correspondent).where(Correspondent.conversation == name).values(person=None))


def _good(session: Session, digest: str, moment: datetime) -> LinkCode | None:
    good = (LinkCode.digest == digest, LinkCode.used_at.is_(None), LinkCode.expires_at > moment)
    row: LinkCode | None = session.execute(select(LinkCode).where(*good).with_for_update()).scalar_one_or_none()
    return row


def _digest(session: Session, code: str) -> str:
    return cipher_of(session).digest(f"link:{code}")


def _place(conversation: str) -> str:
    return said.CHANNEL_NAMES.get(channel_of(conversation), said.CHANNEL_ELSEWHERE)
