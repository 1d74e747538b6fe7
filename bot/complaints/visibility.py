"""Which complaints an officer may know of: one condition for lists, counts, searches, pages, exports and commands.

Whom a complaint names, and who heads their unit, never learn that it exists. Until a supervisor has confirmed who is
named, supervisors alone see it, and of these none whose unit or name it tells of.
"""

from __future__ import annotations

from dataclasses import dataclass
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
    """

    name: str
    unit: str = ""
    kinds: frozenset[str] = frozenset()
    scope: Scope | None = None
    head: bool = False
    screens: bool = False


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
        columns: the row's id, kind, unit, assignee.
    """
    if viewer is None:
        return []
    if viewer.scope is None:
        return [false()]
    return [*_within(viewer, columns), *_not_about(viewer, columns.id), _screened(viewer, columns.id)]


def is_named(session: Session, complaint_id: int, name: str) -> bool:
    """Whether a complaint must stay unknown to an officer because it names them, or somebody of a unit they head."""
    officer = session.execute(select(Officer).where(Officer.name == name)).scalar_one_or_none()
    roles = officer.roles.split() if officer else []
    viewer = Viewer(name, (officer.unit or "") if officer else "", head=UNIT_HEAD in roles)
    unknown = select(_ROWS.c.id).where(_ROWS.c.id == complaint_id, *_not_about(viewer, _ROWS.c.id))
    return session.execute(unknown).first() is None


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
    return [complaint_id.not_in(select(ComplaintNamed.complaint_id).where(or_(*about)))]


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
