"""The guided form for feedback: from the first words to the receipt."""

from __future__ import annotations

from typing import Any, cast

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.asides import answer_aside
from actions.base import (
    AnsweringAction,
    Events,
    Speaker,
    button,
    carried,
    inbox_id_of,
    intent_of,
    services,
    show_day,
    typed_text,
)
from bot.complaints.filing import Draft, file_complaint
from bot.complaints.kinds import Kind, find_kind, guess_kind
from bot.text.answers import is_cancel, is_correction, is_refusal, is_yes
from bot.text.codes import find_dossier_code
from bot.text.mask import TOKEN_PATTERN
from bot.text.normalise import words

PREFIX = "complaint_"
SLOTS = ("description", "kind", "office", "time", "dossier", "contact", "confirmation", "correction")
CORRECTABLE = ("description", "kind", "office", "time", "dossier", "contact")
# Stands in a slot for "asked, and there is nothing".
NONE = "-"
CONFIRMED, CANCELLED, CORRECT = "confirmed", "cancelled", "correcting"
CANCEL = "cancel"
PRESET_KINDS = {"submit_suggestion": "suggestion", "submit_praise": "praise"}
# Fewer words are a wish to complain, not yet the matter.
LEAST_WORDS = 6
CONTACT_KINDS = ("sodienthoai", "thudientu")
_CANCELLED: dict[str, Any] = {PREFIX + "confirmation": CANCELLED}


class ActionStartComplaint(AnsweringAction):
    """Opens the form; what was already told is not asked again."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_start_complaint"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Introduce the form and keep the first words."""
        say.say("utter_complaint_intro")
        text = typed_text(tracker)
        preset = PRESET_KINDS.get(intent_of(tracker))
        told = text if len(text.split()) >= LEAST_WORDS else None
        return [*_reset(), SlotSet(PREFIX + "description", told), SlotSet(PREFIX + "kind", preset)]


class ValidateComplaintForm(FormValidationAction):
    """Checks each answer and decides what is asked next."""

    def name(self) -> str:
        """Its name in the domain."""
        return "validate_complaint_form"

    async def required_slots(
        self, domain_slots: list[str], dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> list[str]:
        """The questions that the kind needs; none once it was cancelled."""
        confirmation = tracker.get_slot(PREFIX + "confirmation")
        if confirmation == CANCELLED:
            return []
        if confirmation == CORRECT:
            return [PREFIX + "correction"]
        kind = services().rules.kinds.get(tracker.get_slot(PREFIX + "kind") or "")
        questions = kind.questions if kind else ("office", "time", "dossier", "contact")
        return [PREFIX + name for name in ("description", "kind", *questions, "confirmation")]

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        """Answer what is no answer first; only the rest is checked."""
        aside = answer_aside(Speaker(dispatcher, tracker), tracker)
        if aside is None:
            return cast(Events, await super().get_validation_events(dispatcher, tracker, domain))
        return [*aside, *(SlotSet(name, None) for name in tracker.slots_to_validate())]

    def validate_complaint_description(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """The citizen's own words, kept as they are; they must have a word in them."""
        said = _answer_to("description", value, tracker)
        if said == CANCEL or is_cancel(said) or is_refusal(said):
            return _CANCELLED
        return {PREFIX + "description": said if words(said) else None}

    def validate_complaint_kind(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """One of the kinds; what fits none is "other", so that nobody is held up by a list."""
        said = _answer_to("kind", value, tracker)
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        kind = find_kind(services().rules.kinds, said)
        return {PREFIX + "kind": (kind.key if kind else "other") if said else None}

    def validate_complaint_office(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Any words, or none."""
        return _optional("office", value, tracker)

    def validate_complaint_time(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Any words, or none."""
        return _optional("time", value, tracker)

    def validate_complaint_dossier(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """A dossier code where there is one, otherwise what was typed."""
        return _optional("dossier", find_dossier_code(str(value)) or value, tracker)

    def validate_complaint_contact(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """A phone number or an e-mail address (both tokens by now), or none."""
        said = _answer_to("contact", value, tracker)
        found = [m.group() for m in TOKEN_PATTERN.finditer(said) if m.group(1) in CONTACT_KINDS]
        if found:
            return {PREFIX + "contact": " ".join(found)}
        if said == NONE or is_refusal(said):
            return {PREFIX + "contact": NONE}
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        dispatcher.utter_message(response="utter_complaint_contact_unclear")
        return {PREFIX + "contact": None}

    def validate_complaint_confirmation(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Send, correct, cancel, or be asked again."""
        said = _answer_to("confirmation", value, tracker)
        if said in (CONFIRMED, CANCELLED, CORRECT):
            return {PREFIX + "confirmation": said}
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        if said == "correct" or is_correction(said):
            return _reopen(services().form.find_part(said))
        # "không" to "gửi chứ?" sends nothing, but a yes must be a yes.
        return {PREFIX + "confirmation": CONFIRMED if said == "send" or is_yes(said) else None}

    def validate_complaint_correction(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Which answer is given again; that question is opened, the summary comes after it."""
        said = _answer_to("correction", value, tracker)
        if said == CANCEL or is_cancel(said):
            return _CANCELLED
        part = said if said in CORRECTABLE else services().form.find_part(said)
        if part is None:
            dispatcher.utter_message(response="utter_correction_unclear")
            return {PREFIX + "correction": None}
        return _reopen(part)


class _AskAction(AnsweringAction):
    """Asks one question of the form."""

    hears_places = False

    question = ""

    def name(self) -> str:
        """Its name in the domain."""
        return f"action_ask_{PREFIX}{self.question}"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Ask it."""
        self.ask(say, tracker)
        say.report("form")
        return []

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Say the question."""
        say.say(f"utter_ask_{PREFIX}{self.question}", _buttons(self.question))


class ActionAskComplaintDescription(_AskAction):
    """Asks what happened."""

    question = "description"


class ActionAskComplaintKind(_AskAction):
    """Asks for the kind, the likely one first."""

    question = "kind"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Offer every kind as a button."""
        kinds = services().rules.kinds
        likely = guess_kind(kinds, tracker.get_slot(PREFIX + "description") or "")
        ordered: list[Kind] = sorted(kinds.values(), key=lambda kind: kind != likely)
        choices = [_button("kind", kind.key, kind.label) for kind in ordered]
        say.say("utter_ask_complaint_kind", choices + _buttons("kind"))


class ActionAskComplaintOffice(_AskAction):
    """Asks which office."""

    question = "office"


class ActionAskComplaintTime(_AskAction):
    """Asks when."""

    question = "time"


class ActionAskComplaintDossier(_AskAction):
    """Asks for the dossier code."""

    question = "dossier"


class ActionAskComplaintContact(_AskAction):
    """Asks how the centre may reach the citizen."""

    question = "contact"


class ActionAskComplaintConfirmation(_AskAction):
    """Shows what will be sent."""

    question = "confirmation"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Show the summary and the three ways on."""
        kind = services().rules.kinds[tracker.get_slot(PREFIX + "kind") or "other"]
        shown: Any = {name: _shown(tracker, name) for name in CORRECTABLE if name != "kind"}
        say.say("utter_ask_complaint_confirmation", _buttons("confirmation"), kind=kind.label, **shown)


class ActionAskComplaintCorrection(_AskAction):
    """Asks what is to be corrected."""

    question = "correction"


class ActionFormOver(AnsweringAction):
    """A button of a form that has ended, tapped once more."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_form_over"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say so; what was sent stays sent once."""
        say.say("utter_form_over")
        say.report("smalltalk")
        return []


class ActionFinishComplaint(AnsweringAction):
    """Files what was confirmed and gives the receipt; keeps nothing of what was cancelled."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_finish_complaint"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """File or drop. Rasa also comes here when the form broke, so only what is complete is filed."""
        draft = _draft(tracker)
        if tracker.get_slot(PREFIX + "confirmation") == CONFIRMED and draft:
            receipt = file_complaint(
                services().database, services().rules, tracker.sender_id, inbox_id_of(tracker), draft
            )
            url = f"{services().settings.public_url}/phan-anh/{receipt.code}"
            say.say("utter_complaint_receipt", code=receipt.code, filed_on=show_day(receipt.filed_at.date()), url=url)
        elif tracker.get_slot(PREFIX + "confirmation") == CANCELLED:
            say.say("utter_complaint_cancelled")
        else:
            say.say("utter_complaint_broken")
        say.report("form")
        return _reset()


def _draft(tracker: Tracker) -> Draft | None:
    given = {name: tracker.get_slot(PREFIX + name) for name in CORRECTABLE}
    told = {name: None if value == NONE else value for name, value in given.items()}
    if not told["kind"] or not told["description"]:
        return None
    return Draft(
        told["kind"],
        told["description"],
        office=told["office"],
        happened=told["time"],
        dossier_code=told["dossier"],
        contact=told["contact"],
        words=tuple((name, value) for name, value in told.items() if value and name != "contact"),
    )


def _shown(tracker: Tracker, name: str) -> str:
    value = tracker.get_slot(PREFIX + name)
    return "–" if value in (None, NONE) else str(value)


def _optional(name: str, value: Any, tracker: Tracker) -> dict[str, Any]:
    said = _answer_to(name, value, tracker)
    if said == CANCEL or is_cancel(said):
        return _CANCELLED
    return {PREFIX + name: NONE if said == NONE or is_refusal(said) else said or None}


def _answer_to(question: str, value: Any, tracker: Tracker) -> str:
    """What was typed, or what the tapped button stands for; empty when that button belongs to another question."""
    if not str(value).startswith("/"):
        return str(value).strip()
    return (carried(tracker, "value") or "") if carried(tracker, "slot") == question else ""


def _is_cancelled(said: str) -> bool:
    return is_cancel(said)


def _reopen(part: str | None) -> dict[str, Any]:
    """Ask one part again, or which part when none was named."""
    if part is None:
        return {PREFIX + "confirmation": CORRECT, PREFIX + "correction": None}
    return {PREFIX + part: None, PREFIX + "confirmation": None, PREFIX + "correction": None}


def _buttons(question: str) -> list[dict[str, str]]:
    return [_button(question, value, title) for value, title in services().form.buttons[question].items()]


def _button(question: str, value: str, title: str) -> dict[str, str]:
    # Named after its question: tapped later, it must not answer another.
    return button(title, f'/form_answer{{"slot": "{question}", "value": "{NONE if value == "none" else value}"}}')


def _reset() -> Events:
    return [SlotSet(PREFIX + name, None) for name in SLOTS]
