"""Which complaints an officer may know of: one condition for lists, counts, searches, pages, exports and commands.

Whom a complaint names, and who heads their unit, never learn that it exists. Until a supervisor has confirmed who is
named, supervisors alone see it, and of these none whose unit or name it tells of.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import and_, false, func, or_, select
from sqlalchemy.orm import Session

from bot.accounts.model import Officer
from bot.accounts.officers import Person
from bot.accounts.permissions import NAME, READ, UNIT_HEAD, Scope, scope_of
from bot.complaints.model import WAITING, Complaint, ComplaintNamed
from bot.complaints.texts import plain

_ROWS = Complaint.__table__


@dataclass(frozen=True)
class Viewer:
    """Who looks.

    Attributes:
        name: as it stands in assignments and histories.
        unit: the officer's unit, empty for none.
        kinds: kinds of complaints they work on; empty is all.
        scope: how far they may look, None: not at all.
        head: whether they head their unit.
        screens: whether they confirm who is named.
        restricted: whether they asked for denunciations, as one of their named readers.
    """

    name: str
    unit: str = ""
    kinds: frozenset[str] = frozenset()
    scope: Scope | None = None
    head: bool = False
    screens: bool = False
    restricted: bool = False


def viewer_of(person: Person) -> Viewer:
    """An officer as one who looks; a disabled one sees nothing."""
    return Viewer(
        name=person.name,
        unit=person.unit,
        kinds=person.kinds,
        scope=None if person.disabled else scope_of(person.roles, READ),
        head=UNIT_HEAD in person.roles,
        screens=scope_of(person.roles, NAME) is not None,
    )


def conditions(viewer: Viewer | None, columns: Any = _ROWS.c) -> list[Any]:
    """What has to hold for a complaint's row; nothing for None, which is the program itself.

    Args:
        columns: the row's id, kind, unit, assignee, restricted.
    """
    if viewer is None:
        return []
    if viewer.scope is None:
        return [false()]
    about = _not_about(viewer, columns.id)
    public = [columns.restricted.is_(False), *_within(viewer, columns), *about, _screened(viewer, columns.id)]
    if not viewer.restricted:
        return public
    # Readers are named one by one, whatever their unit; among them they say who is named.
    reader = replace(viewer, screens=True)
    return [or_(and_(*public), and_(columns.restricted.is_(True), *about, _screened(reader, columns.id)))]


def codes_seen(session: Session, codes: Collection[str], viewer: Viewer | None) -> set[str]:
    """Which of these codes an officer may know of."""
    known = select(_ROWS.c.code).where(_ROWS.c.code.in_(sorted(codes)), *conditions(viewer))
    return set(session.execute(known).scalars())


def named_in(session: Session, complaint_id: int) -> tuple[str, ...]:
    """The officers whom a complaint names."""
    found = select(ComplaintNamed.officer).where(ComplaintNamed.complaint_id == complaint_id)
    return tuple(session.execute(found.order_by(ComplaintNamed.id)).scalars())


def unaware_of(session: Session, complaint_id: int) -> frozenset[str]:
    """The officers who must not learn of a complaint: whom it names, and who heads their unit, then or now."""
    named = select(ComplaintNamed.officer, ComplaintNamed.unit).where(ComplaintNamed.complaint_id == complaint_id)
    rows = session.execute(named).all()
    names = {name for name, _ in rows}
    if not names:
        return frozenset()
    officers = session.execute(select(Officer.name, Officer.unit, Officer.roles)).all()
    units = {unit for _, unit in rows} | {unit for name, unit, _ in officers if name in names}
    heads = {name for name, unit, roles in officers if unit and unit in units and UNIT_HEAD in roles.split()}
    return frozenset(names | heads)


def _within(viewer: Viewer, columns: Any) -> list[Any]:
    if viewer.scope is Scope.ALL:
        return []
    nobodys = and_(columns.unit.is_(None), columns.assignee.is_(None))
    reach = or_(columns.unit == viewer.unit, nobodys) if viewer.unit else nobodys
    if viewer.kinds:
        reach = and_(reach, columns.kind.in_(sorted(viewer.kinds)))
    return [or_(columns.assignee == viewer.name, reach)]


def _not_about(viewer: Viewer, complaint_id: Any) -> list[Any]:
    about = [ComplaintNamed.officer == viewer.name]
    if viewer.head and viewer.unit:
        # Also those who came to the unit, or left it, after they were named.
        staff = select(Officer.name).where(Officer.unit == viewer.unit)
        about += [ComplaintNamed.unit == viewer.unit, ComplaintNamed.officer.in_(staff)]
    # One by one, so that each is looked up in its index; with OR between them the whole table is read.
    return [complaint_id.not_in(select(ComplaintNamed.complaint_id).where(one)) for one in about]


def _screened(viewer: Viewer, complaint_id: Any) -> Any:
    row = _ROWS.alias("unconfirmed")
    unconfirmed = select(row.c.id).where(row.c.naming == WAITING)
    if viewer.screens:
        told = func.coalesce(" " + row.c.folded + " ", "")
        near = [row.c.assignee == viewer.name]
        near += [told.contains(f" {words} ", autoescape=True) for words in (plain(viewer.name),) if words]
        if viewer.unit:
            near += [row.c.unit == viewer.unit]
            near += [told.contains(f" {words} ", autoescape=True) for words in (plain(viewer.unit),) if words]
        unconfirmed = unconfirmed.where(or_(*near))
    return complaint_id.not_in(unconfirmed)
