"""What a citizen says in the middle of the form that is no answer to its question: answered, then asked again."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.base import AnsweringAction, Events, Speaker, reading_of, services
from actions.complaint_acts import ActionComplaintAct
from actions.complaint_status import ActionComplaintStatus
from actions.fallback import ActionAskHuman
from actions.privacy import ActionPrivacyAct
from actions.procedures import ASPECTS, ActionAnswerProcedure
from actions.provinces import ActionChooseProvince
from actions.topics import ActionAnswerTopic, ActionShowTopic, say_topic
from bot.text.answers import is_question

EMERGENCY = "report_emergency"
# Questions whose answer is a story of the citizen's.
STORIES = ("complaint_description", "complaint_act_words")
# A false alarm costs five lines, silence may cost a life.
DANGER = 0.5
SURE = 0.8


def answer_aside(say: Speaker, tracker: Tracker) -> Events | None:
    """Answer what is no answer to the form's question.

    Returns:
        Rasa events when the question is to be asked again, None when the message is its answer.
    """
    asked = tracker.get_slot("requested_slot")
    understood = reading_of(tracker.latest_message)
    if not asked or not understood:
        return None
    intent, confidence = understood[0]
    if intent == EMERGENCY and confidence >= DANGER:
        say_topic(say, services().knowledge.topics["emergency"])
        # In the story itself the danger belongs to what happened.
        return None if asked in STORIES else []
    action = _action_for(intent)
    text = tracker.latest_message.get("text") or ""
    if text.startswith("/"):
        return None if intent == "form_answer" else action.answer(say, tracker) if action else []
    asks = is_question(text) and asked not in STORIES
    if action and confidence >= SURE and (asks or isinstance(action, ActionAskHuman | ActionComplaintStatus)):
        return action.answer(say, tracker)
    return None


def _action_for(intent: str) -> AnsweringAction | None:
    if intent in ASPECTS:
        return ActionAnswerProcedure()
    if intent == "show_topic":
        return ActionShowTopic()
    if intent == "choose_province":
        return ActionChooseProvince()
    if intent == "ask_human":
        return ActionAskHuman()
    if intent == "privacy_act":
        return ActionPrivacyAct()
    if intent == "complaint_act":
        return ActionComplaintAct()
    if intent == "check_complaint_status":
        return ActionComplaintStatus()
    return ActionAnswerTopic() if services().knowledge.topic_for(intent) else None
