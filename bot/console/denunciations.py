"""Denunciations: opened with a reason that is kept, by named readers alone; to all others none of this exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy.orm.exc import StaleDataError
from starlette.responses import Response

from bot.accounts.officers import Accounts
from bot.accounts.permissions import READ, may
from bot.accounts.sessions import Sessions
from bot.complaints import casework, evidence, naming, remarks
from bot.complaints.denunciations import assign, last_reason, list_denunciations
from bot.complaints.errors import (
    ChangedMeanwhileError,
    ComplaintError,
    ForbiddenMoveError,
    UnknownComplaintError,
    UnknownFileError,
)
from bot.complaints.labels import ACTORS, OPENED, QUESTIONS, REASONS
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
from bot.complaints.reading import Look, is_overdue, see_complaint
from bot.complaints.rules import Rules
from bot.complaints.visibility import Viewer
from bot.console.doors import READERS, Door
from bot.console.forms import whole
from bot.console.pages import DENUNCIATIONS, Frame
from bot.console.sentences import CHANGED, DONE, sentence_of
from bot.console.visit import Visit, go_to
from bot.database import Database, now

_LIST, _ONE = "/to-cao", "/to-cao/{code}"
HERE = DENUNCIATIONS[1]
PAGE = 50
# How long a reason that was given opens the same one again, so that work on it goes on.
REASON_HOLDS = timedelta(minutes=15)
_LONGEST_NAME = 100
_LABELS = {"questions": QUESTIONS, "states": STATE_LABELS, "opened": OPENED, "actors": ACTORS, "reasons": REASONS}


@dataclass(frozen=True)
class DenunciationPages:
    """Handlers of the pages.

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
        """Every page; each is for named readers."""
        forms: tuple[tuple[str, Callable[[Visit, str], None]], ...] = (
            ("move", self._move),
            ("ask", self._ask),
            ("forward", self._forward),
            ("answer", self._answer),
            ("assign", self._assign),
            ("remark", self._remark),
            ("name", self._name),
        )
        return [
            Door(_LIST, self.show_all, READERS),
            Door(_ONE, self.show, READERS),
            Door(_ONE, self.open, READERS, "POST"),
            Door(f"{_ONE}/lien-he", self.open_contact, READERS, "POST"),
            Door(f"{_ONE}/tep/{{file}}", self.open_file, READERS, "POST"),
            *(Door(f"{_ONE}/{name}", self._form(name, act), READERS, "POST") for name, act in forms),
        ]

    def show_all(self, visit: Visit) -> Response:
        """GET: which there are, without a word of what they tell."""
        rows = list_denunciations(self.database, _reader(visit), whole(visit.asked("sau")) or 0, PAGE + 1)
        more = f"{HERE}?sau={rows[PAGE - 1].id}" if len(rows) > PAGE else ""
        lines = [(row, STATE_LABELS[row.state], is_overdue(row, self.today())) for row in rows[:PAGE]]
        return self.frame.page(visit, "denunciations.html", lines=lines, more=more)

    def show(self, visit: Visit) -> Response:
        """GET: what was opened a short while ago; else why it is to be opened is asked for."""
        why = self._reason(visit)
        if not why:
            return self.frame.page(visit, "open_denunciation.html", code=_code(visit), error="")
        return self._page(visit, why, done=DONE.get(visit.asked("xong"), ""))

    def open(self, visit: Visit) -> Response:
        """POST: the reason; it is kept, and what was asked for is shown."""
        self._reason(visit)
        try:
            return self._page(visit, visit.form.get("why"))
        except UnknownComplaintError:
            raise
        except ComplaintError as error:
            context = {"code": _code(visit), "error": sentence_of(error)}
            return self.frame.page(visit, "open_denunciation.html", status=422, **context)

    def open_contact(self, visit: Visit) -> Response:
        """POST: the same with contact and personal values, for a reason of its own."""
        if not (why := self._reason(visit)):
            return go_to(f"{HERE}/{_code(visit)}")
        try:
            return self._page(visit, visit.form.get("why"), contact=True)
        except UnknownComplaintError:
            raise
        except ComplaintError as error:
            return self._page(visit, why, error=sentence_of(error), status=422)

    def open_file(self, visit: Visit) -> Response:
        """POST: a photo or document as a download; who and why is kept."""
        number, reason, reader = whole(str(visit.request.path_params["file"])), self._reason(visit), _reader(visit)
        if number is None:
            raise UnknownComplaintError("There is no such file.")
        if not reason:
            return go_to(f"{HERE}/{_code(visit)}")
        code, by, why = _code(visit), visit.person.name, visit.form.get("why")
        try:
            file = evidence.open_file(self.database, self.folder, code, number, by, why, restricted=True, viewer=reader)
        except (UnknownComplaintError, UnknownFileError) as error:
            raise UnknownComplaintError("There is no such file.") from error
        except ComplaintError as error:
            return self._page(visit, reason, error=sentence_of(error), status=422)
        headers = {
            "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name, safe='')}",
            "Content-Security-Policy": "default-src 'none'; sandbox",
        }
        return Response(file.content, media_type="application/octet-stream", headers=headers)

    def _form(self, name: str, act: Callable[[Visit, str], None]) -> Callable[[Visit], Response]:
        def handle(visit: Visit) -> Response:
            if not (why := self._reason(visit)):
                return go_to(f"{HERE}/{_code(visit)}")
            try:
                act(visit, _code(visit))
            except UnknownComplaintError:
                raise
            except (ChangedMeanwhileError, StaleDataError):
                return self._page(visit, why, error=CHANGED, failed=name, status=409)
            except ComplaintError as error:
                return self._page(visit, why, error=sentence_of(error), failed=name, status=422)
            return go_to(f"{HERE}/{_code(visit)}?xong={name}")

        return handle

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

    def _assign(self, visit: Visit, code: str) -> None:
        assign(self.database, code, visit.form.get("assignee"), self._readers(), **_seen(visit))

    def _remark(self, visit: Visit, code: str) -> None:
        remarks.add(self.database, code, visit.form.get("text"), visit.person.name, _reader(visit))

    def _name(self, visit: Visit, code: str) -> None:
        names = [name for name in visit.form.all("officer") if name]
        if not names and visit.form.get("nobody") != "yes":
            raise ForbiddenMoveError("Say who is named, or that nobody is.")
        naming.confirm(self.database, code, names, _reader(visit), version=visit.form.number("version"))

    def _reason(self, visit: Visit) -> str:
        """Why this reader opened it a short while ago, empty when they have not.

        Raises:
            UnknownComplaintError: to them there is no such denunciation.
        """
        return last_reason(self.database, _code(visit), _reader(visit), now() - REASON_HOLDS)

    def _readers(self) -> list[str]:
        names = self.frame.readers
        return [
            one.name for one in self.accounts.all() if one.name in names and may(one.roles, READ) and not one.disabled
        ]

    def _page(
        self,
        visit: Visit,
        why: str,
        *,
        contact: bool = False,
        error: str = "",
        failed: str = "",
        done: str = "",
        status: int = 200,
    ) -> Response:
        by, reader = visit.person.name, _reader(visit)
        look = Look(by, contact, restricted=True, readers=(by,), why=why, viewer=reader)
        seen = see_complaint(self.database, _code(visit), look)
        row = seen.complaint
        return self.frame.page(
            visit,
            "denunciation.html",
            status=status,
            seen=seen,
            row=row,
            told=seen.told,
            kind=self.rules.kinds[row.kind].label if row.kind in self.rules.kinds else row.kind,
            overdue=is_overdue(row, self.today()),
            files=evidence.list_files(self.database, row.code, restricted=True, viewer=reader),
            others=self.sessions.look_at(visit.session.token, row.code),
            readers=[name for name in self._readers() if name not in seen.unaware],
            everybody=[one.name for one in self.accounts.all()],
            naming_waits=row.naming == WAITING,
            ways=_ways(row.state),
            contact=contact,
            error=error,
            failed=failed,
            typed=visit.form,
            done=done,
            labels=_LABELS,
        )


def _reader(visit: Visit) -> Viewer:
    return replace(visit.viewer, restricted=True)


def _code(visit: Visit) -> str:
    return str(visit.request.path_params["code"])


def _seen(visit: Visit) -> dict[str, Any]:
    version = visit.form.number("version")
    return {"version": -1 if version is None else version, "viewer": _reader(visit)}


def _ways(state: str) -> dict[str, object]:
    ways = ways_on(state, STAFF)
    plain = [one for one in ways if one not in (ANSWERED, FORWARDED, NEEDS_INFORMATION)]
    return {
        "states": [(one, STATE_LABELS[one]) for one in plain],
        "ask": NEEDS_INFORMATION in ways,
        "forward": FORWARDED in ways,
        "answer": ANSWERED in ways,
        "reasons": [(reason, END_REASONS[reason]) for reason in ANSWER_REASONS],
    }
