"""A complaint's page as it is shown: gathered from the rooms, in the state it is in now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from bot.accounts.officers import Accounts
from bot.accounts.permissions import ASSIGN, NAME, OPEN_CONTACT, WORK, may
from bot.complaints import queries, remarks
from bot.complaints.lifecycle import STATE_LABELS
from bot.complaints.masking import mask_tokens
from bot.complaints.reading import Look, Seen, see_complaint
from bot.complaints.visibility import viewer_of
from bot.console.case_parts import LONGEST_UNIT, After, Workplace, code_of
from bot.console.visit import Visit

# Photos are looked at in the page; everything else is a download.
PHOTOS = ("image/jpeg", "image/png", "image/webp")
_TOLD = 120


@dataclass(frozen=True)
class Alike:
    """An open complaint that may be about the same."""

    code: str
    received: datetime
    state: str
    told: str


@dataclass(frozen=True)
class CasePage:
    """Shows the page."""

    work: Workplace

    def show(self, visit: Visit, after: After | None = None, *, look: bool = False) -> Response:
        """The page.

        Args:
            look: whether somebody comes to look, and is not led back by a form.

        Raises:
            ComplaintError: as `see_complaint`.
        """
        work, after = self.work, after or After()
        why = visit.form.get("why") if after.contact else ""
        seen = see_complaint(
            work.database, code_of(visit), Look(visit.person.name, after.contact, why=why, viewer=visit.viewer)
        )
        if look:
            remarks.see_mentions(work.database, seen.complaint.id, visit.person.name)
        roles, staff, row = visit.person.roles, work.accounts.all(), seen.complaint
        return work.frame.page(
            visit,
            "case.html",
            status=after.status,
            **work.parts(visit, visit.viewer, seen, after),
            photos=PHOTOS,
            similar=self._similar(visit, seen),
            people=[name for name in takers(work.accounts) if name not in seen.unaware],
            colleagues=remarks.may_be_called(work.database, row.id, [viewer_of(one) for one in staff]),
            everybody=[one.name for one in staff] if may(roles, NAME) else [],
            units=sorted({one.unit for one in staff if one.unit}),
            may={
                "work": may(roles, WORK),
                "assign": may(roles, ASSIGN),
                "contact": may(roles, OPEN_CONTACT),
                "name": may(roles, NAME),
            },
            others=work.sessions.look_at(visit.session.token, row.code) if look else [],
            unknown_unit=after.failed in ("forward", "assign") and not self.knows(unit_in(visit)),
        )

    def knows(self, unit: str) -> bool:
        """Whether somebody is of this unit; of none everybody is."""
        return not unit or self.work.accounts.has_unit(unit)

    def _similar(self, visit: Visit, seen: Seen) -> list[Alike]:
        row = seen.complaint
        if row.naming or row.erased_at:
            return []
        found = queries.similar(self.work.database, row.kind, row.description or "", 4, viewer=visit.viewer)
        return [
            Alike(one.code, one.created_at, STATE_LABELS[one.state], _short(mask_tokens(one.description or "")))
            for one in found
            if one.id != row.id
        ][:3]


def takers(accounts: Accounts) -> list[str]:
    """Whom a complaint can be given to: whoever reads any."""
    return [one.name for one in accounts.all() if viewer_of(one).scope is not None]


def unit_in(visit: Visit) -> str:
    """The unit that a form names."""
    return visit.form.get("unit")[:LONGEST_UNIT]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TOLD else line[: _TOLD - 1] + "…"
