"""The same done to many complaints of a list: assigned, or merged into one; each is a transaction of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm.exc import StaleDataError
from starlette.responses import Response

from bot.accounts.officers import Accounts
from bot.accounts.permissions import ASSIGN, WORK
from bot.complaints import casework
from bot.complaints.errors import ChangedMeanwhileError, ComplaintError, UnknownComplaintError, UnknownUnitError
from bot.complaints.rules import Rules
from bot.console.case_page import takers
from bot.console.doors import Door, allowed
from bot.console.forms import whole
from bot.console.pages import Frame
from bot.console.sending import hold
from bot.console.sentences import CHANGED_IN_LIST, UNKNOWN, sentence_of
from bot.console.visit import Visit
from bot.database import Database
from bot.text.codes import find_receipt_code

MOST = 50
_LONGEST_NAME = 100
_MERGE = "Gộp phản ánh"


@dataclass(frozen=True)
class BulkPages:
    """Handlers of the list's forms."""

    database: Database
    rules: Rules
    accounts: Accounts
    frame: Frame

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        return [
            Door("/nhieu/giao", self.assign, allowed(ASSIGN), "POST"),
            Door("/nhieu/gop", self.merge, allowed(WORK), "POST"),
        ]

    def assign(self, visit: Visit) -> Response:
        """POST: give what was ticked to an officer, a unit, or both."""
        assignee, unit = visit.form.get("assignee"), visit.form.get("unit")[:_LONGEST_NAME]
        if not (assignee or unit) or (assignee and assignee not in takers(self.accounts)):
            return self._page(visit, "Chưa chọn người nhận", 422)

        def give(code: str, version: int) -> None:
            if unit and not self.accounts.has_unit(unit):
                raise UnknownUnitError("Nobody is of this unit.")
            by, viewer = visit.person.name, visit.viewer
            casework.assign(self.database, code, by, assignee or None, unit or None, version=version, viewer=viewer)

        return self._each(visit, give, "Giao việc")

    def merge(self, visit: Visit) -> Response:
        """POST: answer what was ticked as duplicates of one complaint."""
        into, text = visit.form.get("into"), visit.form.get("text")
        if held := hold(visit, "merge"):
            return self._page(visit, _MERGE, held.status, again=_ticked(visit), warnings=held.warnings)

        def join(code: str, version: int) -> None:
            by, viewer = visit.person.name, visit.viewer
            casework.merge(self.database, self.rules, code, into, by, text, version=version, viewer=viewer)

        return self._each(visit, join, _MERGE, leave_out=find_receipt_code(into))

    def _each(
        self, visit: Visit, act: Callable[[str, int], None], title: str, leave_out: str | None = None
    ) -> Response:
        done: list[str] = []
        refused: list[tuple[str, str]] = []
        for code, version in _ticked(visit):
            if code == leave_out:
                continue
            try:
                act(code, version)
                done.append(code)
            except UnknownComplaintError:
                refused.append((code, UNKNOWN))
            except (ChangedMeanwhileError, StaleDataError):
                refused.append((code, CHANGED_IN_LIST))
            except ComplaintError as error:
                refused.append((code, sentence_of(error)))
        status = 200 if done or not refused else 422
        # Whoever does what was refused once more needs the words once more.
        typed = visit.form.typed() if refused else []
        return self._page(visit, title, status, done=done, refused=refused, typed=typed)

    def _page(self, visit: Visit, title: str, status: int, **more: Sequence[object]) -> Response:
        context = {"done": (), "refused": (), "typed": (), "again": (), "warnings": (), **more}
        return self.frame.page(visit, "bulk.html", status=status, title=title, form=visit.form, **context)


def _ticked(visit: Visit) -> list[tuple[str, int]]:
    """Code and version of each complaint that was ticked; what has neither was not sent by our list."""
    found = {}
    for value in visit.form.all("case")[:MOST]:
        code, _, version = value.partition(":")
        spelled, number = find_receipt_code(code), whole(version)
        if spelled and number is not None:
            found[spelled] = number
    return list(found.items())
