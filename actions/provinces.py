"""The citizen's province, told by a button."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.base import AnsweringAction, Events, Speaker, carried, services
from actions.local import AWAITED, PROVINCE, SETTLED, settle_province


class ActionChooseProvince(AnsweringAction):
    """Remembers the province and completes the answer that waits for it."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_choose_province"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Settle it; another province is told by its name, or not at all."""
        province = carried(tracker, "province")
        if province not in services().knowledge.provinces:
            say.say("utter_other_province")
            say.report("smalltalk")
            return [] if tracker.get_slot(AWAITED) else [SlotSet(AWAITED, SETTLED)]
        say.province = province
        return [SlotSet(PROVINCE, province), *settle_province(say, services(), tracker)]
