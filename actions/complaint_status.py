"""What became of a complaint, by its receipt code."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.base import AnsweringAction, Events, Speaker, services, show_day, typed_text
from bot.complaints.queries import find_status
from bot.text.codes import RECEIPT_CODE, find_receipt_code


class ActionComplaintStatus(AnsweringAction):
    """Looks a receipt code up; shows nothing personal."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_complaint_status"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say the status, or ask for the code."""
        code = find_receipt_code(typed_text(tracker))
        status = find_status(services().database, code) if code else None
        if status:
            steps = "\n".join(f"• {show_day(moment.date())}: {state}" for moment, state in status.steps)
            kind = services().rules.kinds[status.kind].label
            say.say("utter_complaint_status", code=status.code, kind=kind, steps=steps)
            say.report("answer")
        elif code:
            say.say("utter_complaint_unknown")
            say.report("answer")
        elif RECEIPT_CODE.search(typed_text(tracker)):
            say.say("utter_complaint_code_wrong")
            say.report("clarify")
        else:
            say.say("utter_ask_receipt_code")
            say.report("clarify")
        return []
