"""What the gateway keeps of a conversation, taken out again: on request, or when it has grown old."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from bot.database import cipher_of
from bot.delivery.model import (
    DELIVERED,
    DONE,
    FAILED,
    NOBODY,
    Attachment,
    Correspondent,
    InboxMessage,
    LinkCode,
    OutboxMessage,
    SentButton,
    Turn,
    VaultEntry,
)

# Of which nothing stays.
_WHOLE = (
    ("buttons", SentButton),
    ("vault", VaultEntry),
    ("attachments", Attachment),
    ("correspondents", Correspondent),
    ("link_codes", LinkCode),
)
# Conditions of a query.
Which = tuple[Any, ...]


def erase_conversation(session: Session, conversation: str) -> dict[str, int]:
    """Delete everything of a conversation, within the caller's transaction; returns how much of each store.

    Turns stay without whose they are: what was understood and how it ended says nothing about a person, and the
    figures of the bot rest on them.
    """
    counts = {
        "inbox": _drop_messages(session, InboxMessage, InboxMessage.conversation == conversation),
        "outbox": _drop_messages(session, OutboxMessage, OutboxMessage.conversation == conversation),
    }
    for store, table in _WHOLE:
        counts[store] = _run(session, delete(table).where(table.conversation == conversation))
    counts["turns"] = _run(session, update(Turn).where(Turn.conversation == conversation).values(conversation=NOBODY))
    return counts


def old_inbox(before: datetime) -> Which:
    """Messages of citizens that were finished with before a moment."""
    return (InboxMessage.received_at < before, InboxMessage.state.in_((DONE, FAILED)), _somebodys(InboxMessage))


def old_outbox(before: datetime, spared: Any) -> Which:
    """What the bot said before a moment.

    Args:
        spared: ids that stay, as a query.
    """
    return (OutboxMessage.created_at < before, OutboxMessage.id.not_in(spared), _somebodys(OutboxMessage))


def old_values(before: datetime, needed: Any) -> Which:
    """Personal values that the vault took before a moment.

    Args:
        needed: names of conversations whose values stay, as a query.
    """
    return (VaultEntry.created_at < before, VaultEntry.conversation.not_in(needed))


def old_attachments(before: datetime) -> Which:
    """Files that came before a moment: what was kept of them lies elsewhere, and nothing else can be had any more."""
    return (Attachment.created_at < before,)


def old_correspondents(before: datetime, needed: Any) -> Which:
    """Who was not heard of since before a moment, and to whom nothing leads any more.

    Args:
        needed: names of conversations that stay, and with them the others of the same person, as a query.
    """
    other = aliased(Correspondent)
    persons = select(other.person).where(other.conversation.in_(needed), other.person.is_not(None))
    tables = (InboxMessage, OutboxMessage, Attachment, VaultEntry, LinkCode)
    return (
        or_(Correspondent.heard_at < before, Correspondent.heard_at.is_(None)),
        or_(Correspondent.silent_until < before, Correspondent.silent_until.is_(None)),
        *(~exists().where(table.conversation == Correspondent.conversation) for table in tables),
        Correspondent.conversation.not_in(needed),
        or_(Correspondent.person.is_(None), Correspondent.person.not_in(persons)),
    )


def old_codes(before: datetime) -> Which:
    """Link codes that ran out before a moment, used or not."""
    return (LinkCode.expires_at < before,)


def old_turns(before: datetime) -> Which:
    """Turns of before a moment that are still somebody's."""
    return (Turn.created_at < before, _somebodys(Turn))


def count(session: Session, table: Any, which: Which) -> int:
    """How many rows there are."""
    return int(session.execute(select(func.count()).select_from(table).where(*which)).scalar_one())


def drop(session: Session, table: Any, which: Which, limit: int) -> int:
    """Delete so many of them, messages of the bot with their buttons; of turns cut off whose they are."""
    key = table.__mapper__.primary_key[0]
    found = list(session.execute(select(key).where(*which).limit(limit)).scalars())
    if table is Turn:
        return _run(session, update(Turn).where(key.in_(found)).values(conversation=NOBODY))
    if table in (VaultEntry, Attachment, LinkCode, Correspondent):
        # Looked at once more in the same breath: a citizen may have written.
        return _run(session, delete(table).where(key.in_(found), *which))
    if table is OutboxMessage:
        _drop_buttons(session, found)
    return _drop_messages(session, table, key.in_(found))


def _drop_buttons(session: Session, outbox_ids: Sequence[int]) -> None:
    bodies = session.execute(select(OutboxMessage.body).where(OutboxMessage.id.in_(outbox_ids))).scalars()
    buttons = [one["id"] for body in bodies for one in json.loads(cipher_of(session).unseal(body))["buttons"]]
    _run(session, delete(SentButton).where(SentButton.id.in_(buttons)))


def _drop_messages(session: Session, table: Any, *which: Any) -> int:
    """Delete rows; the newest of the table is emptied instead, because SQLite would give its number once more."""
    newest = session.execute(select(func.max(table.id))).scalar_one()
    emptied = _run(session, update(table).where(*which, table.id == newest).values(**_empty(session, table, newest)))
    return emptied + _run(session, delete(table).where(*which, table.id != newest))


def _empty(session: Session, table: Any, row_id: int) -> dict[str, Any]:
    cipher = cipher_of(session)
    if table is InboxMessage:
        return {
            "conversation": NOBODY,
            "external_key": f"{NOBODY}:{row_id}",
            "body": cipher.seal(""),
            "payload": None,
            "message_id": None,
            "state": DONE,
        }
    body = json.dumps({"text": "", "buttons": []})
    return {"conversation": NOBODY, "body": cipher.seal(body), "inbox_id": None, "rate": False, "state": DELIVERED}


def _somebodys(table: Any) -> Any:
    return table.conversation != NOBODY


def _run(session: Session, statement: Any) -> int:
    return int(session.execute(statement.execution_options(synchronize_session=False)).rowcount)
