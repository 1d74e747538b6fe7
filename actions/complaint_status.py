"""What became of a complaint, by its receipt code."""

from __future__ import annotations

import time

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.base import AnsweringAction, Events, Speaker, button, carried, services, show_day, typed_text
from actions.link_channel import link_buttons
from bot.complaints.conversations import Own, find_own, own_complaints
from bot.complaints.lifecycle import ANSWERED, CLOSED, END_REASONS, WITHDRAWN
from bot.complaints.notices import act_payload
from bot.complaints.queries import Status, find_status
from bot.complaints.workdays import day_in_viet_nam
from bot.text.codes import RECEIPT_CODE, find_receipt_code

CODE = "complaint_code"
TRIES = "complaint_tries"
# Wrong codes of a conversation within an hour; after that it has to wait.
MOST_TRIES = 5
HOUR = 3600
SCORES = range(5, 0, -1)


class ActionComplaintStatus(AnsweringAction):
    """Looks a receipt code up; shows nothing personal."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_complaint_status"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say the status, or ask for the code."""
        asked = carried(tracker, CODE) or typed_text(tracker)
        looks_like_code = RECEIPT_CODE.search(asked) is not None
        if looks_like_code and too_many_tries(tracker):
            say.say("utter_complaint_too_many_codes")
            say.report("answer")
            return []
        code = find_receipt_code(asked)
        status = find_status(services().database, code) if code else None
        if status:
            own = find_own(services().database, tracker.sender_id, status.code)
            buttons = [*act_buttons(own), *link_buttons(tracker.sender_id)] if own else []
            say.say("utter_complaint_status", buttons, **_values(status))
            say.report("answer")
            return []
        if looks_like_code:
            say.say("utter_complaint_unknown" if code else "utter_complaint_code_wrong")
            say.report("answer" if code else "clarify")
            return tried(tracker)
        mine = own_complaints(services().database, tracker.sender_id)
        say.say("utter_ask_receipt_code", [_choice(own) for own in mine])
        say.report("clarify")
        return []


def too_many_tries(tracker: Tracker) -> bool:
    """Whether this conversation has tried too many wrong codes within an hour."""
    return len(_tries(tracker)) >= MOST_TRIES


def tried(tracker: Tracker) -> Events:
    """One more wrong code."""
    return [SlotSet(TRIES, [*_tries(tracker), int(time.time())])]


def _tries(tracker: Tracker) -> list[int]:
    return [moment for moment in tracker.get_slot(TRIES) or () if moment > time.time() - HOUR]


def act_buttons(own: Own) -> list[dict[str, str]]:
    """What the citizen may do with their complaint in its state."""
    if own.end_reason == WITHDRAWN and own.state == CLOSED:
        return []
    if own.state not in (ANSWERED, CLOSED):
        return [act_button("add", own.code), act_button("withdraw", own.code)]
    first = [act_button("solved", own.code)] if own.state == ANSWERED else []
    again = [] if own.reopened else [act_button("not_solved", own.code)]
    return [*first, *again, *([] if own.rating else score_buttons(own.code))]


def act_button(act: str, code: str) -> dict[str, str]:
    """A button of one act."""
    return button(services().form.acts[act], act_payload(act, code))


def score_buttons(code: str) -> list[dict[str, str]]:
    """Buttons from very content to not at all."""
    return [button(f"{score} ★", act_payload(f"rate_{score}", code)) for score in SCORES]


def _values(status: Status) -> dict[str, str]:
    lines = services().form.lines
    told = [f"• {show_day(day_in_viet_nam(moment))}: {state}" for moment, state in status.steps]
    if status.erased:
        told.append(lines["erased"])
    if status.state == CLOSED and status.end_reason:
        told.append(lines["ended"].format(reason=END_REASONS[status.end_reason]))
    elif status.paused:
        told.append(lines["paused"])
    elif status.state not in (ANSWERED, CLOSED):
        told.append(lines["due"].format(day=show_day(status.due_on)) if status.due_on else lines["no_due"])
    if status.state != CLOSED:
        told.append(lines["next"])
    kind = services().rules.kinds.get(status.kind)
    return {"code": status.code, "kind": kind.label if kind else status.kind, "steps": "\n".join(told)}


def _choice(own: Own) -> dict[str, str]:
    kind = services().rules.kinds.get(own.kind)
    title = f"{own.code} ({kind.label})" if kind else own.code
    return button(title, f'/check_complaint_status{{"{CODE}": "{own.code}"}}')
