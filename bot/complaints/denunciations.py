"""Denunciations, for the readers who are named for them: what waits, and why somebody opened one a short while ago."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import and_, func, not_, or_, select

from bot.accounts.officers import Person
from bot.complaints import casework
from bot.complaints.errors import ForbiddenMoveError, UnknownComplaintError
from bot.complaints.lifecycle import CLOSED
from bot.complaints.model import WAITING, Complaint, ComplaintOpening
from bot.complaints.reading import RESTRICTED
from bot.complaints.visibility import Viewer, conditions, viewer_of
from bot.database import Database
from bot.text.codes import find_receipt_code


def list_denunciations(database: Database, viewer: Viewer, after: int, limit: int) -> list[Complaint]:
    """Denunciations that this reader may know of, oldest first; nobody has opened one by seeing its code and its days.

    Args:
        after: the id of the last one of the page before.
    """
    found = select(Complaint).where(Complaint.restricted.is_(True), Complaint.id > after, *conditions(viewer))
    with database.reading() as session:
        return list(session.execute(found.order_by(Complaint.id).limit(limit)).scalars())


def count_unread(database: Database, people: Iterable[Person], names: Collection[str]) -> int:
    """How many denunciations that have not ended no reader may know of: there is none, or it tells of each.

    Args:
        names: of those who may read denunciations.
    """
    viewers = [replace(viewer_of(person), restricted=True) for person in people if person.name in names]
    seen = [and_(*conditions(viewer)) for viewer in viewers if viewer.scope is not None]
    hidden = [not_(or_(*seen))] if seen else []
    open_ones = (Complaint.restricted.is_(True), Complaint.state != CLOSED, Complaint.erased_at.is_(None))
    counted = select(func.count()).select_from(Complaint).where(*open_ones, *hidden)
    with database.reading() as session:
        return int(session.execute(counted).scalar_one())


def last_reason(database: Database, code: str, viewer: Viewer, since: datetime) -> str:
    """Why this reader opened a denunciation last; empty when they have not since this moment.

    Raises:
        UnknownComplaintError: there is no such denunciation that this reader may know of.
    """
    spelled = find_receipt_code(code)
    known = select(Complaint.id).where(Complaint.code == spelled, Complaint.restricted.is_(True), *conditions(viewer))
    with database.reading() as session:
        found = session.execute(known).scalar_one_or_none()
        if found is None:
            raise UnknownComplaintError(f"There is no denunciation {code}.")
        mine = (ComplaintOpening.complaint_id == found, ComplaintOpening.opened_by == viewer.name)
        opened = (*mine, ComplaintOpening.what == RESTRICTED, ComplaintOpening.opened_at > since)
        last = select(func.max(ComplaintOpening.id)).where(*opened).scalar_subquery()
        why = session.execute(select(ComplaintOpening.why).where(ComplaintOpening.id == last)).scalar_one_or_none()
        return why or ""


def assign(
    database: Database, code: str, assignee: str, readers: Collection[str], viewer: Viewer, version: int | None = None
) -> None:
    """Give a denunciation to one of its readers, once it is said who is named: it may be one of them.

    Raises:
        ForbiddenMoveError: this is no reader, or nobody has said yet who is named.
        ComplaintError: as `casework.assign`.
    """
    waiting = select(Complaint.id).where(Complaint.code == find_receipt_code(code), Complaint.naming == WAITING)
    with database.reading() as session:
        unconfirmed = session.execute(waiting).first() is not None
    if unconfirmed or assignee not in readers:
        raise ForbiddenMoveError("A denunciation goes to one of its readers, after it is said who is named.")
    casework.assign(database, code, viewer.name, assignee, version=version, viewer=viewer)
