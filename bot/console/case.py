"""What an officer does with a complaint from its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm.exc import StaleDataError
from starlette.responses import Response

from bot.accounts.permissions import ASSIGN, NAME, READ, WORK
from bot.complaints import casework, naming, remarks
from bot.complaints.answer_checks import UNFILLED, find_warnings
from bot.complaints.answer_templates import fill, unfilled
from bot.complaints.errors import ChangedMeanwhileError, ComplaintError, ForbiddenMoveError, UnknownComplaintError
from bot.complaints.lifecycle import ANSWERED, NEEDS_INFORMATION, STATE_LABELS
from bot.complaints.reading import Look, see_complaint
from bot.console.case_page import CasePage, code_of
from bot.console.doors import Door, allowed
from bot.console.lists import LIST
from bot.console.sentences import CHANGED, DONE, WARNINGS, sentence_of
from bot.console.visit import Visit, go_to

_CASE = "/phan-anh/{code}"
_LONGEST_NAME = 100


@dataclass(frozen=True)
class CasePages:
    """Handlers of the page and of its forms."""

    page: CasePage

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        forms: tuple[tuple[str, Callable[[Visit, str], None], str], ...] = (
            ("move", self._move, WORK),
            ("forward", self._forward, WORK),
            ("merge", self._merge, WORK),
            ("remark", self._remark, WORK),
            ("assign", self._assign, ASSIGN),
            ("name", self._name, NAME),
        )
        return [
            Door(_CASE, self.show, allowed(READ)),
            # Asked for by the open page again and again, so it keeps no session alive.
            Door(f"{_CASE}/ai", self.show_others, allowed(READ), touches=False),
            Door(f"{_CASE}/answer", self.answer, allowed(WORK), "POST"),
            Door(f"{_CASE}/ask", self.ask, allowed(WORK), "POST"),
            Door(f"{_CASE}/answer/mau", self._begin("answer", ANSWERED), allowed(WORK), "POST"),
            Door(f"{_CASE}/ask/mau", self._begin("ask", NEEDS_INFORMATION), allowed(WORK), "POST"),
            *(Door(f"{_CASE}/{name}", self._form(name, act), allowed(needs), "POST") for name, act, needs in forms),
        ]

    def show(self, visit: Visit) -> Response:
        """GET: everything an officer sees without a reason."""
        return self.page.show(visit, done=DONE.get(visit.asked("xong"), ""), look=True)

    def show_others(self, visit: Visit) -> Response:
        """GET: who else has the complaint open, as a piece of the page."""
        seen = see_complaint(self.page.database, code_of(visit), Look(visit.person.name, viewer=visit.viewer))
        others = self.page.sessions.look_at(visit.session.token, seen.complaint.code)
        return self.page.frame.page(visit, "present.html", others=others)

    def answer(self, visit: Visit) -> Response:
        """POST: the answer; before it is sent, how it reads, when that is asked for or something is to be looked at."""
        visit = _filled(visit)
        noticed = find_warnings(visit.form.get("text"), self.page.templates.values())
        held = UNFILLED in noticed or (bool(noticed) and visit.form.get("sure") != "yes")
        if visit.form.get("text") and (visit.form.get("preview") or held):
            return self._look_again(visit, "answer", [WARNINGS[key] for key in noticed])
        return self._form("answer", self._answer)(visit)

    def ask(self, visit: Visit) -> Response:
        """POST: a question; before it is asked, how it reads, when that is asked for or a field is left in it."""
        visit = _filled(visit)
        left = [WARNINGS[UNFILLED]] if unfilled(visit.form.get("text")) else []
        if visit.form.get("text") and (visit.form.get("preview") or left):
            return self._look_again(visit, "ask", left)
        return self._form("ask", self._ask)(visit)

    def _look_again(self, visit: Visit, form: str, warnings: list[str]) -> Response:
        status = 200 if visit.form.get("preview") else 422
        return self.page.show(visit, failed=form, warnings=warnings, preview=True, status=status)

    def _begin(self, form: str, state: str) -> Callable[[Visit], Response]:
        def handle(visit: Visit) -> Response:
            template = self.page.templates.get(visit.form.get("template"))
            if template is None or template.state != state:
                return self.page.show(visit, failed=form)
            typed = visit.form.get("text")
            text = f"{typed}\n{template.text}" if typed and typed != template.text else template.text
            return self.page.show(visit.with_form(text=text, reason=template.reason), failed=form)

        return handle

    def _form(self, name: str, act: Callable[[Visit, str], None]) -> Callable[[Visit], Response]:
        def handle(visit: Visit) -> Response:
            try:
                act(visit, code_of(visit))
            except UnknownComplaintError:
                raise
            except (ChangedMeanwhileError, StaleDataError):
                return self.page.show(visit, error=CHANGED, failed=name, status=409)
            except ComplaintError as error:
                return self.page.show(visit, error=sentence_of(error), failed=name, status=422)
            return self._after(visit, name)

        return handle

    def _after(self, visit: Visit, name: str) -> Response:
        try:
            see_complaint(self.page.database, code_of(visit), Look(visit.person.name, viewer=visit.viewer))
        except UnknownComplaintError:
            # Handed to another unit: it is theirs now.
            return go_to(f"{LIST}?hang=mine")
        return go_to(f"{LIST}/{code_of(visit)}?xong={name}")

    def _move(self, visit: Visit, code: str) -> None:
        state, note = visit.form.get("state"), visit.form.get("note")
        if state not in STATE_LABELS:
            raise ForbiddenMoveError("There is no such state.")
        casework.move(self.page.database, self.page.rules, code, state, visit.person.name, note, **_seen(visit))

    def _ask(self, visit: Visit, code: str) -> None:
        text = visit.form.get("text")
        casework.move(
            self.page.database, self.page.rules, code, NEEDS_INFORMATION, visit.person.name, text, **_seen(visit)
        )

    def _forward(self, visit: Visit, code: str) -> None:
        unit, note = visit.form.get("unit")[:_LONGEST_NAME], visit.form.get("note")
        casework.forward(self.page.database, self.page.rules, code, unit, visit.person.name, note, **_seen(visit))

    def _answer(self, visit: Visit, code: str) -> None:
        text, reason = visit.form.get("text"), visit.form.get("reason")
        casework.answer(self.page.database, self.page.rules, code, text, reason, visit.person.name, **_seen(visit))

    def _merge(self, visit: Visit, code: str) -> None:
        into, text = visit.form.get("into"), visit.form.get("text")
        try:
            casework.merge(self.page.database, self.page.rules, code, into, visit.person.name, text, **_seen(visit))
        except UnknownComplaintError as error:
            # The other one: this page is there.
            see_complaint(self.page.database, code, Look(visit.person.name, viewer=visit.viewer))
            raise ForbiddenMoveError("There is no such complaint to merge into.") from error

    def _remark(self, visit: Visit, code: str) -> None:
        called = [name for name in visit.form.all("mention") if name]
        remarks.add(self.page.database, code, visit.form.get("text"), visit.person.name, visit.viewer, called)

    def _assign(self, visit: Visit, code: str) -> None:
        assignee, unit = visit.form.get("assignee"), visit.form.get("unit")[:_LONGEST_NAME]
        if assignee and assignee not in {one.name for one in self.page.accounts.all() if not one.disabled}:
            raise ForbiddenMoveError("There is no such officer.")
        note = visit.form.get("note")
        casework.assign(
            self.page.database, code, visit.person.name, assignee or None, unit or None, note, **_seen(visit)
        )

    def _name(self, visit: Visit, code: str) -> None:
        names = [name for name in visit.form.all("officer") if name]
        if not names and visit.form.get("nobody") != "yes":
            raise ForbiddenMoveError("Say who is named, or that nobody is.")
        naming.confirm(self.page.database, code, names, visit.viewer, version=visit.form.number("version"))


def _seen(visit: Visit) -> dict[str, Any]:
    """What the officer saw when they sent the form; a form without it is of no version at all."""
    version = visit.form.number("version")
    return {"version": -1 if version is None else version, "viewer": visit.viewer}


def _filled(visit: Visit) -> Visit:
    """The visit with what was typed into a template's fields in their places."""
    text = fill(visit.form.get("text"), visit.form.all("field"), visit.form.all("value"))
    return visit.with_form(text=text)
