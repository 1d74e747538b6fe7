"""When the understanding is not sure: one question back, then a person."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.base import (
    CLARIFY,
    AnsweringAction,
    Events,
    Speaker,
    asked_text,
    button,
    clarifications_of,
    reading_of,
    services,
)
from actions.life_events import answer_named
from bot.catalogue.search import match_procedure

# Readings less likely than this are not worth a button.
LEAST_SHARE = 0.04
MOST_READINGS = 3
MOST_CLARIFICATIONS = 1


class ActionFallback(AnsweringAction):
    """Asks back with up to three readings; when that has not helped before, offers a person."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_fallback"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Ask back or hand over."""
        if answer_named(say, tracker):
            return []
        readings = reading_of(tracker.latest_message)
        if readings and readings[0][1] < services().knowledge.hand_over:
            hand_over(say, "utter_not_understood")
            return []
        ask_back(say, tracker, "utter_ask_which_reading", _readings(readings))
        match = match_procedure(services().search, asked_text(tracker))
        known = services().knowledge.procedures
        return [SlotSet("procedure", match.sure.key)] if match.sure and match.sure.key in known else []


class ActionRejectAnswer(AnsweringAction):
    """After "không phải ý tôi": the other readings of the message that was answered."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_reject_answer"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Offer what else may have been meant."""
        answered = _message_before(tracker)
        ask_back(
            say, tracker, "utter_ask_which_else", _readings(reading_of(answered)[1:], least=0.0) if answered else []
        )
        return []


class ActionAskHuman(AnsweringAction):
    """Gives the hotline, where the hours are found, and the offer to write to the centre."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_ask_human"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Hand over."""
        hand_over(say, "utter_ask_human")
        return []


def ask_back(say: Speaker, tracker: Tracker, response: str, buttons: list[dict[str, str]]) -> None:
    """Ask one question back; when there is nothing to choose from, or it did not help before, hand over."""
    if not buttons or clarifications_of(tracker) >= MOST_CLARIFICATIONS:
        hand_over(say, "utter_not_understood")
        return
    say.say(response, [*buttons, _none_of_these()])
    say.report(CLARIFY)


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


def _readings(ranking: list[tuple[str, float]], least: float = LEAST_SHARE) -> list[dict[str, str]]:
    knowledge = services().knowledge
    offered = [name for name, share in ranking if share >= least and knowledge.reading(name)]
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
