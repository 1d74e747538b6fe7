"""Which complaints staff look for, by state, kind, unit, officer, date and words, in order of id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.complaints.lifecycle import OPEN
from bot.complaints.model import IS_OPEN, Complaint
from bot.complaints.texts import plain
from bot.complaints.word_search import WordSearch
from bot.text.codes import find_receipt_code

_ROWS = Complaint.__table__


@dataclass(frozen=True)
class Wanted:
    """What staff look for; what is None or empty is not asked.

    Attributes:
        words: all of them, with tones or without, or a code.
        restricted: whether denunciations are shown; only to their named readers.
        since, before: filed from this moment on, and before that one.
    """

    state: str | None = None
    kind: str | None = None
    unit: str | None = None
    assignee: str | None = None
    overdue_on: date | None = None
    words: str = ""
    restricted: bool = False
    since: datetime | None = None
    before: datetime | None = None

    @property
    def only_open(self) -> bool:
        """Whether nothing that is answered or closed can be meant."""
        return self.state in OPEN or self.overdue_on is not None


def find_ids(session: Session, wanted: Wanted, after: int, limit: int) -> list[int]:
    """The ids of the first complaints after an id that are wanted, smallest first."""
    code, words = find_receipt_code(wanted.words), plain(wanted.words).split()
    if code is None and words and session.get_bind().dialect.name == "postgresql":
        facets = {"k": wanted.kind, "u": wanted.unit, "a": wanted.assignee}
        held = [*words, *(f"{letter}:{value}" for letter, value in facets.items() if value)]
        return WordSearch(session, held, wanted.only_open, partial(_conditions, wanted)).find(after, limit)
    conditions = [*_conditions(wanted, _ROWS.c), _ROWS.c.id > after]
    if wanted.only_open:
        conditions.append(IS_OPEN)
    if code:
        conditions.append(_ROWS.c.code == code)
    else:
        conditions += [(" " + _ROWS.c.folded + " ").contains(f" {word} ", autoescape=True) for word in words]
    found = select(_ROWS.c.id).where(*conditions).order_by(_ROWS.c.id).limit(limit)
    return list(session.execute(found).scalars())


def _conditions(wanted: Wanted, columns: Any) -> list[Any]:
    asked = {name: getattr(wanted, name) for name in ("state", "kind", "unit", "assignee")}
    conditions = [columns[name] == value for name, value in asked.items() if value]
    if wanted.overdue_on:
        conditions.append(columns.due_on < wanted.overdue_on)
    if wanted.since:
        conditions.append(columns.created_at >= wanted.since)
    if wanted.before:
        conditions.append(columns.created_at < wanted.before)
    if not wanted.restricted:
        conditions.append(columns.restricted.is_(False))
    return conditions
