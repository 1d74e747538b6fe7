"""Which complaints staff look for, by state, kind, unit, officer, date and words, in order of id."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.complaints import visibility
from bot.complaints.lifecycle import OPEN
from bot.complaints.model import IS_OPEN, Complaint, ComplaintMention
from bot.complaints.texts import plain
from bot.complaints.visibility import Viewer
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
        due_on: to be answered on this day.
        running: not those whose clock stands still.
        is_open: neither answered nor closed.
        reopened: opened again by the citizen.
        mentioned: a remark calls for this officer, who has not looked yet.
        viewer: who looks; None is the program itself.
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
    due_on: date | None = None
    running: bool = False
    is_open: bool = False
    reopened: bool = False
    naming: str | None = None
    mentioned: str | None = None
    viewer: Viewer | None = None

    @property
    def only_open(self) -> bool:
        """Whether nothing that is answered or closed can be meant."""
        return self.state in OPEN or self.is_open or self.overdue_on is not None or self.due_on is not None


def find_ids(session: Session, wanted: Wanted, after: int, limit: int) -> list[int]:
    """The ids of the first complaints after an id that are wanted, smallest first."""
    code, words = find_receipt_code(wanted.words), plain(wanted.words).split()
    if code is None and words and session.get_bind().dialect.name == "postgresql":
        facets = {"k": wanted.kind, "u": wanted.unit, "a": wanted.assignee}
        held = [*words, *(f"{letter}:{value}" for letter, value in facets.items() if value)]
        return WordSearch(session, held, wanted.only_open, partial(conditions_of, wanted)).find(after, limit)
    conditions = [*conditions_of(wanted, _ROWS.c), _ROWS.c.id > after]
    if code:
        conditions.append(_ROWS.c.code == code)
    else:
        conditions += [(" " + _ROWS.c.folded + " ").contains(f" {word} ", autoescape=True) for word in words]
    found = select(_ROWS.c.id).where(*conditions).order_by(_ROWS.c.id).limit(limit)
    return list(session.execute(found).scalars())


def conditions_of(wanted: Wanted, columns: Any) -> list[Any]:
    """What has to hold for a row of complaints; words and codes apart.

    Args:
        columns: of the table, or of what `WordSearch` has found in it, among the open ones alone when these are wanted.
    """
    asked = {name: getattr(wanted, name) for name in ("state", "kind", "unit", "assignee", "due_on", "naming")}
    conditions = [columns[name] == value for name, value in asked.items() if value]
    if wanted.overdue_on:
        conditions.append(columns.due_on < wanted.overdue_on)
    if wanted.since:
        conditions.append(columns.created_at >= wanted.since)
    if wanted.before:
        conditions.append(columns.created_at < wanted.before)
    if wanted.running:
        conditions.append(columns.waiting_since.is_(None))
    if wanted.reopened:
        conditions.append(columns.reopened > 0)
    if not wanted.restricted:
        conditions.append(columns.restricted.is_(False))
    if wanted.mentioned:
        called = (ComplaintMention.officer == wanted.mentioned, ComplaintMention.seen_at.is_(None))
        conditions.append(columns.id.in_(select(ComplaintMention.complaint_id).where(*called)))
    if wanted.only_open and columns is _ROWS.c:
        conditions.append(IS_OPEN)
    return conditions + visibility.conditions(wanted.viewer, columns)
