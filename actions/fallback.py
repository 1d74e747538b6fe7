"""When the understanding is not sure: one question back, then a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.base import AnsweringAction, Events, Speaker, button, reading_of, services, typed_text
from bot.catalogue.search import match_procedure

# Readings less likely than this are not worth a button.
LEAST_SHARE = 0.04
MOST_READINGS = 3
MOST_CLARIFICATIONS = 2


class ActionFallback(AnsweringAction):
    """Asks back with up to three readings; when that has not helped before, offers a person."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_fallback"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Ask back or hand over."""
        before = int(tracker.get_slot("clarifications") or 0)
        buttons = _readings(reading_of(tracker.latest_message))
        if not buttons or before + 1 > MOST_CLARIFICATIONS:
            hand_over(say, "utter_not_understood")
            return [SlotSet("clarifications", 0)]
        say.say("utter_ask_which_reading", [*buttons, _none_of_these()])
        say.report("clarify")
        match = match_procedure(services().search, typed_text(tracker))
        remembered = [SlotSet("procedure", match.sure.key)] if match.sure else []
        return [*remembered, SlotSet("clarifications", before + 1)]


class ActionRejectAnswer(AnsweringAction):
    """After "không phải ý tôi": the other readings of the message that was answered."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_reject_answer"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Offer what else may have been meant."""
        answered = _message_before(tracker)
        buttons = _readings(reading_of(answered)[1:]) if answered else []
        if not buttons:
            hand_over(say, "utter_not_understood")
            return []
        say.say("utter_ask_which_else", [*buttons, _none_of_these()])
        say.report("clarify")
        return []


class ActionAskHuman(AnsweringAction):
    """Gives the hotline, the hours and the offer to write to the centre."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_ask_human"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Hand over."""
        hand_over(say, "utter_ask_human")
        return [SlotSet("clarifications", 0)]


def hand_over(say: Speaker, response: str) -> None:
    """Say where a person can be had, and offer to write to the centre."""
    knowledge = services().knowledge
    say.say(
        response,
        [
            button(knowledge.title("submit_complaint"), "/submit_complaint"),
            button(knowledge.reading("ask_hotline"), "/ask_hotline"),
        ],
    )
    say.report("handover")


def _readings(ranking: list[tuple[str, float]]) -> list[dict[str, str]]:
    knowledge = services().knowledge
    offered = [name for name, share in ranking if share >= LEAST_SHARE and knowledge.reading(name)]
    return [button(knowledge.reading(name), f"/{name}") for name in offered[:MOST_READINGS]]


def _none_of_these() -> dict[str, str]:
    return button(services().knowledge.title("ask_human"), "/ask_human")


def _message_before(tracker: Tracker) -> dict[str, Any] | None:
    """What was understood of the last typed message before the tap."""
    for event in reversed(tracker.events):
        if event.get("event") == "user" and not (event.get("text") or "").startswith("/"):
            understood: dict[str, Any] = event.get("parse_data") or {}
            return understood
    return None
