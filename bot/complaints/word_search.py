"""Complaints by their words on PostgreSQL, in order of id, quick for rare and for very frequent words.

A condition on words beside `ORDER BY id LIMIT 50` is planned in one of two ways. Sorting every hit takes seconds for a
word of every second complaint, walking the table does for two words that never meet, and no statistics tell these
apart. So the index of words also holds in which stretches of ids a complaint stands, and is asked stretch by stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
    _ROWS.c[name]
    for name in (
        *("id", "state", "kind", "unit", "assignee", "due_on", "created_at"),
        *("restricted", "waiting_since", "reopened", "naming"),
    )
)

# A mark, and the id that what is found there must exceed.
Stretch = tuple[str, int]


@dataclass(frozen=True)
class WordSearch:
    """One search.

    Attributes:
        held: what the index must hold: plain words, and "k:", "u:", "a:" with a kind, unit, officer.
        conditions: all else that is asked, of columns that are given.
        near: how many large stretches are read before it is looked whether there are few hits at all.
        few: as many hits as are sorted in no time.
    """

    session: Session
    held: list[str]
    only_open: bool
    conditions: Callable[[Any], list[Any]]
    near: int = 3
    few: int = 3000

    def find(self, after: int, limit: int) -> list[int]:
        """The first ids after an id, smallest first."""
        last = self.session.execute(select(func.max(_ROWS.c.id))).scalar_one() or 0
        near, far = _around(after, self.near)
        found = self._stretch_by_stretch(near, limit)
        if len(found) < limit and far <= last:
            hits, all_of_them = self._some(far - 1)
            if not all_of_them:
                # What is wanted is not beyond any so many hits.
                end = hits[limit - len(found) - 1] if len(hits) >= limit - len(found) else last
                hits = self._stretch_by_stretch(_up_to(far, end), limit)
            found += hits
        return found[:limit]

    def _stretch_by_stretch(self, stretches: list[Stretch], limit: int) -> list[int]:
        places, marks, floors = zip(*((n, *one) for n, one in enumerate(stretches)), strict=True)
        given = func.unnest(_array(places, BigInteger), _array(marks, Text), _array(floors, BigInteger))
        columns = given.table_valued("place", "mark", "floor", name="given").render_derived().c
        stretch = select(columns.place, columns.mark, columns.floor).order_by(columns.place).subquery("stretch")
        # The OFFSET keeps the planner from another way than the index.
        row = self._holding(stretch.c.mark).correlate(stretch).offset(0).subquery("complaint")
        hits = select(row.c.id).where(row.c.id > stretch.c.floor, *self.conditions(row.c))
        hit = hits.order_by(row.c.id).limit(limit).correlate(stretch).lateral("hit")
        in_order = select(hit.c.id).select_from(stretch.join(hit, true())).order_by(stretch.c.place, hit.c.id)
        return list(self.session.execute(in_order.limit(limit)).scalars())

    def _some(self, floor: int) -> tuple[list[int], bool]:
        """Ids above `floor` among as many hits as are sorted in no time, and whether these are all hits."""
        # A mark that the planner can't see, for the same reason as above; every complaint holds its first word.
        again = select(bindparam(None, self.held[0], Text)).scalar_subquery()
        hit = self._holding(again).cte("hit").prefix_with("MATERIALIZED")
        fits = and_(hit.c.id > floor, *self.conditions(hit.c)).label("fits")
        rows = self.session.execute(select(hit.c.id, fits).limit(self.few)).all()
        return sorted(id_ for id_, fits in rows if fits), len(rows) < self.few

    def _holding(self, mark: Any) -> Any:
        held = func.array_append(_array(self.held, Text), mark, type_=ARRAY(Text))
        return select(*_ASKED).where(_HELD.op("@>")(held), IS_OPEN if self.only_open else true())


def _around(after: int, large: int) -> tuple[list[Stretch], int]:
    """Two small stretches and some large ones after an id, and the first id beyond them."""
    first = after >> _FINE
    rest = (first + 2) << _FINE
    block = rest >> _COARSE
    stretches = [(f"#{first}", after), (f"#{first + 1}", ((first + 1) << _FINE) - 1)]
    stretches += [(f"##{block + n}", max(rest, (block + n) << _COARSE) - 1) for n in range(large)]
    return stretches, (block + large) << _COARSE


def _up_to(start: int, end: int) -> list[Stretch]:
    """Large stretches from the start of one of them on, and small ones where an id stands that need not be passed."""
    large = range(start >> _COARSE, end >> _COARSE)
    small = range((end >> _COARSE) << (_COARSE - _FINE), (end >> _FINE) + 1)
    return [
        *((f"##{number}", (number << _COARSE) - 1) for number in large),
        *((f"#{number}", (number << _FINE) - 1) for number in small),
    ]


def _array(values: Iterable[Any], kind: Any) -> Any:
    return bindparam(None, list(values), ARRAY(kind))
