"""Greetings and the like."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.base import OUT_OF_SCOPE, AnsweringAction, Events, Speaker, clarifications_of, intent_of, services
from actions.fallback import hand_over
from actions.life_events import answer_named
from actions.topics import topic_button

# After so many, the citizen may mean something that the bot does not see.
MOST_IN_A_ROW = 2


class ActionSmalltalk(AnsweringAction):
    """Says the response that has the intent's name."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_smalltalk"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say it."""
        intent = intent_of(tracker)
        topic = services().knowledge.topic_for(intent)
        say.say(f"utter_{intent}", [topic_button(topic)] if topic else [])
        say.report("smalltalk")
        return []


class ActionOutOfScope(AnsweringAction):
    """Says kindly what the bot is for."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_out_of_scope"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say it."""
        if answer_named(say, tracker):
            return []
        if clarifications_of(tracker) >= MOST_IN_A_ROW:
            hand_over(say, "utter_not_understood")
        else:
            say.say("utter_out_of_scope")
            say.report(OUT_OF_SCOPE)
        return []
