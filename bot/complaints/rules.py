"""What the centre decides about feedback, read from `knowledge/`: kinds, days until an answer, working days."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import yaml

from bot.complaints.errors import ComplaintError
from bot.complaints.kinds import Kind, load_kinds
from bot.complaints.workdays import Calendar, day_in_viet_nam, load_calendar


@dataclass(frozen=True)
class Rules:
    """The rules of one centre.

    Attributes:
        days: province → kind → working days until an answer; what is not given has no date.
        province: the centre's own; empty where one bot serves several, then the citizen's counts.
    """

    kinds: dict[str, Kind]
    calendar: Calendar
    days: dict[str, dict[str, int]]
    province: str = ""

    def due_on(self, kind: str, province: str | None, start: datetime) -> date | None:
        """By when the citizen is to be answered, None where the centre has set no time."""
        days = self.days.get(self.province or province or "", {}).get(kind)
        return self.calendar.add(day_in_viet_nam(start), days) if days else None

    def after_waiting(self, due_on: date | None, since: datetime, until: datetime) -> date | None:
        """The date moved on by the working days that the clock stood still."""
        if due_on is None:
            return None
        return self.calendar.add(due_on, self.calendar.between(day_in_viet_nam(since), day_in_viet_nam(until)))


def load_rules(folder: Path, province: str = "") -> Rules:
    """The rules of `knowledge/`, for the centre of a province or of the demo.

    Raises:
        ComplaintError: there are none for this province.
    """
    days = yaml.safe_load((folder / "complaint_deadlines.yml").read_text(encoding="utf-8"))["working_days"]
    if province and province not in days:
        raise ComplaintError(f"MOTCUA_PROVINCE is '{province}', which complaint_deadlines.yml does not know.")
    return Rules(load_kinds(folder), load_calendar(folder), days, province)
