"""Which complaints staff look for, by state, kind, unit, officer, date and words, in order of id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Text, bindparam, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from bot.complaints.lifecycle import OPEN
from bot.complaints.model import IS_OPEN, Complaint
from bot.complaints.texts import plain
from bot.text.codes import find_receipt_code

# What the index of words holds of a complaint, as the migration spells it: its words, the stretches of ids that it
# stands in, small and large, and what it is often asked for by.
_FINE, _COARSE = 12, 15
_SEARCHED = (
    f"string_to_array(folded, ' ') || ARRAY['#' || CAST(id >> {_FINE} AS text), '##' || CAST(id >> {_COARSE} AS text),"
    " 'k:' || kind, 'u:' || unit, 'a:' || assignee]"
)
_ROWS = Complaint.__table__
_ASKED = ("id", "state", "kind", "unit", "assignee", "due_on", "created_at", "restricted")


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
        found = _with_words(session, wanted, words, after, limit)
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
    if wanted.since:
        conditions.append(columns.created_at >= wanted.since)
    if wanted.before:
        conditions.append(columns.created_at < wanted.before)
    if not wanted.restricted:
        conditions.append(columns.restricted.is_(False))
    return conditions


def _with_words(session: Session, wanted: Wanted, words: list[str], after: int, limit: int) -> Any:
    """One stretch of ids after the other, until there are enough.

    Otherwise frequent words would bring half a million rows to be sorted for the first page, and no statistics say
    that two of them hardly ever stand together. The OFFSET keeps the planner from another way than the index.
    """
    last = session.execute(select(func.max(_ROWS.c.id))).scalar_one() or 0
    places, marks, floors = zip(*((n, *one) for n, one in enumerate(_stretches(after, last))), strict=True)
    given = func.unnest(_array(places, BigInteger), _array(marks, Text), _array(floors, BigInteger))
    columns = given.table_valued("place", "mark", "floor", name="given").render_derived().c
    stretch = select(columns.place, columns.mark, columns.floor).order_by(columns.place).subquery("stretch")
    facets = {"k": wanted.kind, "u": wanted.unit, "a": wanted.assignee}
    asked = _array([*words, *(f"{letter}:{value}" for letter, value in facets.items() if value)], Text)
    held = literal_column(f"({_SEARCHED})", ARRAY(Text))
    inside = select(*(_ROWS.c[name] for name in _ASKED)).where(held.op("@>")(func.array_append(asked, stretch.c.mark)))
    if wanted.only_open:
        inside = inside.where(IS_OPEN)
    row = inside.correlate(stretch).offset(0).subquery("complaint")
    conditions = [row.c.id > stretch.c.floor, *_conditions(wanted, row.c)]
    hit = select(row.c.id).where(*conditions).order_by(row.c.id).limit(limit).correlate(stretch).lateral("hit")
    return select(hit.c.id).select_from(stretch.join(hit, true())).order_by(stretch.c.place, hit.c.id).limit(limit)


def _stretches(after: int, last: int) -> Iterator[tuple[str, int]]:
    """Marks of the stretches after an id, and the id that what is found there must exceed: two small, then large."""
    first = after >> _FINE
    second, rest = (first + 1) << _FINE, (first + 2) << _FINE
    yield f"#{first}", after
    yield f"#{first + 1}", second - 1
    for number in range(rest >> _COARSE, (last >> _COARSE) + 1):
        yield f"##{number}", rest - 1


def _array(values: Iterable[Any], kind: Any) -> Any:
    return bindparam(None, list(values), ARRAY(kind))
