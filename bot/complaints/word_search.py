"""Complaints by their words on PostgreSQL, in order of id, quick for rare and for very frequent words.

A condition on words beside `ORDER BY id LIMIT 50` is planned in one of two ways. Sorting every hit takes seconds for a
word of every second complaint, walking the table does for two words that never meet, and no statistics tell these
apart. So the index of words also holds in which stretches of ids a complaint stands, and is asked stretch by stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Text, and_, bindparam, func, literal_column, select, true
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from bot.complaints.model import IS_OPEN, Complaint

# As the migration spells it: words, stretches of ids, small and large, and what is often asked for beside words.
_FINE, _COARSE = 12, 15
_HELD = literal_column(
    f"(string_to_array(folded, ' ') || ARRAY['#' || CAST(id >> {_FINE} AS text), '##' || CAST(id >> {_COARSE} AS text),"
    " 'k:' || kind, 'u:' || unit, 'a:' || assignee])",
    ARRAY(Text),
)
_ROWS = Complaint.__table__
_ASKED = tuple(
    _ROWS.c[name] for name in ("id", "state", "kind", "unit", "assignee", "due_on", "created_at", "restricted")
)

Stretch = tuple[int, str, int]


@dataclass(frozen=True)
class WordSearch:
    """One search.

    Attributes:
        held: what the index must hold: plain words, and "k:", "u:", "a:" with a kind, unit, officer.
        conditions: all else that is asked, of columns that are given.
        near: how many stretches are read before it is looked whether there are few hits at all.
        few: as many hits as are sorted in no time.
    """

    session: Session
    held: list[str]
    only_open: bool
    conditions: Callable[[Any], list[Any]]
    near: int = 6
    few: int = 3000

    def find(self, after: int, limit: int) -> list[int]:
        """The first ids after an id, smallest first."""
        last = self.session.execute(select(func.max(_ROWS.c.id))).scalar_one() or 0
        stretches = list(_stretches(after, last))
        found = self._stretch_by_stretch(stretches[: self.near], limit)
        far = stretches[self.near :]
        if far and len(found) < limit:
            rest = self._when_few(far[0][2])
            found += self._stretch_by_stretch(far, limit) if rest is None else rest
        return found[:limit]

    def _stretch_by_stretch(self, stretches: list[Stretch], limit: int) -> list[int]:
        places, marks, floors = zip(*stretches, strict=True)
        given = func.unnest(_array(places, BigInteger), _array(marks, Text), _array(floors, BigInteger))
        columns = given.table_valued("place", "mark", "floor", name="given").render_derived().c
        stretch = select(columns.place, columns.mark, columns.floor).order_by(columns.place).subquery("stretch")
        # The OFFSET keeps the planner from another way than the index.
        row = self._holding(stretch.c.mark).correlate(stretch).offset(0).subquery("complaint")
        hits = select(row.c.id).where(row.c.id > stretch.c.floor, *self.conditions(row.c))
        hit = hits.order_by(row.c.id).limit(limit).correlate(stretch).lateral("hit")
        in_order = select(hit.c.id).select_from(stretch.join(hit, true())).order_by(stretch.c.place, hit.c.id)
        return list(self.session.execute(in_order.limit(limit)).scalars())

    def _when_few(self, floor: int) -> list[int] | None:
        """Every id above `floor` when there are few hits at all, otherwise None."""
        # A mark that the planner can't see, for the same reason as above; every complaint holds its first word.
        again = select(bindparam(None, self.held[0], Text)).scalar_subquery()
        hit = self._holding(again).cte("hit").prefix_with("MATERIALIZED")
        fits = and_(hit.c.id > floor, *self.conditions(hit.c)).label("fits")
        rows = self.session.execute(select(hit.c.id, fits).limit(self.few)).all()
        return None if len(rows) == self.few else sorted(id_ for id_, fits in rows if fits)

    def _holding(self, mark: Any) -> Any:
        held = func.array_append(_array(self.held, Text), mark, type_=ARRAY(Text))
        return select(*_ASKED).where(_HELD.op("@>")(held), IS_OPEN if self.only_open else true())


def _stretches(after: int, last: int) -> Iterator[Stretch]:
    """Places, marks, and the id that what is found there must exceed: two small stretches after an id, then large."""
    first = after >> _FINE
    rest = (first + 2) << _FINE
    yield 0, f"#{first}", after
    yield 1, f"#{first + 1}", ((first + 1) << _FINE) - 1
    for place, number in enumerate(range(rest >> _COARSE, (last >> _COARSE) + 1), 2):
        yield place, f"##{number}", max(rest, number << _COARSE) - 1


def _array(values: Iterable[Any], kind: Any) -> Any:
    return bindparam(None, list(values), ARRAY(kind))
