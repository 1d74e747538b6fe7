"""What is looked at again before an officer's words go to a citizen, and how the citizen will read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.complaints.answer_checks import PERSONAL, UNFILLED, find_warnings
from bot.complaints.answer_templates import Template, unfilled
from bot.complaints.lifecycle import ANSWER_REASONS
from bot.complaints.model import Complaint
from bot.complaints.notices import preview_answer, preview_question
from bot.console.sentences import WARNINGS
from bot.console.showing import Render, Shown, show
from bot.console.visit import Visit
from bot.delivery.model import channel_of
from bot.text.mask import find_personal_values

ANSWER, ASK = "answer", "ask"
# Forms whose words citizens read, and the field they stand in.
_FIELDS = {ANSWER: "text", ASK: "text", "move": "note", "forward": "note", "merge": "text"}


@dataclass(frozen=True)
class Held:
    """Words that were not sent yet.

    Attributes:
        preview: whether the officer asked to see them as the citizen will.
    """

    warnings: tuple[str, ...]
    preview: bool

    @property
    def status(self) -> int:
        """How the page answers."""
        return 200 if self.preview else 422


def hold(visit: Visit, form: str, templates: Iterable[Template] = ()) -> Held | None:
    """Why a form is not to be sent before it was looked at; None when it is to be sent."""
    text = visit.form.get(_FIELDS[form]) if form in _FIELDS else ""
    if not text:
        return None
    noticed = _noticed(form, text, templates)
    preview = form in (ANSWER, ASK) and bool(visit.form.get("preview"))
    if preview or UNFILLED in noticed or (noticed and visit.form.get("sure") != "yes"):
        return Held(tuple(WARNINGS[key] for key in noticed), preview)
    return None


def warn(visit: Visit, form: str, templates: Iterable[Template] = ()) -> tuple[str, ...]:
    """What is noticed in a form's words, whether they are to be sent all the same or not."""
    text = visit.form.get(_FIELDS[form]) if form in _FIELDS else ""
    return tuple(WARNINGS[key] for key in _noticed(form, text, templates)) if text else ()


def preview_of(renderers: Mapping[str, Render], visit: Visit, complaint: Complaint, form: str) -> list[Shown]:
    """An answer or a question as the citizen's channel will show it."""
    text, reason = visit.form.get("text"), visit.form.get("reason")
    if form == ASK:
        reply = preview_question(complaint, text)
    else:
        reply = preview_answer(complaint, text, reason if reason in ANSWER_REASONS else "")
    return show(renderers, channel_of(complaint.conversation), reply)


def _noticed(form: str, text: str, templates: Iterable[Template]) -> list[str]:
    if form == ANSWER:
        return find_warnings(text, templates)
    noticed = [PERSONAL] if find_personal_values(text) else []
    return [*noticed, UNFILLED] if form == ASK and unfilled(text) else noticed
