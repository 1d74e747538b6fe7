"""What waits for an officer, sorted by what to do next; lists and counts go by the same conditions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import and_, func, or_, select, true

from bot.complaints.lifecycle import ANSWERED, NEEDS_INFORMATION, RECEIVED
from bot.complaints.model import IS_OPEN, WAITING, Complaint
from bot.complaints.search import Wanted, conditions_of
from bot.complaints.visibility import Viewer
from bot.database import Database

NEW, MINE, UNIT, ASKED, TODAY, OVERDUE, SETTLING, REOPENED, NAMING = (
    "new",
    "mine",
    "unit",
    "asked",
    "today",
    "overdue",
    "answered",
    "reopened",
    "naming",
)


def queues_of(viewer: Viewer, day: date) -> dict[str, Wanted]:
    """The queues of an officer, in the order they are shown.

    Args:
        day: today, in Viet Nam.
    """
    queues = {
        NEW: Wanted(state=RECEIVED),
        MINE: Wanted(assignee=viewer.name, is_open=True),
        UNIT: Wanted(unit=viewer.unit, is_open=True),
        ASKED: Wanted(state=NEEDS_INFORMATION),
        TODAY: Wanted(due_on=day, running=True),
        OVERDUE: Wanted(overdue_on=day, running=True),
        SETTLING: Wanted(state=ANSWERED),
        REOPENED: Wanted(reopened=True, is_open=True),
        NAMING: Wanted(naming=WAITING, is_open=True),
    }
    if not viewer.unit:
        del queues[UNIT]
    if not viewer.screens:
        del queues[NAMING]
    return {name: replace(wanted, viewer=viewer) for name, wanted in queues.items()}


def count_queues(database: Database, viewer: Viewer, day: date) -> dict[str, int]:
    """How many complaints stand in each queue of an officer."""
    queues = queues_of(viewer, day)
    rows = Complaint.__table__
    # Only what tells the queues apart: what the viewer may see stands in the WHERE once.
    filters = [and_(true(), *conditions_of(replace(one, viewer=None), rows.c)) for one in queues.values()]
    near = or_(IS_OPEN, rows.c.state == ANSWERED)
    counted = select(*(func.count().filter(each) for each in filters)).select_from(rows)
    with database.reading() as session:
        found = session.execute(counted.where(near, *conditions_of(Wanted(viewer=viewer), rows.c))).one()
    return dict(zip(queues, found, strict=True))
