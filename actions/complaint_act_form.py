"""The words that an act on filed feedback needs: what is added, why it is not solved, a word with the rating."""

from __future__ import annotations

from typing import Any, cast

from rasa_sdk import FormValidationAction, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher
from rasa_sdk.types import DomainDict

from actions.asides import answer_aside
from actions.base import AnsweringAction, Events, Speaker, services
from actions.complaint_acts import ACT, ACT_CODE, ADD, NOT_SOLVED, RATE, WORDS, may_reopen, say_error
from actions.complaint_slots import NONE, answer_to, buttons_of
from bot.complaints import citizen
from bot.complaints.conversations import find_own
from bot.complaints.errors import ComplaintError
from bot.text.answers import is_cancel, is_refusal


class ValidateComplaintActForm(FormValidationAction):
    """Takes the words for one act."""

    def name(self) -> str:
        """Its name in the domain."""
        return "validate_complaint_act_form"

    async def get_validation_events(
        self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> Events:
        """Whatever is typed are the words; a tap on another button leaves them open."""
        aside = answer_aside(Speaker(dispatcher, tracker), tracker)
        if aside is not None:
            return [*aside, *(SlotSet(name, None) for name in tracker.slots_to_validate())]
        return cast(Events, await super().get_validation_events(dispatcher, tracker, domain))

    def validate_complaint_act_words(
        self, value: Any, dispatcher: CollectingDispatcher, tracker: Tracker, domain: DomainDict
    ) -> dict[str, Any]:
        """Any words, or none."""
        said = answer_to("words", value, tracker)
        # "không có" may be what the centre asked for.
        nothing = is_refusal(said) and (tracker.get_slot(ACT) != ADD or " " not in said)
        return {WORDS: NONE if said == NONE or is_cancel(said) or nothing else said or None}


class ActionAskComplaintActWords(AnsweringAction):
    """Asks for the words that an act needs."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_ask_complaint_act_words"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Ask for them."""
        act, code = tracker.get_slot(ACT), tracker.get_slot(ACT_CODE)
        asked = {ADD: "utter_ask_act_add", NOT_SOLVED: "utter_ask_act_not_solved"}
        say.say(asked.get(act, "utter_ask_act_rate"), buttons_of("words"), code=code)
        say.report("form")
        return []


class ActionFinishComplaintAct(AnsweringAction):
    """Does what the words were given for."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_finish_complaint_act"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Add, reopen or complete the rating; without words nothing is done."""
        act, code = tracker.get_slot(ACT) or "", tracker.get_slot(ACT_CODE) or ""
        text = tracker.get_slot(WORDS) or NONE
        try:
            _finish(say, act, code, text)
        except ComplaintError as error:
            say_error(say, error, code)
        say.report("form")
        return [SlotSet(name, None) for name in (ACT, ACT_CODE, WORDS)]


def _finish(say: Speaker, act: str, code: str, text: str) -> None:
    database, rules = services().database, services().rules
    if text == NONE:
        say.say("utter_act_words_none" if act.startswith(RATE) else "utter_act_nothing", code=code)
    elif act == ADD:
        citizen.add_information(database, rules, say.conversation, code, text)
        say.say("utter_act_added", code=code)
    elif act == NOT_SOLVED:
        own = find_own(database, say.conversation, code)
        # Run again, it has been opened already.
        if own is None or may_reopen(own):
            citizen.not_solved(database, rules, say.conversation, code, text)
        say.say("utter_act_reopened", code=code)
    else:
        citizen.rate(database, rules, say.conversation, code, int(act.removeprefix(RATE)), text)
        say.say("utter_act_words_kept", code=code)
