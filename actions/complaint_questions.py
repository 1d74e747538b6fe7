"""The questions of the feedback form; each says why it is asked."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions.base import AnsweringAction, Events, Speaker, services, show_day
from actions.complaint import route_values
from actions.complaint_slots import NONE, buttons_of, form_button, kind_of, likely_route, offers_to, slot_of
from actions.topics import topic_button
from bot.complaints.coach import understand
from bot.complaints.conversations import Offer
from bot.complaints.kinds import Kind, guess_kind
from bot.complaints.workdays import day_in_viet_nam

WEB = "web:"


class _AskAction(AnsweringAction):
    """Asks one question of the form."""

    hears_places = False

    question = ""

    def name(self) -> str:
        """Its name in the domain."""
        return f"action_ask_complaint_{self.question}"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Ask it."""
        self.ask(say, tracker)
        say.report("form")
        return []

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Say the question; the first one offers another kind than the one that was understood."""
        say.say(f"utter_ask_complaint_{self.question}", [*buttons_of(self.question), *self.more(tracker)])

    def more(self, tracker: Tracker) -> list[dict[str, str]]:
        """Further buttons."""
        told = slot_of(tracker, "words") or []
        understood = len(told) <= 1 and kind_of(tracker) and slot_of(tracker, "description")
        return [form_button("change", "kind", services().form.acts["change_kind"])] if understood else []


class ActionAskComplaintResume(_AskAction):
    """Asks whether to go on with what was left."""

    question = "resume"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Show what it was."""
        say.say(
            "utter_ask_complaint_resume",
            buttons_of("resume"),
            description=_one_paragraph(slot_of(tracker, "description")),
        )


class ActionAskComplaintRoute(_AskAction):
    """Says which way the matter looks like, what that means, and lets the citizen choose."""

    question = "route"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Say it with law and day."""
        route = likely_route(tracker) or services().routes["phan_anh"]
        topics = services().knowledge.topics
        chosen = [form_button("route", value, title) for value, title in route.choices.items()]
        more = [topic_button(topics[key]) for key in route.topics if key in topics]
        say.say("utter_ask_complaint_route", chosen + more, **route_values(tracker))


class ActionAskComplaintDescription(_AskAction):
    """Asks what happened."""

    question = "description"


class ActionAskComplaintKind(_AskAction):
    """Asks for the kind, the likely one first."""

    question = "kind"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Offer every kind as a button."""
        kinds = services().rules.kinds
        likely = guess_kind(kinds, slot_of(tracker, "description") or "")
        ordered: list[Kind] = sorted(kinds.values(), key=lambda kind: kind != likely)
        choices = [form_button("kind", kind.key, kind.label) for kind in ordered]
        say.say("utter_ask_complaint_kind", choices + buttons_of("kind"))


class ActionAskComplaintJoin(_AskAction):
    """Offers open complaints of the same matter."""

    question = "join"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Show kind, day and what both speak of; nobody's words."""
        kind = kind_of(tracker) or services().rules.kinds["other"]
        choices = [form_button("join", offer.code, _title(offer)) for offer in offers_to(tracker, kind)]
        say.say("utter_ask_complaint_join", choices + buttons_of("join"), kind=kind.label)


class ActionAskComplaintOffice(_AskAction):
    """Asks which office."""

    question = "office"


class ActionAskComplaintTime(_AskAction):
    """Asks when."""

    question = "time"


class ActionAskComplaintPerson(_AskAction):
    """Asks who."""

    question = "person"


class ActionAskComplaintDossier(_AskAction):
    """Asks for the dossier code."""

    question = "dossier"


class ActionAskComplaintContact(_AskAction):
    """Asks how the centre may reach the citizen, after saying what becomes of it."""

    question = "contact"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Say the consent sentence, then the question."""
        say.say("utter_contact_consent")
        super().ask(say, tracker)


class ActionAskComplaintConfirmation(_AskAction):
    """Shows what will be sent."""

    question = "confirmation"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Show the citizen's words, what was understood, and the three ways on."""
        kind = kind_of(tracker) or services().rules.kinds["other"]
        told = understand(slot_of(tracker, "description") or "", services().today)
        if told.centre:
            say.say("utter_complaint_own_centre")
        if (told.evidence or "evidence" in kind.questions) and tracker.sender_id.startswith(WEB):
            say.say("utter_complaint_evidence_named" if told.evidence else "utter_complaint_evidence")
        labels = services().form.labels
        lines = [f"• {labels[name]}: {_shown(tracker, name, kind)}" for name in labels if _counts(tracker, name, kind)]
        say.say(
            "utter_ask_complaint_confirmation",
            buttons_of("confirmation"),
            description=_one_paragraph(slot_of(tracker, "description")),
            understood="\n".join(lines),
        )


class ActionAskComplaintCorrection(_AskAction):
    """Asks what is to be corrected."""

    question = "correction"

    def ask(self, say: Speaker, tracker: Tracker) -> None:
        """Offer every part."""
        say.say("utter_ask_complaint_correction", buttons_of("correction"))


def _counts(tracker: Tracker, name: str, kind: Kind) -> bool:
    return name == "kind" or name in kind.questions or slot_of(tracker, name) not in (None, NONE)


def _shown(tracker: Tracker, name: str, kind: Kind) -> str:
    value: Any = kind.label if name == "kind" else slot_of(tracker, name)
    return "–" if value in (None, NONE) else str(value)


def _one_paragraph(text: str | None) -> str:
    """A text without blank lines, at which Rasa would cut the answer in two."""
    return "\n".join(line for line in (text or "").splitlines() if line.strip())


def _title(offer: Offer) -> str:
    lines = services().form.lines
    told = lines["joined"] if offer.words else lines["joined_plain"]
    return told.format(day=show_day(day_in_viet_nam(offer.filed_at)), words=", ".join(offer.words))
