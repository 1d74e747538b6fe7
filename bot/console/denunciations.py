"""Denunciations: opened with a reason that is kept, by named readers alone; to all others none of this exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from starlette.responses import Response

from bot.accounts.permissions import READ, may
from bot.complaints import remarks
from bot.complaints.denunciations import assign, last_reason, list_denunciations
from bot.complaints.lifecycle import STATE_LABELS
from bot.complaints.reading import Look, is_overdue, see_complaint
from bot.complaints.talk import see_talk
from bot.complaints.visibility import Viewer
from bot.console.case_openings import download, file_of
from bot.console.case_parts import BEGINS, Act, Acts, After, Workplace, answered, code_of, seen_by
from bot.console.doors import READERS, Door
from bot.console.forms import whole
from bot.console.pages import DENUNCIATIONS
from bot.console.sentences import DONE
from bot.console.visit import Visit, go_to
from bot.database import now

_LIST, _ONE = "/to-cao", "/to-cao/{code}"
HERE = DENUNCIATIONS[1]
PAGE = 50
# How long a reason opens the same one again after it was given, so that work on it goes on.
REASON_HOLDS = timedelta(minutes=15)


@dataclass(frozen=True)
class DenunciationPages:
    """Handlers of the pages.

    Attributes:
        folder: where photos and documents lie.
    """

    work: Workplace
    folder: Path

    def doors(self) -> list[Door]:
        """Every page; each is for named readers."""
        acts = Acts(self.work, _reader)
        forms: tuple[tuple[str, Act], ...] = (
            ("move", acts.move),
            ("ask", acts.ask),
            ("forward", acts.forward),
            ("answer", acts.answer),
            ("assign", self._assign),
            ("remark", self._remark),
            ("name", acts.name),
        )
        return [
            Door(_LIST, self.show_all, READERS),
            Door(_ONE, self.show, READERS),
            Door(_ONE, self.open, READERS, "POST"),
            Door(f"{_ONE}/lien-he", self.open_contact, READERS, "POST"),
            Door(f"{_ONE}/tro-chuyen", self.open_talk, READERS, "POST"),
            Door(f"{_ONE}/tep/{{file}}", self.open_file, READERS, "POST"),
            *(Door(f"{_ONE}/{form}/mau", self._begin(form), READERS, "POST") for form in BEGINS),
            *(Door(f"{_ONE}/{name}", self._form(name, act), READERS, "POST") for name, act in forms),
        ]

    def show_all(self, visit: Visit) -> Response:
        """GET: which there are, without a word of what they tell."""
        rows = list_denunciations(self.work.database, _reader(visit), whole(visit.asked("sau")) or 0, PAGE + 1)
        more = f"{HERE}?sau={rows[PAGE - 1].id}" if len(rows) > PAGE else ""
        lines = [(row, STATE_LABELS[row.state], is_overdue(row, self.work.today())) for row in rows[:PAGE]]
        return self.work.frame.page(visit, "denunciations.html", lines=lines, more=more)

    def show(self, visit: Visit) -> Response:
        """GET: what was opened a short while ago; else why it is to be opened is asked for."""
        why = self._reason(visit)
        if not why:
            return self._ask_why(visit)
        return self._page(visit, why, After(done=DONE.get(visit.asked("xong"), "")))

    def open(self, visit: Visit) -> Response:
        """POST: the reason; it is kept, and what was asked for is shown."""
        self._reason(visit)
        why = visit.form.get("why")
        return answered(
            lambda: self._page(visit, why, again=False), lambda after: self._ask_why(visit, after.error, after.status)
        )

    def open_contact(self, visit: Visit) -> Response:
        """POST: the same with contact and personal values, for a reason of its own."""
        return self._opened(visit, lambda _: self._page(visit, visit.form.get("why"), After(contact=True)))

    def open_talk(self, visit: Visit) -> Response:
        """POST: the same with what was said around it, for a reason of its own."""
        look = _look(visit, visit.form.get("why"))
        return self._opened(
            visit, lambda why: self._page(visit, why, After(talk=see_talk(self.work.database, code_of(visit), look)))
        )

    def open_file(self, visit: Visit) -> Response:
        """POST: a photo or document as a download; who and why is kept."""
        return self._opened(visit, lambda _: download(file_of(self.work.database, self.folder, visit, _reader(visit))))

    def _opened(self, visit: Visit, do: Callable[[str], Response]) -> Response:
        """What `do` makes of the reason the denunciation was opened for; without one it has to be opened first."""
        if not (why := self._reason(visit)):
            return go_to(f"{HERE}/{code_of(visit)}")
        return answered(lambda: do(why), lambda after: self._page(visit, why, after))

    def _begin(self, form: str) -> Callable[[Visit], Response]:
        def handle(visit: Visit) -> Response:
            if not (why := self._reason(visit)):
                return self._too_late(visit)
            return self._page(self.work.begin(visit, form), why, After(failed=form))

        return handle

    def _form(self, name: str, act: Act) -> Callable[[Visit], Response]:
        def handle(visit: Visit) -> Response:
            if not (why := self._reason(visit)):
                return self._too_late(visit)
            return self.work.send(visit, name, act, _after, lambda typed, after: self._page(typed, why, after))

        return handle

    def _too_late(self, visit: Visit) -> Response:
        """The reason ran out over what was being written."""
        kept = visit.form.typed()
        return self._ask_why(visit, status=422, typed=kept) if kept else go_to(f"{HERE}/{code_of(visit)}")

    def _assign(self, visit: Visit, code: str) -> None:
        assign(self.work.database, code, visit.form.get("assignee"), self._readers(), **seen_by(visit, _reader(visit)))

    def _remark(self, visit: Visit, code: str) -> None:
        remarks.add(self.work.database, code, visit.form.get("text"), visit.person.name, _reader(visit))

    def _reason(self, visit: Visit) -> str:
        """Why this reader opened it a short while ago, empty when they have not.

        Raises:
            UnknownComplaintError: to them there is no such denunciation.
        """
        return last_reason(self.work.database, code_of(visit), _reader(visit), now() - REASON_HOLDS)

    def _ask_why(self, visit: Visit, error: str = "", status: int = 200, typed: Sequence[str] = ()) -> Response:
        context = {"code": code_of(visit), "error": error, "typed": typed}
        return self.work.frame.page(visit, "open_denunciation.html", status=status, **context)

    def _readers(self) -> list[str]:
        names, staff = self.work.frame.readers, self.work.accounts.all()
        return [one.name for one in staff if one.name in names and may(one.roles, READ) and not one.disabled]

    def _page(self, visit: Visit, why: str, after: After | None = None, *, again: bool = True) -> Response:
        work, reader, after = self.work, _reader(visit), after or After()
        look = replace(_look(visit, why), contact=after.contact, again=again)
        seen = see_complaint(work.database, code_of(visit), look)
        return work.frame.page(
            visit,
            "denunciation.html",
            status=after.status,
            **work.parts(visit, reader, seen, after),
            others=work.sessions.look_at(visit.session.token, seen.complaint.code),
            readers=[name for name in self._readers() if name not in seen.unaware],
            everybody=[one.name for one in work.accounts.all()],
        )


def _after(visit: Visit, name: str) -> Response:
    return go_to(f"{HERE}/{code_of(visit)}?xong={name}")


def _reader(visit: Visit) -> Viewer:
    return replace(visit.viewer, restricted=True)


def _look(visit: Visit, why: str) -> Look:
    by = visit.person.name
    return Look(by, restricted=True, readers=(by,), why=why, viewer=_reader(visit))
