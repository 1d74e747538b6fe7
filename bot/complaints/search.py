"""Which complaints staff look for, by state, kind, unit, officer, date and words, in order of id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Integer, Text, bindparam, cast, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from bot.complaints.lifecycle import OPEN
from bot.complaints.model import IS_OPEN, Complaint
from bot.complaints.texts import plain
from bot.text.codes import find_receipt_code

# What the index of words holds of each complaint: its words, and the stretch of ids that it stands in.
_SEARCHED = "string_to_array(complaints.folded, ' ') || ARRAY['#' || CAST(complaints.id >> 13 AS text)]"
_STRETCH_BITS = 13
_ROWS = Complaint.__table__


@dataclass(frozen=True)
class Wanted:
    """What staff look for; what is None or empty is not asked.

    Attributes:
        words: all of them, with tones or without, or a code.
        restricted: whether denunciations are shown; only to their named readers.
    """

    state: str | None = None
    kind: str | None = None
    unit: str | None = None
    assignee: str | None = None
    overdue_on: date | None = None
    words: str = ""
    restricted: bool = False

    @property
    def only_open(self) -> bool:
        """Whether nothing that is answered or closed can be meant."""
        return self.state in OPEN or self.overdue_on is not None


def find_ids(session: Session, wanted: Wanted, after: int, limit: int) -> list[int]:
    """The ids of the first complaints after an id that are wanted, smallest first."""
    code, words = find_receipt_code(wanted.words), plain(wanted.words).split()
    if code is None and words and session.get_bind().dialect.name == "postgresql":
        found = _with_words(wanted, words, after, limit)
    else:
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
    if not wanted.restricted:
        conditions.append(columns.restricted.is_(False))
    return conditions


def _with_words(wanted: Wanted, words: Iterable[str], after: int, limit: int) -> Any:
    """One stretch of ids after the other, until there are enough.

    Otherwise words that are in every second complaint would bring half a million rows to be sorted for the first
    page; and no statistics say that two frequent words hardly ever stand together. The OFFSET keeps the planner from
    choosing another way than the index.
    """
    last = select(func.coalesce(func.max(_ROWS.c.id), 0)).scalar_subquery()
    stretch = func.generate_series(after >> _STRETCH_BITS, cast(last.op(">>")(_STRETCH_BITS), Integer)).label("stretch")
    stretches = select(stretch).order_by(stretch).subquery()
    mark = literal_column("'#'", Text).concat(cast(stretches.c.stretch, Text))
    wished = func.array_append(bindparam("words", list(words), ARRAY(Text)), mark, type_=ARRAY(Text))
    inside = select(_ROWS).where(literal_column(f"({_SEARCHED})", ARRAY(Text)).op("@>")(wished))
    if wanted.only_open:
        inside = inside.where(IS_OPEN)
    row = inside.correlate(stretches).offset(0).subquery()
    hits = select(row.c.id).where(row.c.id > after, *_conditions(wanted, row.c)).order_by(row.c.id).limit(limit)
    hit = hits.correlate(stretches).lateral()
    return (
        select(hit.c.id).select_from(stretches.join(hit, true())).order_by(stretches.c.stretch, hit.c.id).limit(limit)
    )
