"""Who is named in a complaint: confirmed by a supervisor before anybody else learns of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import and_, delete, func, not_, or_, select

from bot.accounts import audit
from bot.accounts.model import Officer
from bot.accounts.officers import Person
from bot.complaints.casework import lock, record
from bot.complaints.errors import ForbiddenMoveError
from bot.complaints.model import CONFIRMED, WAITING, Complaint, ComplaintNamed
from bot.complaints.visibility import Viewer, conditions, unaware_of, viewer_of
from bot.database import Database

NAMED = "named"
_SUPERVISOR = "Who is named is confirmed by a supervisor, in a denunciation by its readers."


def confirm(
    database: Database, code: str, officers: Sequence[str], viewer: Viewer, *, version: int | None = None
) -> None:
    """Say which officers a complaint is about, or that it is about none of them; what was said before is replaced.

    Args:
        officers: names of accounts.

    Raises:
        UnknownComplaintError: there is no such complaint that this supervisor may see.
        ForbiddenMoveError: this is no supervisor (of a denunciation: no reader), or there is no such officer.
        ChangedMeanwhileError: it is no longer the version that was seen.
    """
    if not (viewer.screens or viewer.restricted):
        raise ForbiddenMoveError(_SUPERVISOR)
    names = list(dict.fromkeys(officers))
    with database.transaction() as session:
        complaint = lock(session, code, version, viewer)
        if not (viewer.screens or complaint.restricted):
            raise ForbiddenMoveError(_SUPERVISOR)
        known = {row.name: row for row in session.execute(select(Officer).where(Officer.name.in_(names))).scalars()}
        for name in names:
            if name not in known:
                raise ForbiddenMoveError(f"There is no officer '{name}'.")
        session.execute(delete(ComplaintNamed).where(ComplaintNamed.complaint_id == complaint.id))
        for name in names:
            unit, of = known[name].unit, complaint.id
            session.add(ComplaintNamed(complaint_id=of, officer=name, unit=unit, confirmed_by=viewer.name))
        session.flush()
        complaint.naming = CONFIRMED
        if complaint.assignee in unaware_of(session, complaint.id):
            complaint.assignee = None
        record(complaint, complaint.state, viewer.name, "", NAMED)
        audit.record(session, viewer.name, "complaint.name", complaint.code, f"{len(names)} named")


def count_unseen(database: Database, people: Iterable[Person]) -> int:
    """How many complaints wait for a supervisor and are hidden from every one there is; denunciations have readers."""
    viewers = [viewer_of(person) for person in people]
    seen = [and_(*conditions(viewer)) for viewer in viewers if viewer.screens and viewer.scope is not None]
    hidden = [Complaint.restricted.is_(False), *([not_(or_(*seen))] if seen else [])]
    wanted = select(func.count()).select_from(Complaint).where(Complaint.naming == WAITING, *hidden)
    with database.reading() as session:
        return int(session.execute(wanted).scalar_one())
