"""The guided form for feedback: from the first words to the receipt."""

from __future__ import annotations

from typing import Any

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.base import (
    AnsweringAction,
    Events,
    Speaker,
    button,
    inbox_id_of,
    intent_of,
    services,
    show_day,
    typed_text,
)
from bot.complaints.kinds import Kind, find_kind, guess_kind
from bot.complaints.service import Draft, file_complaint
from bot.text.answers import is_cancel, is_correction, is_refusal, is_yes
from bot.text.codes import find_dossier_code
from bot.text.mask import TOKEN_PATTERN

PREFIX = "complaint_"
SLOTS = ("description", "kind", "office", "time", "dossier", "contact", "confirmation", "correction")
CORRECTABLE = ("description", "kind", "office", "time", "dossier", "contact")
# Stands in a slot for "asked, and there is nothing".
NONE = "-"
CONFIRMED, CANCELLED, CORRECT = "confirmed", "cancelled", "correct"
PRESET_KINDS = {"submit_suggestion": "suggestion", "submit_praise": "praise"}
# Fewer words are a wish to complain, not yet the matter.
LEAST_WORDS = 6
CONTACT_KINDS = ("sodienthoai", "thudientu")


class ActionStartComplaint(AnsweringAction):
    """Opens the form; what was already told is not asked again."""

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
        kind = services().kinds.get(tracker.get_slot(PREFIX + "kind") or "")
        questions = kind.questions if kind else ("office", "time", "dossier", "contact")
        return [PREFIX + name for name in ("description", "kind", *questions, "confirmation")]

    def validate_complaint_description(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """The citizen's own words, kept as they are."""
        if _is_tap(value):
            return {PREFIX + "description": None}
        return _cancelled(value) or {PREFIX + "description": str(value).strip() or None}

    def validate_complaint_kind(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """One of the kinds; what fits none is "other", so that nobody is held up by a list."""
        if _is_tap(value):
            return {PREFIX + "kind": None}
        kind = find_kind(services().kinds, str(value))
        return _cancelled(value) or {PREFIX + "kind": kind.key if kind else "other"}

    def validate_complaint_office(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Any words, or none."""
        return _optional("office", value)

    def validate_complaint_time(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Any words, or none."""
        return _optional("time", value)

    def validate_complaint_dossier(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """A dossier code where there is one, otherwise what was typed."""
        return _optional("dossier", find_dossier_code(str(value)) or value)

    def validate_complaint_contact(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """A phone number or an e-mail address (both tokens by now), or none."""
        if _is_tap(value):
            return {PREFIX + "contact": None}
        found = [m.group() for m in TOKEN_PATTERN.finditer(str(value)) if m.group(1) in CONTACT_KINDS]
        if found:
            return {PREFIX + "contact": " ".join(found)}
        if is_refusal(str(value)):
            return {PREFIX + "contact": NONE}
        if _cancelled(value):
            return _cancelled(value)
        dispatcher.utter_message(response="utter_complaint_contact_unclear")
        return {PREFIX + "contact": None}

    def validate_complaint_confirmation(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Send, correct, cancel, or be asked again."""
        text = str(value)
        if text in (CONFIRMED, CANCELLED, CORRECT):
            return {PREFIX + "confirmation": text}
        if is_correction(text):
            return {PREFIX + "confirmation": CORRECT, PREFIX + "correction": None}
        # "không" to "gửi chứ?" sends nothing, but a yes must be a yes.
        if is_yes(text):
            return {PREFIX + "confirmation": CONFIRMED}
        return _cancelled(text) or {PREFIX + "confirmation": None}

    def validate_complaint_correction(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Which answer is given again; that question is opened, the summary comes after it."""
        if _cancelled(value):
            return _cancelled(value)
        wanted = next((name for name in CORRECTABLE if str(value) == name or str(value).endswith(f":{name}")), None)
        cleared = {PREFIX + wanted: None} if wanted else {}
        return {**cleared, PREFIX + "confirmation": None, PREFIX + "correction": None}


class _AskAction(AnsweringAction):
    """Asks one question of the form."""

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
        say.say(f"utter_ask_{PREFIX}{self.question}")


class ActionAskComplaintDescription(_AskAction):
    """Asks what happened."""

    question = "description"


class ActionAskComplaintKind(_AskAction):
    """Asks for the kind, the likely one first."""

    question = "kind"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Offer every kind as a button."""
        kinds = services().kinds
        likely = guess_kind(kinds, tracker.get_slot(PREFIX + "description") or "")
        ordered: list[Kind] = sorted(kinds.values(), key=lambda kind: kind != likely)
        say.say("utter_ask_complaint_kind", [button(kind.label, kind.label) for kind in ordered])


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
        kind = services().kinds[tracker.get_slot(PREFIX + "kind") or "other"]
        shown: Any = {name: _shown(tracker, name) for name in CORRECTABLE if name != "kind"}
        say.say("utter_ask_complaint_confirmation", kind=kind.label, **shown)


class ActionAskComplaintCorrection(_AskAction):
    """Asks what is to be corrected."""

    question = "correction"


class ActionFinishComplaint(AnsweringAction):
    """Files what was confirmed and gives the receipt; keeps nothing of what was cancelled."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_finish_complaint"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """File or drop. Rasa also comes here when the form broke, so only what is complete is filed."""
        draft = _draft(tracker)
        if tracker.get_slot(PREFIX + "confirmation") == CONFIRMED and draft:
            receipt = file_complaint(services().database, tracker.sender_id, inbox_id_of(tracker), draft)
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
    kind, description, *rest = (given[name] for name in ("kind", "description", "office", "time", "dossier", "contact"))
    if not kind or not description:
        return None
    return Draft(kind, description, *(None if value == NONE else value for value in rest))


def _shown(tracker: Tracker, name: str) -> str:
    value = tracker.get_slot(PREFIX + name)
    return "–" if value in (None, NONE) else str(value)


def _optional(name: str, value: Any) -> dict[str, Any]:
    text = str(value).strip()
    if _is_tap(text):
        return {PREFIX + name: None}
    if is_refusal(text):
        return {PREFIX + name: NONE}
    return _cancelled(text) or {PREFIX + name: text or None}


def _cancelled(value: Any) -> dict[str, Any]:
    return {PREFIX + "confirmation": CANCELLED} if is_cancel(str(value)) else {}


def _is_tap(value: Any) -> bool:
    # A button of an earlier answer, tapped in the middle of the form, is no answer to its question.
    return str(value).startswith("/")


def _reset() -> Events:
    return [SlotSet(PREFIX + name, None) for name in SLOTS]
