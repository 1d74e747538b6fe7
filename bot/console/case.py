"""A complaint's page: what was told, what became of it, and what an officer does with it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm.exc import StaleDataError
from starlette.responses import Response

from bot.accounts.officers import Accounts
from bot.accounts.permissions import ASSIGN, NAME, OPEN_CONTACT, READ, WORK, may
from bot.accounts.sessions import Sessions
from bot.complaints import casework, evidence, naming, queries, remarks
from bot.complaints.answer_checks import find_warnings
from bot.complaints.errors import (
    ChangedMeanwhileError,
    ComplaintError,
    ForbiddenMoveError,
    UnknownComplaintError,
    UnknownFileError,
)
from bot.complaints.labels import ABOUT, ACTORS, DELIVERY, OPENED, QUESTIONS, REASONS
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
from bot.complaints.model import WAITING
from bot.complaints.notices import preview_answer
from bot.complaints.reading import Look, Seen, is_overdue, see_complaint
from bot.complaints.rules import Rules
from bot.complaints.visibility import viewer_of
from bot.console.doors import Door, allowed
from bot.console.lists import LIST
from bot.console.pages import Frame
from bot.console.sentences import CHANGED, DONE, WARNINGS, sentence_of
from bot.console.visit import Visit, go_to
from bot.database import Database

_CASE = "/phan-anh/{code}"
_LONGEST_NAME = 100
# Shown as themselves when opened; everything else is a download of bytes.
_KNOWN_TYPES = ("image/jpeg", "image/png", "image/webp", "application/pdf")


@dataclass(frozen=True)
class CasePages:
    """Handlers of the page and of its forms.

    Attributes:
        folder: where photos and documents lie.
        today: tells the day in Viet Nam.
    """

    database: Database
    rules: Rules
    accounts: Accounts
    sessions: Sessions
    frame: Frame
    folder: Path
    today: Callable[[], date]

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        forms: tuple[tuple[str, Callable[[Visit, str], None], str], ...] = (
            ("move", self._move, WORK),
            ("ask", self._ask, WORK),
            ("forward", self._forward, WORK),
            ("merge", self._merge, WORK),
            ("remark", self._remark, WORK),
            ("assign", self._assign, ASSIGN),
            ("name", self._name, NAME),
        )
        return [
            Door(_CASE, self.show, allowed(READ)),
            Door(f"{_CASE}/answer", self.answer, allowed(WORK), "POST"),
            Door(f"{_CASE}/lien-he", self.open_contact, allowed(OPEN_CONTACT), "POST"),
            Door(f"{_CASE}/tep/{{file}}", self.open_file, allowed(OPEN_CONTACT), "POST"),
            *(Door(f"{_CASE}/{name}", self._form(name, act), allowed(needs), "POST") for name, act, needs in forms),
        ]

    def show(self, visit: Visit) -> Response:
        """GET: everything an officer sees without a reason."""
        return self._page(visit, done=DONE.get(visit.asked("xong"), ""), look=True)

    def open_contact(self, visit: Visit) -> Response:
        """POST: the same page with contact and personal values; who and why is recorded."""
        try:
            return self._page(visit, contact=True)
        except UnknownComplaintError:
            raise
        except ComplaintError as error:
            return self._page(visit, error=sentence_of(error), failed="contact", status=422)

    def open_file(self, visit: Visit) -> Response:
        """POST: a photo or document as a download; who and why is recorded."""
        number, why = visit.request.path_params["file"], visit.form.get("why")
        if not (number.isascii() and number.isdigit() and len(number) < 16):
            raise UnknownComplaintError("There is no such file.")
        by, viewer = visit.person.name, visit.viewer
        try:
            file = evidence.open_file(self.database, self.folder, _code(visit), int(number), by, why, viewer=viewer)
        except (UnknownComplaintError, UnknownFileError) as error:
            raise UnknownComplaintError("There is no such file.") from error
        except ComplaintError as error:
            return self._page(visit, error=sentence_of(error), failed="file", status=422)
        return Response(
            file.content,
            media_type=file.media_type if file.media_type in _KNOWN_TYPES else "application/octet-stream",
            headers={
                "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
                # Should a browser show it all the same, nothing in it runs.
                "Content-Security-Policy": "default-src 'none'; sandbox",
            },
        )

    def answer(self, visit: Visit) -> Response:
        """POST: the answer; before it is sent, how it reads, when that is asked for or something is to be looked at."""
        warnings = [WARNINGS[key] for key in find_warnings(visit.form.get("text"))]
        unconfirmed = bool(warnings) and visit.form.get("sure") != "yes"
        if visit.form.get("text") and (visit.form.get("preview") or unconfirmed):
            status = 200 if visit.form.get("preview") else 422
            return self._page(visit, failed="answer", warnings=warnings, preview=True, status=status)
        return self._form("answer", self._answer)(visit)

    def _form(self, name: str, act: Callable[[Visit, str], None]) -> Callable[[Visit], Response]:
        def handle(visit: Visit) -> Response:
            try:
                act(visit, _code(visit))
            except UnknownComplaintError:
                raise
            except (ChangedMeanwhileError, StaleDataError):
                return self._page(visit, error=CHANGED, failed=name, status=409)
            except ComplaintError as error:
                return self._page(visit, error=sentence_of(error), failed=name, status=422)
            return self._after(visit, name)

        return handle

    def _after(self, visit: Visit, name: str) -> Response:
        try:
            see_complaint(self.database, _code(visit), Look(visit.person.name, viewer=visit.viewer))
        except UnknownComplaintError:
            # Handed to another unit: it is theirs now.
            return go_to(f"{LIST}?hang=mine")
        return go_to(f"{LIST}/{_code(visit)}?xong={name}")

    def _move(self, visit: Visit, code: str) -> None:
        state, note = visit.form.get("state"), visit.form.get("note")
        if state not in STATE_LABELS:
            raise ForbiddenMoveError("There is no such state.")
        casework.move(self.database, self.rules, code, state, visit.person.name, note, **_seen(visit))

    def _ask(self, visit: Visit, code: str) -> None:
        text = visit.form.get("text")
        casework.move(self.database, self.rules, code, NEEDS_INFORMATION, visit.person.name, text, **_seen(visit))

    def _forward(self, visit: Visit, code: str) -> None:
        unit, note = visit.form.get("unit")[:_LONGEST_NAME], visit.form.get("note")
        casework.forward(self.database, self.rules, code, unit, visit.person.name, note, **_seen(visit))

    def _answer(self, visit: Visit, code: str) -> None:
        text, reason = visit.form.get("text"), visit.form.get("reason")
        casework.answer(self.database, self.rules, code, text, reason, visit.person.name, **_seen(visit))

    def _merge(self, visit: Visit, code: str) -> None:
        into, text = visit.form.get("into"), visit.form.get("text")
        try:
            casework.merge(self.database, self.rules, code, into, visit.person.name, text, **_seen(visit))
        except UnknownComplaintError as error:
            # The other one: this page is there.
            see_complaint(self.database, code, Look(visit.person.name, viewer=visit.viewer))
            raise ForbiddenMoveError("There is no such complaint to merge into.") from error

    def _remark(self, visit: Visit, code: str) -> None:
        remarks.add(self.database, code, visit.form.get("text"), visit.person.name, visit.viewer)

    def _assign(self, visit: Visit, code: str) -> None:
        assignee, unit = visit.form.get("assignee"), visit.form.get("unit")[:_LONGEST_NAME]
        if assignee and assignee not in {one.name for one in self.accounts.all() if not one.disabled}:
            raise ForbiddenMoveError("There is no such officer.")
        note = visit.form.get("note")
        casework.assign(self.database, code, visit.person.name, assignee or None, unit or None, note, **_seen(visit))

    def _name(self, visit: Visit, code: str) -> None:
        names = [name for name in visit.form.all("officer") if name]
        if not names and visit.form.get("nobody") != "yes":
            raise ForbiddenMoveError("Say who is named, or that nobody is.")
        naming.confirm(self.database, code, names, visit.viewer, version=visit.form.number("version"))

    def _page(
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
    ) -> Response:
        why = visit.form.get("why") if contact else ""
        seen = see_complaint(
            self.database, _code(visit), Look(visit.person.name, contact, why=why, viewer=visit.viewer)
        )
        others = self.sessions.look_at(visit.session.token, seen.complaint.code) if look else []
        roles, staff = visit.person.roles, self.accounts.all()
        return self.frame.page(
            visit,
            "case.html",
            status=status,
            seen=seen,
            row=seen.complaint,
            told=seen.told,
            kind=self._kind(seen),
            overdue=is_overdue(seen.complaint, self.today()),
            files=evidence.list_files(self.database, seen.complaint.code, viewer=visit.viewer),
            similar=self._similar(visit, seen),
            people=[one.name for one in staff if one.name not in seen.unaware and viewer_of(one).scope is not None],
            everybody=[one.name for one in staff] if may(roles, NAME) else [],
            units=sorted({one.unit for one in staff if one.unit}),
            ways=self._ways(seen),
            may={
                "work": may(roles, WORK),
                "assign": may(roles, ASSIGN),
                "contact": may(roles, OPEN_CONTACT),
                "name": may(roles, NAME),
            },
            others=others,
            naming_waits=seen.complaint.naming == WAITING,
            contact=contact,
            error=error,
            failed=failed,
            typed=visit.form,
            warnings=warnings,
            preview=self._preview(visit, seen) if preview else "",
            done=done,
            labels=_LABELS,
        )

    def _kind(self, seen: Seen) -> str:
        kind = str(seen.complaint.kind)
        return self.rules.kinds[kind].label if kind in self.rules.kinds else kind

    def _preview(self, visit: Visit, seen: Seen) -> str:
        reason = visit.form.get("reason")
        return preview_answer(seen.complaint, visit.form.get("text"), reason if reason in ANSWER_REASONS else "")

    def _similar(self, visit: Visit, seen: Seen) -> list[str]:
        row = seen.complaint
        if row.naming or row.erased_at:
            return []
        found = queries.similar(self.database, row.kind, row.description or "", 4, viewer=visit.viewer)
        return [one.code for one in found if one.id != row.id][:3]

    def _ways(self, seen: Seen) -> dict[str, object]:
        ways = ways_on(seen.complaint.state, STAFF)
        plain = [state for state in ways if state not in (ANSWERED, FORWARDED, NEEDS_INFORMATION)]
        return {
            "states": [(state, STATE_LABELS[state]) for state in plain],
            "ask": NEEDS_INFORMATION in ways,
            "forward": FORWARDED in ways,
            "answer": ANSWERED in ways,
            "reasons": [(reason, END_REASONS[reason]) for reason in ANSWER_REASONS],
        }


_LABELS = {
    "questions": QUESTIONS,
    "states": STATE_LABELS,
    "ends": END_REASONS,
    "about": ABOUT,
    "delivery": DELIVERY,
    "opened": OPENED,
    "actors": ACTORS,
    "reasons": REASONS,
}


def _code(visit: Visit) -> str:
    return str(visit.request.path_params["code"])


def _seen(visit: Visit) -> dict[str, Any]:
    """What the officer saw when they sent the form; a form without it is of no version at all."""
    version = visit.form.number("version")
    return {"version": -1 if version is None else version, "viewer": visit.viewer}
