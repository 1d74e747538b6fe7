"""A notice that does not arrive where it was meant to, sent to the same person on their other channels in turn."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of, now
from bot.delivery import correspondents, outbox
from bot.delivery.holding import carried_by
from bot.delivery.model import CLAIMED, DELIVERED, FAILED, FETCHING, PENDING, OutboxMessage


def send_elsewhere(session: Session, row_id: int, sent_to: bool = False) -> bool:
    """Send a notice to the next conversation of the same person that it was not meant for yet; returns whether there
    is one.

    Where there is none, one that failed is tried again where it only had to wait, and waits there.

    Args:
        sent_to: only to channels that are sent to.
    """
    row = session.get(OutboxMessage, row_id)
    if row is None or not outbox.is_notice(session, row):
        return False
    line = _line(session, row)
    other = _next(session, line, row, sent_to)
    if other is None:
        if row.state == FAILED:
            _go_back(session, line)
        return False
    copy = outbox.enqueue(session, other, [outbox.read_reply(cipher_of(session), row.body)])[0]
    _line_up(session, [line[0], session.get(OutboxMessage, copy), *line[1:]])
    return True


def may_go_elsewhere(database: Database, conversation: str) -> bool:
    """Whether what is just being tried there would go to another channel that is sent to, if it had to wait."""
    with database.reading() as session:
        trying = (OutboxMessage.conversation == conversation, OutboxMessage.state == CLAIMED)
        row = session.execute(select(OutboxMessage).where(*trying).limit(1)).scalar_one_or_none()
        if row is None or row.parts_sent or carried_by(session, [conversation], [row.id]):
            return False
        return outbox.is_notice(session, row) and _next(session, _line(session, row), row, sent_to=True) is not None


def standing(first: OutboxMessage, latest: OutboxMessage | None) -> OutboxMessage:
    """Which of two shows what became of a notice.

    Args:
        latest: what was sent in place of the first, None when nothing was.
    """
    return first if latest is None or (latest.state == FAILED and _counts_itself(first)) else latest


def may_be_resent(session: Session, row: OutboxMessage) -> bool:
    """Whether nothing else stands in place of a row that failed."""
    line = _line(session, row)
    return standing(line[0], line[1] if len(line) > 1 else None) is row


def _counts_itself(first: OutboxMessage) -> bool:
    """Whether the first of a line arrived after all, or waits for the citizen; a page only shows who comes to it."""
    return first.state == DELIVERED or (first.state != FAILED and first.channel not in FETCHING)


def _line(session: Session, row: OutboxMessage) -> list[OutboxMessage]:
    """The notice as it was first meant, what stands for it now, and what did before, newest first."""
    found: OutboxMessage | None = row
    while found is not None:
        row = found
        found = session.get(OutboxMessage, row.origin_id) if row.origin_id else None
    line: list[OutboxMessage] = []
    found = row
    while found is not None:
        line.append(found)
        after = select(OutboxMessage).where(OutboxMessage.origin_id == found.id)
        found = session.execute(after).scalar_one_or_none()
    return line


def _line_up(session: Session, line: Sequence[OutboxMessage]) -> None:
    # Taken apart first: no two may have the same origin, not even in between.
    for row in line[1:]:
        row.origin_id = None
    session.flush()
    for before, row in pairwise(line):
        row.origin_id = before.id
    session.flush()


def _next(session: Session, line: Sequence[OutboxMessage], row: OutboxMessage, sent_to: bool) -> str | None:
    """Where a notice can go on to; nowhere a second time, and nowhere once it was read."""
    others = [one for one in line if one is not row]
    if any(one.state == DELIVERED for one in others):
        return None
    # Who can be told by writing, or on the page they left, is not sent to a page.
    waits = any(_had_to_wait(one) or one.channel in FETCHING for one in others)
    return correspondents.best_other(session, row.conversation, sent_to or waits, [one.conversation for one in line])


def _go_back(session: Session, line: Sequence[OutboxMessage]) -> None:
    """Try what only had to wait once more: the citizen may have written meanwhile, or a template is due."""
    waited = next((one for one in line if _had_to_wait(one)), None)
    if waited is None or any(one.state == DELIVERED for one in line):
        return
    own = update(OutboxMessage).where(OutboxMessage.id == waited.id)
    again = {"state": PENDING, "attempts": 0, "first_attempt_at": None, "next_attempt_at": now(), "moved": False}
    session.execute(own.values(**again))
    if waited is not line[0]:
        _line_up(session, [line[0], waited, *(one for one in line[1:] if one is not waited)])


def _had_to_wait(row: OutboxMessage) -> bool:
    return row.state == FAILED and bool(row.moved)
