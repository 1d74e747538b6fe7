"""Edits of single bytes in what the chain binds, as somebody with the database in hands could make them."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import LargeBinary, String, cast, literal, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.complaints.chain import FIELDS
from bot.complaints.model import ChainDay, ChainLink, Complaint, ComplaintWord
from bot.complaints.verification import check_chain
from bot.database import Database, UtcDateTime

BOUND = (
    *(getattr(Complaint, name) for name in (*FIELDS, "created_at", "contact", "salt")),
    *(getattr(ComplaintWord, name) for name in ("complaint_id", "question", "text", "said_at")),
    *(getattr(ChainLink, name) for name in ("complaint_id", "day", "commitment", "link")),
    *(getattr(ChainDay, name) for name in ("day", "links", "root")),
)


@dataclass(frozen=True)
class Edit:
    """One byte of one field, before and after."""

    field: str
    row: Any
    before: Any
    after: Any


def find_undetected(
    database: Database, trials: int, seed: int, progress: Callable[[int], None] = lambda done: None
) -> list[Edit]:
    """Edit one random byte, check the chain, take the edit back, `trials` times; returns the edits nobody noticed.

    The database holds complaints as they were filed (none erased, nothing added since) and at least one closed day.
    """
    dice, missed, done = random.Random(seed), [], 0
    with database.reading() as session:
        assert check_chain(session).whole
    while done < trials:
        with database.transaction() as session:
            edit = _edit(session, dice)
            if edit is None:
                continue
            if check_chain(session).whole:
                missed.append(edit)
            session.rollback()
        done += 1
        progress(done)
    return missed


def _edit(session: Session, dice: random.Random) -> Edit | None:
    """Make an edit; None when the database itself refuses it, or the field is empty."""
    column = dice.choice(BOUND)
    key = column.class_.__mapper__.primary_key[0]
    embedded = session.get_bind().dialect.name == "sqlite"
    if embedded:
        session.connection().exec_driver_sql("PRAGMA defer_foreign_keys = ON")
    raw = embedded and isinstance(column.type, (String, UtcDateTime))
    wanted = cast(column, LargeBinary) if raw else column
    row, before = dice.choice(session.execute(select(key, wanted.label("stored")).order_by(key)).all())
    if before in (None, "", b""):
        return None
    after = _one_byte_changed(before, dice)
    if after is None:
        return None
    value = cast(literal(after, LargeBinary), String) if raw else after
    try:
        session.execute(
            update(column.class_).where(key == row).values({column: value}).execution_options(synchronize_session=False)
        )
    except DBAPIError:
        session.rollback()
        return None
    return Edit(str(column), row, before, after)


def _one_byte_changed(value: Any, dice: random.Random) -> Any:
    """The value with one byte of its spelling changed, None when that is no value of its kind."""
    if isinstance(value, bytes):
        return _bytes_changed(value, dice)
    if isinstance(value, memoryview):
        return _bytes_changed(bytes(value), dice)
    try:
        changed = _bytes_changed(str(value).encode(), dice).decode()
        after = type(value)(changed) if isinstance(value, (str, int)) else type(value).fromisoformat(changed)
    except ValueError:
        return None
    return after if after != value and "\0" not in changed else None


def _bytes_changed(value: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(value))
    other = dice.choice([byte for byte in range(256) if byte != value[place]])
    return value[:place] + bytes([other]) + value[place + 1 :]
