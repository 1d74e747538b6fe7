"""A complaint's page as it is shown: gathered from the rooms, in the state it is in now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from starlette.responses import Response

from bot.accounts.officers import Accounts
from bot.accounts.permissions import ASSIGN, NAME, OPEN_CONTACT, WORK, may
from bot.accounts.sessions import Sessions
from bot.complaints import evidence, queries, remarks
from bot.complaints.answer_templates import Template, unfilled
from bot.complaints.labels import ABOUT, ACTORS, CHANNELS, DELIVERY, OPENED, QUESTIONS, REASONS
from bot.complaints.lifecycle import (
    ANSWER_REASONS,
    ANSWERED,
    END_REASONS,
    FORWARDED,
    NEEDS_INFORMATION,
    STAFF,
    STATE_LABELS,
    ways_on,
)
from bot.complaints.masking import mask_tokens
from bot.complaints.model import WAITING
from bot.complaints.notices import preview_answer, preview_question
from bot.complaints.reading import Look, Seen, is_overdue, see_complaint
from bot.complaints.rules import Rules
from bot.complaints.talk import Said
from bot.complaints.visibility import viewer_of
from bot.console.pages import Frame
from bot.console.showing import Render, Shown, show
from bot.console.visit import Visit
from bot.database import Database
from bot.delivery.model import channel_of

# Photos are looked at in the page; everything else is a download.
PHOTOS = ("image/jpeg", "image/png", "image/webp")
_TOLD = 120
_LABELS = {
    "questions": QUESTIONS,
    "states": STATE_LABELS,
    "ends": END_REASONS,
    "about": ABOUT,
    "delivery": DELIVERY,
    "channels": CHANNELS,
    "opened": OPENED,
    "actors": ACTORS,
    "reasons": REASONS,
}


@dataclass(frozen=True)
class Alike:
    """An open complaint that may be about the same."""

    code: str
    received: datetime
    state: str
    told: str


@dataclass(frozen=True)
class CasePage:
    """Shows the page.

    Attributes:
        templates: what answers and questions begin with.
        renderers: how each channel that is sent to cuts a message.
        today: tells the day in Viet Nam.
    """

    database: Database
    rules: Rules
    accounts: Accounts
    sessions: Sessions
    frame: Frame
    templates: Mapping[str, Template]
    renderers: Mapping[str, Render]
    today: Callable[[], date]

    def show(
        self,
        visit: Visit,
        *,
        contact: bool = False,
        error: str = "",
        failed: str = "",
        done: str = "",
        status: int = 200,
        warnings: Sequence[str] = (),
        preview: bool = False,
        look: bool = False,
        talk: Sequence[Said] | None = None,
    ) -> Response:
        """The page.

        Args:
            contact: personal values are readable; who and why is recorded.
            failed: the form whose fields keep what was typed.
            preview: whether that form's words are shown as the citizen will read them.
            look: whether somebody comes to look, and is not led back by a form.
            talk: the conversation around the complaint, when it was opened.

        Raises:
            ComplaintError: as `see_complaint`.
        """
        why = visit.form.get("why") if contact else ""
        seen = see_complaint(
            self.database, code_of(visit), Look(visit.person.name, contact, why=why, viewer=visit.viewer)
        )
        if look:
            remarks.see_mentions(self.database, seen.complaint.id, visit.person.name)
        roles, staff, row = visit.person.roles, self.accounts.all(), seen.complaint
        return self.frame.page(
            visit,
            "case.html",
            status=status,
            seen=seen,
            row=row,
            told=seen.told,
            kind=self.rules.kinds[row.kind].label if row.kind in self.rules.kinds else row.kind,
            channel=CHANNELS.get(channel_of(row.conversation), channel_of(row.conversation)),
            overdue=is_overdue(row, self.today()),
            files=evidence.list_files(self.database, row.code, viewer=visit.viewer),
            photos=PHOTOS,
            similar=self._similar(visit, seen),
            people=[one.name for one in staff if one.name not in seen.unaware and viewer_of(one).scope is not None],
            everybody=[one.name for one in staff] if may(roles, NAME) else [],
            units=sorted({one.unit for one in staff if one.unit}),
            ways=_ways(seen),
            may={
                "work": may(roles, WORK),
                "assign": may(roles, ASSIGN),
                "contact": may(roles, OPEN_CONTACT),
                "name": may(roles, NAME),
            },
            others=self.sessions.look_at(visit.session.token, row.code) if look else [],
            naming_waits=row.naming == WAITING,
            contact=contact,
            talk=talk,
            error=error,
            failed=failed,
            typed=visit.form,
            warnings=warnings,
            left=unfilled(visit.form.get("text")) if failed in ("answer", "ask") else (),
            beginnings={
                "answer": [one for one in self.templates.values() if one.fits(row.kind, ANSWERED)],
                "ask": [one for one in self.templates.values() if one.fits(row.kind, NEEDS_INFORMATION)],
            },
            preview=self._preview(visit, seen, failed) if preview else [],
            done=done,
            labels=_LABELS,
        )

    def _preview(self, visit: Visit, seen: Seen, form: str) -> list[Shown]:
        text, reason = visit.form.get("text"), visit.form.get("reason")
        if form == "ask":
            reply = preview_question(seen.complaint, text)
        else:
            reply = preview_answer(seen.complaint, text, reason if reason in ANSWER_REASONS else "")
        return show(self.renderers, channel_of(seen.complaint.conversation), reply)

    def _similar(self, visit: Visit, seen: Seen) -> list[Alike]:
        row = seen.complaint
        if row.naming or row.erased_at:
            return []
        found = queries.similar(self.database, row.kind, row.description or "", 4, viewer=visit.viewer)
        return [
            Alike(one.code, one.created_at, STATE_LABELS[one.state], _short(mask_tokens(one.description or "")))
            for one in found
            if one.id != row.id
        ][:3]


def code_of(visit: Visit) -> str:
    """The receipt code in the address."""
    return str(visit.request.path_params["code"])


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _TOLD else line[: _TOLD - 1] + "…"


def _ways(seen: Seen) -> dict[str, Any]:
    ways = ways_on(seen.complaint.state, STAFF)
    plain = [state for state in ways if state not in (ANSWERED, FORWARDED, NEEDS_INFORMATION)]
    return {
        "states": [(state, STATE_LABELS[state]) for state in plain],
        "ask": NEEDS_INFORMATION in ways,
        "forward": FORWARDED in ways,
        "answer": ANSWERED in ways,
        "reasons": [(reason, END_REASONS[reason]) for reason in ANSWER_REASONS],
    }
