"""What waits for an officer, sorted by what to do next; lists and counts go by the same conditions."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from sqlalchemy import and_, func, select, true

from bot.complaints.lifecycle import ANSWERED, NEEDS_INFORMATION, RECEIVED
from bot.complaints.model import NOT_CLOSED, WAITING, Complaint
from bot.complaints.search import Wanted, conditions_of
from bot.complaints.visibility import Viewer
from bot.database import Database

NEW, MINE, UNIT, ASKED, TODAY, OVERDUE, SETTLING, REOPENED, NAMING, MENTIONED = (
    "new",
    "mine",
    "unit",
    "asked",
    "today",
    "overdue",
    "answered",
    "reopened",
    "naming",
    "mentioned",
)


def queues_of(viewer: Viewer, day: date) -> dict[str, Wanted]:
    """The queues of an officer, what to do first at the beginning.

    Args:
        day: today, in Viet Nam.
    """
    queues = {
        NAMING: Wanted(naming=WAITING, is_open=True),
        OVERDUE: Wanted(overdue_on=day, running=True),
        TODAY: Wanted(due_on=day, running=True),
        REOPENED: Wanted(reopened=True, is_open=True),
        MENTIONED: Wanted(mentioned=viewer.name),
        NEW: Wanted(state=RECEIVED),
        MINE: Wanted(assignee=viewer.name, is_open=True),
        UNIT: Wanted(unit=viewer.unit, is_open=True),
        ASKED: Wanted(state=NEEDS_INFORMATION),
        SETTLING: Wanted(state=ANSWERED),
    }
    if not viewer.unit:
        del queues[UNIT]
    if not viewer.screens:
        del queues[NAMING]
    return {name: replace(wanted, viewer=viewer) for name, wanted in queues.items()}


def count_queues(database: Database, viewer: Viewer, day: date) -> dict[str, int]:
    """How many complaints stand in each queue of an officer."""
    queues = queues_of(viewer, day)
    mentioned = queues.pop(MENTIONED)
    rows = Complaint.__table__
    # Only what tells the queues apart: what the viewer may see stands in the WHERE once.
    filters = [and_(true(), *conditions_of(replace(one, viewer=None), rows.c)) for one in queues.values()]
    counted = select(*(func.count().filter(each) for each in filters)).select_from(rows)
    with database.reading() as session:
        found = session.execute(counted.where(NOT_CLOSED, *conditions_of(Wanted(viewer=viewer), rows.c))).one()
        # Apart: officers may be called to what is closed, too, which the others need not look through.
        called = select(func.count()).select_from(rows).where(*conditions_of(mentioned, rows.c))
        counts = {**dict(zip(queues, found, strict=True)), MENTIONED: session.execute(called).scalar_one()}
    return {name: int(counts[name]) for name in queues_of(viewer, day)}
