"""What an officer does with a complaint from its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from bot.accounts.permissions import ASSIGN, NAME, READ, WORK
from bot.complaints import casework, remarks
from bot.complaints.errors import ForbiddenMoveError, UnknownComplaintError, UnknownUnitError
from bot.complaints.reading import Look, see_complaint
from bot.complaints.visibility import viewer_of
from bot.console.case_page import CasePage, takers, unit_in
from bot.console.case_parts import BEGINS, REMARK, Act, Acts, After, code_of, seen_by
from bot.console.doors import Door, Handler, allowed
from bot.console.lists import LIST
from bot.console.sending import ANSWER
from bot.console.sentences import DONE, IN_VAIN
from bot.console.visit import Visit, go_to

_CASE = "/phan-anh/{code}"


@dataclass(frozen=True)
class CasePages:
    """Handlers of the page and of its forms."""

    page: CasePage

    @property
    def acts(self) -> Acts:
        """What denunciations' forms do, too."""
        return Acts(self.page.work, lambda visit: visit.viewer)

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        forms: tuple[tuple[str, Act, str], ...] = (
            ("move", self.acts.move, WORK),
            ("forward", self._forward, WORK),
            ("answer", self.acts.answer, WORK),
            ("ask", self.acts.ask, WORK),
            ("merge", self._merge, WORK),
            (REMARK, self._remark, WORK),
            ("assign", self._assign, ASSIGN),
            ("name", self.acts.name, NAME),
        )
        return [
            Door(_CASE, self.show, allowed(READ)),
            # Asked for by the open page again and again, so it keeps no session alive.
            Door(f"{_CASE}/ai", self.show_others, allowed(READ), touches=False),
            *(_form_at(f"{_CASE}/{form}/mau", self._begin(form), WORK, form) for form in BEGINS),
            *(_form_at(f"{_CASE}/{name}", self._form(name, act), needs, name) for name, act, needs in forms),
        ]

    def show(self, visit: Visit) -> Response:
        """GET: everything an officer sees without a reason."""
        return self.page.show(visit, After(done=DONE.get(visit.asked("xong"), "")), look=True)

    def show_others(self, visit: Visit) -> Response:
        """GET: who else has the complaint open, as a piece of the page."""
        work = self.page.work
        seen = see_complaint(work.database, code_of(visit), Look(visit.person.name, viewer=visit.viewer))
        others = work.sessions.look_at(visit.session.token, seen.complaint.code)
        return work.frame.page(visit, "present.html", others=others)

    def _begin(self, form: str) -> Callable[[Visit], Response]:
        work = self.page.work

        def begin(visit: Visit) -> Response:
            visit, refused = work.take_files(visit, form)
            return self.page.show(work.begin(visit, form), refused or After(failed=form))

        return begin

    def _form(self, name: str, act: Act) -> Callable[[Visit], Response]:
        return lambda visit: self.page.work.send(visit, name, act, self._after, self.page.show)

    def _after(self, visit: Visit, name: str) -> Response:
        try:
            seen = see_complaint(self.page.work.database, code_of(visit), Look(visit.person.name, viewer=visit.viewer))
        except UnknownComplaintError:
            # Handed to another unit: it is theirs now.
            return go_to(f"{LIST}?hang=mine")
        in_vain = name == REMARK and self._calls_in_vain(visit, seen.complaint.id)
        return go_to(f"{LIST}/{code_of(visit)}?xong={IN_VAIN if in_vain else name}")

    def _calls_in_vain(self, visit: Visit, complaint_id: int) -> bool:
        work, form = self.page.work, visit.form
        viewers = [viewer_of(one) for one in work.accounts.all()]
        return bool(remarks.called_in_vain(work.database, complaint_id, form.get("text"), form.all("mention"), viewers))

    def _forward(self, visit: Visit, code: str) -> None:
        self._check_unit(visit)
        self.acts.forward(visit, code)

    def _merge(self, visit: Visit, code: str) -> None:
        into, text, by, work = visit.form.get("into"), visit.form.get("text"), visit.person.name, self.page.work
        try:
            casework.merge(work.database, work.rules, code, into, by, text, **seen_by(visit, visit.viewer))
        except UnknownComplaintError as error:
            # The other one: this page is there.
            see_complaint(work.database, code, Look(by, viewer=visit.viewer))
            raise ForbiddenMoveError("There is no such complaint to merge into.") from error

    def _remark(self, visit: Visit, code: str) -> None:
        called = [name for name in visit.form.all("mention") if name]
        remarks.add(self.page.work.database, code, visit.form.get("text"), visit.person.name, visit.viewer, called)

    def _assign(self, visit: Visit, code: str) -> None:
        work, assignee, unit = self.page.work, visit.form.get("assignee"), unit_in(visit)
        if assignee and assignee not in takers(work.accounts):
            raise ForbiddenMoveError("There is no such officer.")
        self._check_unit(visit)
        by, note, seen = visit.person.name, visit.form.get("note"), seen_by(visit, visit.viewer)
        casework.assign(work.database, code, by, assignee or None, unit or None, note, **seen)

    def _check_unit(self, visit: Visit) -> None:
        if visit.form.get("unit-sure") != "yes" and not self.page.knows(unit_in(visit)):
            raise UnknownUnitError("Nobody is of this unit.")


def _form_at(path: str, handler: Handler, needs: str, form: str) -> Door:
    return Door(path, handler, allowed(needs), "POST", takes_files=form == ANSWER)
