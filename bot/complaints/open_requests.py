"""Feedback for other systems: kind, state and days. Nothing personal, none of anybody's words, no denunciation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import select
from sqlalchemy.sql import Select

from bot.complaints.lifecycle import END_REASONS, OPEN, STATE_LABELS, STATES
from bot.complaints.model import Complaint
from bot.complaints.rules import Rules
from bot.complaints.workdays import VIET_NAM
from bot.database import Database
from bot.text.codes import find_receipt_code

_END_OF_DAY = time(23, 59, 59)


@dataclass(frozen=True)
class Service:
    """A kind of feedback."""

    code: str
    name: str
    keywords: tuple[str, ...]
    group: str


@dataclass(frozen=True)
class ServiceRequest:
    """A piece of feedback, as far as it may be known to anybody.

    Attributes:
        is_open: whether it waits for the centre or the citizen.
        state: the label of the state it is in, with how it ended.
        expected_at: the end of the day by which an answer is promised; None where none is, or while the clock stands.
    """

    code: str
    service: Service
    is_open: bool
    state: str
    requested_at: datetime
    updated_at: datetime
    expected_at: datetime | None


@dataclass(frozen=True)
class OpenRequests:
    """Reads feedback for other systems."""

    database: Database
    rules: Rules

    def services(self) -> list[Service]:
        """The kinds, in the order citizens are shown them."""
        return [self._service(kind) for kind in self.rules.kinds]

    def find(self, codes: Sequence[str]) -> list[ServiceRequest]:
        """Those of these codes that there are, in the order they were filed."""
        spelled = {code for one in codes if (code := find_receipt_code(one))}
        return self._read(_public().where(Complaint.code.in_(spelled))) if spelled else []

    def between(
        self,
        first: datetime,
        last: datetime,
        kinds: Sequence[str] = (),
        is_open: bool | None = None,
        limit: int = 1000,
        offset: int = 0,
    ) -> list[ServiceRequest]:
        """Those filed from `first` to `last`, both included, in the order they were filed."""
        found = _public().where(Complaint.created_at >= first, Complaint.created_at <= last)
        if kinds:
            found = found.where(Complaint.kind.in_(kinds))
        if is_open is not None:
            found = found.where(Complaint.state.in_([state for state in STATES if (state in OPEN) == is_open]))
        return self._read(found.limit(limit).offset(offset))

    def _read(self, found: Select) -> list[ServiceRequest]:
        with self.database.reading() as session:
            return [self._request(row) for row in session.execute(found).scalars()]

    def _request(self, row: Complaint) -> ServiceRequest:
        moved = [move.moved_at for move in row.moves if move.to_state != move.from_state]
        state = STATE_LABELS[row.state]
        ended = END_REASONS.get(row.end_reason or "") if row.state not in OPEN else None
        due = datetime.combine(row.due_on, _END_OF_DAY, VIET_NAM) if row.due_on else None
        return ServiceRequest(
            row.code,
            self._service(row.kind),
            row.state in OPEN,
            f"{state}: {ended}" if ended else state,
            row.created_at.astimezone(VIET_NAM),
            max([row.created_at, *moved]).astimezone(VIET_NAM),
            due if row.waiting_since is None else None,
        )

    def _service(self, key: str) -> Service:
        kind = self.rules.kinds.get(key)
        return Service(key, kind.label, kind.hints, kind.route) if kind else Service(key, key, (), "phan_anh")


def _public() -> Select:
    # Erased ones are nobody's business any more, not even that they were there.
    public = select(Complaint).where(Complaint.restricted.is_(False), Complaint.erased_at.is_(None))
    return public.order_by(Complaint.created_at, Complaint.id)
