"""What the pages of a complaint and of a denunciation share: what they work with, show and answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy.orm.exc import StaleDataError
from starlette.responses import Response

from bot.accounts.officers import Accounts
from bot.accounts.sessions import Sessions
from bot.complaints import casework, evidence, naming
from bot.complaints.answer_templates import Template, fill, unfilled
from bot.complaints.errors import (
    ChangedMeanwhileError,
    ComplaintError,
    ForbiddenMoveError,
    NobodyChosenError,
    UnknownComplaintError,
)
from bot.complaints.labels import ABOUT, ACTORS, CHANNELS, DELIVERY, OPENED, QUESTIONS, REASONS, why_undelivered
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
from bot.complaints.model import WAITING, Complaint
from bot.complaints.reading import Seen, is_overdue
from bot.complaints.rules import Rules
from bot.complaints.talk import Said
from bot.complaints.visibility import Viewer
from bot.console.enclosing import AnswerFiles
from bot.console.pages import Frame
from bot.console.sending import ANSWER, ASK, Held, hold, preview_of, warn
from bot.console.sentences import CHANGED, sentence_of
from bot.console.showing import Render, Shown
from bot.console.visit import Visit
from bot.database import Database
from bot.delivery.model import channel_of

LABELS = {
    "questions": QUESTIONS,
    "states": STATE_LABELS,
    "ends": END_REASONS,
    "about": ABOUT,
    "delivery": DELIVERY,
    "channels": CHANNELS,
    "why": why_undelivered,
    "opened": OPENED,
    "actors": ACTORS,
    "reasons": REASONS,
}
# What an answer and a question begin with, by their form.
BEGINS = {ANSWER: ANSWERED, ASK: NEEDS_INFORMATION}

# The form that fits whatever the complaint has become.
REMARK = "remark"
LONGEST_UNIT = 100

Act = Callable[[Visit, str], None]


@dataclass(frozen=True)
class After:
    """What happened just before a page is shown.

    Attributes:
        contact: personal values were opened; who and why is recorded.
        failed: the form whose fields keep what was typed.
        held: why that form's words were not sent yet.
        talk: the conversation around the complaint, when it was opened.
    """

    contact: bool = False
    error: str = ""
    failed: str = ""
    done: str = ""
    status: int = 200
    held: Held | None = None
    talk: Sequence[Said] | None = None


@dataclass(frozen=True)
class Workplace:
    """What the pages work with.

    Attributes:
        templates: what answers and questions begin with.
        renderers: how each channel that is sent to cuts a message.
        today: tells the day in Viet Nam.
        enclosing: handles what goes along with answers.
    """

    database: Database
    rules: Rules
    accounts: Accounts
    sessions: Sessions
    frame: Frame
    templates: Mapping[str, Template]
    renderers: Mapping[str, Render]
    today: Callable[[], date]
    enclosing: AnswerFiles

    def parts(self, visit: Visit, viewer: Viewer, seen: Seen, after: After) -> dict[str, Any]:
        """What `case_parts.html` and `case_forms.html` show."""
        row, failed, typed = seen.complaint, after.failed, visit.form
        behind = CHANGED if _is_behind(visit, seen, failed) else ""
        sent_all_the_same = after.held is None and typed.get("sure") == "yes"
        overruled = warn(visit, failed, self.templates.values()) if sent_all_the_same else ()
        return {
            "seen": seen,
            "row": row,
            "told": seen.told,
            "kind": self.rules.kinds[row.kind].label if row.kind in self.rules.kinds else row.kind,
            "channel": CHANNELS.get(channel_of(row.conversation), channel_of(row.conversation)),
            "overdue": is_overdue(row, self.today()),
            "files": evidence.list_files(self.database, row.code, restricted=row.restricted, viewer=viewer),
            "naming_waits": row.naming == WAITING,
            "ways": _ways(row.state),
            "contact": after.contact,
            "talk": after.talk,
            "error": " ".join(dict.fromkeys(filter(None, (after.error, behind)))),
            "done": after.done,
            "failed": failed,
            "typed": typed,
            "warnings": after.held.warnings if after.held else overruled,
            "overruled": bool(overruled),
            "left": unfilled(typed.get("text")) if failed in BEGINS else (),
            "beginnings": {
                form: [one for one in self.templates.values() if one.fits(row.kind, state, row.restricted)]
                for form, state in BEGINS.items()
            },
            "preview": self._preview(visit, row, failed) if after.held and failed in BEGINS else [],
            **self.enclosing.parts(visit, row),
            "labels": LABELS,
        }

    def _preview(self, visit: Visit, row: Complaint, form: str) -> list[Shown]:
        files = self.enclosing.preview(visit, row) if form == ANSWER else ()
        return preview_of(self.renderers, visit, row, form, files)

    def take_files(self, visit: Visit, form: str) -> tuple[Visit, After | None]:
        """Keep what a form brought; the visit with it, and why files were refused: the others, and the words, stay."""
        visit, refused = self.enclosing.take(visit, code_of(visit)) if form == ANSWER else (visit, [])
        return visit, After(error=" ".join(refused), failed=form, status=422) if refused else None

    def begin(self, visit: Visit, form: str) -> Visit:
        """The visit with the words of the template that was chosen, behind what was typed before."""
        template = self.templates.get(visit.form.get("template"))
        if template is None or template.state != BEGINS[form]:
            return visit
        typed = visit.form.get("text")
        text = f"{typed}\n{template.text}" if typed and typed != template.text else template.text
        return visit.with_form(text=text, reason=template.reason)

    def send(
        self,
        visit: Visit,
        form: str,
        act: Act,
        then: Callable[[Visit, str], Response],
        again: Callable[[Visit, After], Response],
    ) -> Response:
        """Do what a form asks.

        Args:
            then: where it leads when it was done.
            again: shows the page as it was, when it was not.

        Raises:
            UnknownComplaintError: there is no such complaint for this officer.
        """
        if form in BEGINS:
            visit = _filled(visit)
        visit, refused = self.take_files(visit, form)
        if refused:
            return again(visit, refused)
        if held := hold(visit, form, self.templates.values()):
            return again(visit, After(failed=form, held=held, status=held.status))

        def do() -> Response:
            act(visit, code_of(visit))
            return then(visit, form)

        return answered(do, lambda after: again(visit, after), form)


def answered(do: Callable[[], Response], again: Callable[[After], Response], failed: str = "") -> Response:
    """What `do` answers; when it is refused, the page `again`.

    Args:
        failed: the form whose fields then keep what was typed.

    Raises:
        UnknownComplaintError: there is no such complaint for this officer.
    """
    try:
        return do()
    except UnknownComplaintError:
        raise
    except (ChangedMeanwhileError, StaleDataError):
        after = After(error=CHANGED, failed=failed, status=409)
    except ComplaintError as error:
        after = After(error=sentence_of(error), failed=failed, status=422)
    return again(after)


def code_of(visit: Visit) -> str:
    """The receipt code in the address."""
    return str(visit.request.path_params["code"])


def seen_by(visit: Visit, viewer: Viewer) -> dict[str, Any]:
    """What the officer saw when they sent the form; a form without it is of no version at all."""
    version = visit.form.number("version")
    return {"version": -1 if version is None else version, "viewer": viewer}


@dataclass(frozen=True)
class Acts:
    """What the forms of both pages do alike.

    Attributes:
        viewer: the officer as one who looks at the complaints of this page.
    """

    work: Workplace
    viewer: Callable[[Visit], Viewer]

    def move(self, visit: Visit, code: str) -> None:
        """On to the state that was chosen."""
        state, note = visit.form.get("state"), visit.form.get("note")
        if state not in STATE_LABELS:
            raise ForbiddenMoveError("There is no such state.")
        casework.move(self.work.database, self.work.rules, code, state, visit.person.name, note, **self._seen(visit))

    def ask(self, visit: Visit, code: str) -> None:
        """Ask who wrote for what is missing."""
        by, text, state = visit.person.name, visit.form.get("text"), NEEDS_INFORMATION
        casework.move(self.work.database, self.work.rules, code, state, by, text, **self._seen(visit))

    def forward(self, visit: Visit, code: str) -> None:
        """Hand it to a unit, or to another authority."""
        by, unit, note = visit.person.name, visit.form.get("unit")[:LONGEST_UNIT], visit.form.get("note")
        casework.forward(self.work.database, self.work.rules, code, unit, by, note, **self._seen(visit))

    def answer(self, visit: Visit, code: str) -> None:
        """Answer it."""
        by, text, reason = visit.person.name, visit.form.get("text"), visit.form.get("reason")
        seen = {**self._seen(visit), "enclosing": self.work.enclosing.enclose(visit)}
        casework.answer(self.work.database, self.work.rules, code, text, reason, by, **seen)

    def name(self, visit: Visit, code: str) -> None:
        """Say who is named."""
        names = [name for name in visit.form.all("officer") if name]
        if not names and visit.form.get("nobody") != "yes":
            raise NobodyChosenError("Say who is named, or that nobody is.")
        version = visit.form.number("version")
        naming.confirm(self.work.database, code, names, self.viewer(visit), version=version)

    def _seen(self, visit: Visit) -> dict[str, Any]:
        return seen_by(visit, self.viewer(visit))


def _filled(visit: Visit) -> Visit:
    """The visit with what was typed into a template's fields in their places."""
    text = fill(visit.form.get("text"), visit.form.all("field"), visit.form.all("value"))
    return visit.with_form(text=text)


def _is_behind(visit: Visit, seen: Seen, failed: str) -> bool:
    """Whether somebody changed it under a form that is shown again: from now on that form is of the new version."""
    version = visit.form.number("version") if failed and failed != REMARK else None
    return version is not None and version != seen.complaint.version


def _ways(state: str) -> dict[str, Any]:
    ways = ways_on(state, STAFF)
    plain = [one for one in ways if one not in (ANSWERED, FORWARDED, NEEDS_INFORMATION)]
    return {
        "states": [(one, STATE_LABELS[one]) for one in plain],
        "ask": NEEDS_INFORMATION in ways,
        "forward": FORWARDED in ways,
        "answer": ANSWERED in ways,
        "reasons": [(reason, END_REASONS[reason]) for reason in ANSWER_REASONS],
    }
