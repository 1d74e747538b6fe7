"""Queues and searches: what there is to do, a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from urllib.parse import urlencode

from starlette.responses import Response

from bot.accounts.filters import list_filters
from bot.accounts.officers import Accounts
from bot.accounts.permissions import ASSIGN, READ, may
from bot.accounts.sessions import DONE
from bot.complaints import queries
from bot.complaints.labels import ERASED, MARKS
from bot.complaints.lifecycle import STATE_LABELS, STATES
from bot.complaints.masking import mask_tokens
from bot.complaints.model import Complaint
from bot.complaints.queues import ASKED as ASKED_QUEUE
from bot.complaints.queues import SETTLING, count_queues, queues_of
from bot.complaints.reading import is_overdue
from bot.complaints.rules import Rules
from bot.complaints.search import Wanted
from bot.complaints.visibility import viewer_of
from bot.complaints.workdays import VIET_NAM
from bot.console.doors import Door, allowed, at
from bot.console.forms import whole
from bot.console.pages import Frame
from bot.console.sentences import QUEUES
from bot.console.visit import HOME, Visit
from bot.database import Database

PAGE = 50
_TOLD = 160
# Nothing is to be done there before the citizen has answered.
WAITING_FOR_OTHERS = (ASKED_QUEUE, SETTLING)
LIST = f"{HOME}/phan-anh"
# What a list can be narrowed by, as it stands in its address.
ASKED = ("hang", "q", "loai", "buoc", "don-vi", "nguoi", "tu", "den")


@dataclass(frozen=True)
class Line:
    """One complaint in a list."""

    code: str
    received: datetime
    kind: str
    state: str
    mark: str
    due_on: date | None
    late: bool
    paused: bool
    whose: str
    told: str
    version: int


@dataclass(frozen=True)
class ListPages:
    """Handlers of the pages.

    Attributes:
        today: tells the day in Viet Nam.
    """

    database: Database
    rules: Rules
    accounts: Accounts
    frame: Frame
    today: Callable[[], date]

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        return [Door("", self.home, at(DONE)), Door("/phan-anh", self.show, allowed(READ))]

    def home(self, visit: Visit) -> Response:
        """GET: the queues with their counts."""
        if not may(visit.person.roles, READ):
            return self.frame.page(visit, "home.html", queues=[], first=None, filters=[])
        counts = count_queues(self.database, visit.viewer, self.today())
        queues = [(name, QUEUES[name], f"{LIST}?hang={name}", count) for name, count in counts.items()]
        first = next((queue for queue in queues if queue[3] and queue[0] not in WAITING_FOR_OTHERS), None)
        filters = [(one.id, one.name, f"{LIST}?{one.query}") for one in list_filters(self.database, visit.person.id)]
        return self.frame.page(visit, "home.html", queues=queues, first=first, filters=filters)

    def show(self, visit: Visit) -> Response:
        """GET: a queue, or what was searched for."""
        queues = queues_of(visit.viewer, self.today())
        queue = visit.asked("hang") if visit.asked("hang") in queues else ""
        wanted = self._narrowed(queues.get(queue, Wanted(viewer=visit.viewer)), visit)
        after = whole(visit.asked("sau")) or 0
        rows = queries.list_complaints(self.database, wanted, after, PAGE + 1)
        asked = {name: visit.asked(name) for name in ASKED}
        more = {**asked, "sau": str(rows[PAGE - 1].id)} if len(rows) > PAGE else None
        return self.frame.page(
            visit,
            "list.html",
            title=QUEUES.get(queue, "Tìm phản ánh"),
            queue=queue,
            queues=[(name, QUEUES[name]) for name in queues],
            lines=[self._line(row) for row in rows[:PAGE]],
            asked=asked,
            query=query_of(asked),
            first=after == 0,
            more=f"{LIST}?{query_of(more)}" if more else "",
            start=f"{LIST}?{query_of(asked)}",
            kinds=[(key, kind.label) for key, kind in self.rules.kinds.items()],
            states=STATE_LABELS,
            may_assign=may(visit.person.roles, ASSIGN),
            people=[one.name for one in self.accounts.all() if viewer_of(one).scope is not None],
        )

    def _narrowed(self, wanted: Wanted, visit: Visit) -> Wanted:
        asked = visit.asked
        first, last = _day(asked("tu")), _day(asked("den"))
        return replace(
            wanted,
            words=asked("q"),
            kind=asked("loai") if asked("loai") in self.rules.kinds else None,
            state=asked("buoc") if asked("buoc") in STATES and wanted.state is None else wanted.state,
            unit=asked("don-vi") or wanted.unit,
            assignee=asked("nguoi") or wanted.assignee,
            since=_midnight(first) if first else None,
            before=_midnight(last + timedelta(days=1)) if last else None,
        )

    def _line(self, row: Complaint) -> Line:
        told = ERASED if row.erased_at else " ".join(mask_tokens(row.description or "").split())
        return Line(
            code=row.code,
            received=row.created_at,
            kind=self.rules.kinds[row.kind].label if row.kind in self.rules.kinds else row.kind,
            state=STATE_LABELS[row.state],
            mark=MARKS.get(row.route, ""),
            due_on=row.due_on,
            late=is_overdue(row, self.today()),
            paused=row.waiting_since is not None,
            whose=" / ".join(part for part in (row.unit, row.assignee) if part),
            told=told if len(told) <= _TOLD else told[: _TOLD - 1] + "…",
            version=row.version,
        )


def query_of(asked: dict[str, str]) -> str:
    """What was asked as it stands behind the question mark of an address."""
    return urlencode({name: value for name, value in asked.items() if value})


def _day(typed: str) -> date | None:
    try:
        day = date.fromisoformat(typed)
    except ValueError:
        return None
    # Midnight of the first and the last days there are is in no calendar of UTC.
    return day if 1900 < day.year < 9000 else None


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), VIET_NAM)
