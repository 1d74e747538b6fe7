"""The durable outbox: what the bot says, kept until its channel has it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Table, insert, select, update
from sqlalchemy.orm import Session

from bot.database import Cipher, DatabaseError, cipher_of, now, take_turn
from bot.delivery import counters
from bot.delivery.attached import Attached, with_links
from bot.delivery.model import DELIVERED, NUMBERED, PENDING, InboxMessage, OutboxMessage, SentButton, Turn, channel_of
from bot.delivery.numbering import numbers_for

_OUTBOX = OutboxMessage.__table__
# Lines of a conversation that are read at once; each is decrypted.
MOST_LINES = 200
_BUTTON_ID = re.compile(r"[0-9a-zA-Z_-]{1,16}")


@dataclass(frozen=True)
class Button:
    """A button: what it says, what it stands for, and the opaque id that channels carry."""

    title: str
    payload: str
    id: str = ""


@dataclass(frozen=True)
class Reply:
    """One message of the bot.

    Attributes:
        aside: said after the answer, such as a question of the bot's own; not what is rated.
        notice: answers no message; filled in when it is read back.
        files: what goes along, after the text.
        first: the number of the first button that is none itself; filled in when it is read back.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    aside: bool = False
    notice: bool = False
    files: tuple[Attached, ...] = ()
    first: int = 1


@dataclass(frozen=True)
class Line:
    """One line of a conversation as its channel shows it.

    Attributes:
        external_key: of the citizen's message, or of the one that a line of the bot answers.
    """

    key: str
    speaker: str
    text: str
    at: datetime
    buttons: tuple[Button, ...] = ()
    external_key: str | None = None
    inbox_id: int | None = None
    rate: bool = False
    feedback: str | None = None


@dataclass(frozen=True)
class Lines:
    """New lines of a conversation and where to read on.

    Attributes:
        more: whether there are more than these: newer ones after the cursor or, of the first look, older ones.
    """

    lines: list[Line] = field(default_factory=list)
    cursor: int = 0
    more: bool = False


def enqueue(
    session: Session, conversation: str, replies: Sequence[Reply], inbox_id: int | None = None, rate: bool = False
) -> list[int]:
    """Put messages of the bot on their way, within the caller's transaction; returns their ids.

    Args:
        inbox_id: the message they answer, None for notices.
        rate: whether the citizen is asked if they helped, under the last that is no aside.
    """
    rows = _make_rows(session, conversation, replies, inbox_id, rate)
    return [int(session.execute(_insert(_OUTBOX), row).inserted_primary_key[0]) for row in rows]


def add(
    session: Session, conversation: str, replies: Sequence[Reply], inbox_id: int | None = None, rate: bool = False
) -> None:
    """As `enqueue`, for who need not know the ids: in one statement."""
    rows = _make_rows(session, conversation, replies, inbox_id, rate)
    if rows:
        session.execute(_insert(_OUTBOX), rows)


def _make_rows(
    session: Session, conversation: str, replies: Sequence[Reply], inbox_id: int | None, rate: bool
) -> list[dict[str, object]]:
    """What is to stand in the outbox; the buttons stand already."""
    # Whoever reads on after a line must have seen all before it.
    take_turn(session, f"outbox:{conversation}")
    answers = [position for position, reply in enumerate(replies) if not reply.aside]
    last = answers[-1] if answers else len(replies) - 1
    rows: list[dict[str, object]] = []
    sent: list[dict[str, str]] = []
    counts_on, first = channel_of(conversation) in NUMBERED, 1
    for position, reply in enumerate(replies):
        buttons = [Button(b.title, b.payload, secrets.token_urlsafe(9)) for b in reply.buttons]
        sent += [{"conversation": conversation, **_row_of(button)} for button in buttons]
        content = {"text": reply.text, "buttons": [asdict(b) for b in buttons], "notice": inbox_id is None}
        if reply.files:
            content["files"] = [asdict(file) for file in reply.files]
        # Two lists that both begin with 1 would let nobody know which of them a "1" answers.
        if counts_on and buttons:
            content["first"] = first
            first = max(first - 1, *numbers_for([button.title for button in buttons], first)) + 1
        rows.append(
            {
                "conversation": conversation,
                "body": cipher_of(session).seal(json.dumps(content, ensure_ascii=False)),
                "inbox_id": inbox_id,
                "position": position,
                "rate": rate and position == last,
            }
        )
    if sent:
        session.execute(_insert(SentButton.__table__), sent)
    return rows


# Past the session's bookkeeping, which takes longer than storing.
@lru_cache(maxsize=2)
def _insert(table: Table) -> Any:
    return insert(table)


def find_button(session: Session, conversation: str, button_id: str) -> Button | None:
    """The button behind an opaque id, only when this conversation was sent it."""
    if not _BUTTON_ID.fullmatch(button_id):
        # Made up by hand; it may hold what no database takes.
        return None
    row = session.get(SentButton, button_id)
    if row is None or row.conversation != conversation:
        return None
    return Button(row.title, row.payload, row.id)


def replies_to(session: Session, inbox_id: int) -> list[Reply]:
    """What was answered to one message."""
    rows = select(OutboxMessage.body).where(OutboxMessage.inbox_id == inbox_id).order_by(OutboxMessage.position)
    return [read_reply(cipher_of(session), body) for body in session.execute(rows).scalars()]


def read_lines(session: Session, conversation: str, after: int | None, most: int = MOST_LINES) -> Lines:
    """The bot's first lines after a cursor; without one, the newest of the conversation in order, both sides.

    Args:
        most: lines.
    """
    if after is None:
        return _newest_lines(session, conversation, most)
    wanted = (OutboxMessage.conversation == conversation, OutboxMessage.id > after)
    rows = _bot_rows(session, *wanted, order=OutboxMessage.id, most=most + 1)
    shown = rows[:most]
    lines = [_bot_line(session, *row) for row in shown]
    return Lines(lines, shown[-1][0].id if shown else after, len(rows) > most)


def _newest_lines(session: Session, conversation: str, most: int) -> Lines:
    wanted = OutboxMessage.conversation == conversation
    rows = _bot_rows(session, wanted, order=OutboxMessage.id.desc(), most=most + 1)
    lines = [_bot_line(session, *row) for row in reversed(rows)]
    lines += _citizen_lines(session, conversation, most + 1)
    lines.sort(key=lambda line: (line.at, line.speaker == "bot"))
    return Lines(lines[-most:], rows[0][0].id if rows else 0, len(lines) > most)


def mark_delivered(session: Session, conversation: str, up_to: int) -> None:
    """The channel has everything up to this cursor."""
    waiting = (OutboxMessage.conversation == conversation, OutboxMessage.id <= up_to, OutboxMessage.state == PENDING)
    named = session.execute(update(OutboxMessage).where(*waiting).values(state=DELIVERED, delivered_at=now()))
    counters.count_once_kept(session, channel_of(conversation), DELIVERED, named.rowcount)


def has_undelivered(session: Session, conversation: str, up_to: int) -> bool:
    """Whether anything up to a cursor has not been confirmed by the channel."""
    waiting = (OutboxMessage.conversation == conversation, OutboxMessage.id <= up_to, OutboxMessage.state == PENDING)
    return session.execute(select(OutboxMessage.id).where(*waiting).limit(1)).first() is not None


def _row_of(button: Button) -> dict[str, str]:
    # The whole title stands in the body; here it is what a tap says, for which its beginning is enough.
    return {**asdict(button), "title": button.title[: SentButton.title.type.length]}


def _bot_rows(
    session: Session, *wanted: Any, order: Any, most: int
) -> list[tuple[OutboxMessage, str | None, str | None]]:
    rows = session.execute(
        select(OutboxMessage, Turn.feedback, InboxMessage.external_key)
        .outerjoin(Turn, Turn.inbox_id == OutboxMessage.inbox_id)
        .outerjoin(InboxMessage, InboxMessage.id == OutboxMessage.inbox_id)
        .where(*wanted)
        .order_by(order)
        .limit(most)
    )
    return [(row, feedback, answers) for row, feedback, answers in rows]


def _bot_line(session: Session, row: OutboxMessage, feedback: str | None, answers: str | None) -> Line:
    reply = read_reply(cipher_of(session), row.body)
    # Who fetches lines opens files where they lie.
    text = with_links(reply.text, reply.files)
    return Line(f"out-{row.id}", "bot", text, row.created_at, reply.buttons, answers, row.inbox_id, row.rate, feedback)


def _citizen_lines(session: Session, conversation: str, most: int) -> list[Line]:
    wanted = select(InboxMessage).where(InboxMessage.conversation == conversation)
    rows = session.execute(wanted.order_by(InboxMessage.id.desc()).limit(most)).scalars().all()
    cipher = cipher_of(session)
    return [
        Line(f"in-{row.id}", "citizen", cipher.unseal(row.body), row.received_at, external_key=row.external_key)
        for row in reversed(rows)
    ]


def is_notice(session: Session, row: OutboxMessage) -> bool:
    """Whether a row answers no message; a sentence in place of an answer that was asked for anew is none either."""
    if row.inbox_id is not None:
        return False
    try:
        return read_reply(cipher_of(session), row.body).notice
    except DatabaseError:
        # What can't be read can't be sent, and stands in nobody's way.
        return False


def read_reply(cipher: Cipher, body: bytes) -> Reply:
    """The message inside a row of the outbox.

    Raises:
        DatabaseError: none of the keys fits.
    """
    content = json.loads(cipher.unseal(body))
    buttons = tuple(Button(**button) for button in content["buttons"])
    files = tuple(Attached(**file) for file in content.get("files", ()))
    notice, first = content.get("notice", False), content.get("first", 1)
    return Reply(content["text"], buttons, notice=notice, files=files, first=first)
