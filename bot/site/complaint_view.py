"""What the status page of a piece of feedback shows: display strings, nothing personal, nobody's words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

import segno

from bot.complaints.answer_files import Given
from bot.complaints.guidance import ANSWERED, CLOSED, LATE, OPEN, Guidance, Step
from bot.complaints.kinds import Kind
from bot.complaints.lifecycle import ANSWERED as STATE_ANSWERED
from bot.complaints.lifecycle import CLOSED as STATE_CLOSED
from bot.complaints.lifecycle import END_REASONS, STATE_LABELS, WITHDRAWN
from bot.complaints.queries import Status
from bot.complaints.workdays import day_in_viet_nam


@dataclass(frozen=True)
class Passed:
    """A step that was taken.

    Attributes:
        files: what came with it and this visitor may open, (name, address).
        closed: how many others came with it.
    """

    when: str
    what: str
    files: tuple[tuple[str, str], ...] = ()
    closed: int = 0


@dataclass(frozen=True)
class Opened:
    """What of the answers' files a visitor sees.

    Attributes:
        counts: moment of a step → how many came with it.
        files: those that may be opened, with their addresses.
    """

    counts: Mapping[datetime, int] = field(default_factory=dict)
    files: tuple[tuple[Given, str], ...] = ()

    def passed(self, at: datetime, label: str) -> Passed:
        """A step with its files."""
        own = tuple((file.name, address) for file, address in self.files if file.given_at == at)
        return Passed(_moment(at), label, own, self.counts.get(at, 0) - len(own))


@dataclass(frozen=True)
class ComplaintView:
    """One status page.

    Attributes:
        due_on: by when the centre answers; empty where it has set no date, or nothing is awaited any more.
        awaited: whether an answer of the centre is still to come.
        late: whether the date has passed without an answer.
        paused: whether the clock stands still because the citizen was asked something.
        steps: what the citizen may do next.
        link: the receipt's link of the chain, empty when it was filed before there was one.
        qr: the page's own address as an SVG data address.
    """

    code: str
    kind: str
    status: str
    meaning: str
    end: str
    erased: bool
    received_on: str
    due_on: str
    awaited: bool
    late: bool
    paused: bool
    history: tuple[Passed, ...]
    steps: tuple[Step, ...]
    note: str
    link: str
    qr: str


def view_of(
    status: Status, kinds: dict[str, Kind], guidance: Guidance, address: str, today: date, opened: Opened | None = None
) -> ComplaintView:
    """The page of a status.

    Args:
        address: where the page is found.
        today: the day in Viet Nam.
        opened: files of answers; None shows nothing of them.
    """
    opened = opened or Opened()
    awaited = status.state not in (STATE_ANSWERED, STATE_CLOSED)
    late = awaited and not status.paused and status.due_on is not None and status.due_on < today
    when = LATE if late else OPEN if awaited else ANSWERED if status.state == STATE_ANSWERED else CLOSED
    # Who took it back waits for nothing.
    done = status.end_reason == WITHDRAWN or status.erased
    steps = () if done else tuple(guidance.next_steps(when, status.kind, today, status.may_reopen))
    return ComplaintView(
        code=status.code,
        kind=kinds[status.kind].label if status.kind in kinds else "Phản ánh",
        status=STATE_LABELS[status.state],
        meaning=guidance.states.get(status.state, ""),
        end=END_REASONS.get(status.end_reason or "", ""),
        erased=status.erased,
        received_on=_day(day_in_viet_nam(status.filed_at)),
        due_on=_day(status.due_on) if status.due_on and awaited else "",
        awaited=awaited,
        late=late,
        paused=status.paused,
        history=tuple(opened.passed(at, label) for at, label in status.steps),
        steps=steps,
        note=guidance.note,
        link=status.link,
        qr=segno.make(address, error="m").svg_data_uri(scale=4, border=2, light="#fff"),
    )


def _day(day: date) -> str:
    return f"{day:%d/%m/%Y}"


def _moment(moment: datetime) -> str:
    return _day(day_in_viet_nam(moment))
