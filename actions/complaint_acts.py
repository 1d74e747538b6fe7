"""What citizens do with feedback they filed: add to it, withdraw it, say whether it is solved, rate the answer."""

from __future__ import annotations

from collections.abc import Callable

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction, SlotSet

from actions.base import AnsweringAction, Events, Speaker, carried, follows, services
from actions.complaint_status import CODE, act_button, act_buttons, score_buttons, too_many_tries, tried
from bot.complaints import citizen
from bot.complaints.conversations import Own, find_own
from bot.complaints.errors import (
    ChangedMeanwhileError,
    ComplaintError,
    ForbiddenMoveError,
    MissingTextError,
    NotYoursError,
    UnknownComplaintError,
)
from bot.complaints.lifecycle import ANSWERED, CLOSED, MOST_REOPENINGS, WITHDRAWN
from bot.complaints.queries import find_status

ACT_FORM = "complaint_act_form"
ACT, ACT_CODE, WORDS = "complaint_act", "complaint_act_code", "complaint_act_words"
ADD, WITHDRAW, WITHDRAW_SURE, KEEP, SOLVED, NOT_SOLVED = (
    "add", "withdraw", "withdraw_sure", "keep", "solved", "not_solved"
)  # fmt: skip
RATE = "rate_"
SENTENCES: dict[type[ComplaintError], str] = {
    UnknownComplaintError: "utter_complaint_unknown",
    NotYoursError: "utter_act_not_yours",
    ForbiddenMoveError: "utter_act_forbidden",
    MissingTextError: "utter_act_missing_text",
    ChangedMeanwhileError: "utter_act_changed",
}


class ActionComplaintAct(AnsweringAction):
    """A tap on a button under a notice, a receipt or a status."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_complaint_act"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Do what the button stands for, or ask for the words that it needs; a second tap changes nothing more."""
        act, code = carried(tracker, "act") or "", carried(tracker, CODE) or ""
        events = self._events(say, tracker, act, code)
        if not any(event["event"] == "followup" for event in events):
            say.report("answer")
        return events

    def _events(self, say: Speaker, tracker: Tracker, act: str, code: str) -> Events:
        if (tracker.active_loop or {}).get("name"):
            say.say("utter_act_later")
            return []
        own = find_own(services().database, say.conversation, code)
        if own is None:
            return _not_own(say, tracker, code)
        if act == WITHDRAW_SURE and own.state != CLOSED and not follows(tracker, act_button(WITHDRAW, own.code)):
            act = WITHDRAW
        try:
            return self._act(say, act, own)
        except ComplaintError as error:
            say_error(say, error, own.code)
            return []

    def _act(self, say: Speaker, act: str, own: Own) -> Events:
        if act == ADD and own.state != CLOSED:
            return _ask_words(ADD, own)
        if act == NOT_SOLVED and may_reopen(own):
            return _ask_words(NOT_SOLVED, own)
        if act.startswith(RATE) and act.removeprefix(RATE).isdigit():
            return _rate(say, act, own)
        done: dict[str, Callable[[Speaker, Own], None]] = {
            WITHDRAW: _ask_whether_to_withdraw,
            WITHDRAW_SURE: _withdraw,
            KEEP: _keep,
            SOLVED: _settle,
        }
        done.get(act, _not_now)(say, own)
        return []


def may_reopen(own: Own) -> bool:
    """Whether "not solved" may still be said."""
    ended = own.state in (ANSWERED, CLOSED) and own.end_reason != WITHDRAWN
    return ended and own.reopened < MOST_REOPENINGS


def say_error(say: Speaker, error: ComplaintError, code: str) -> None:
    """Say in a sentence what could not be done."""
    response = next((said for kind, said in SENTENCES.items() if isinstance(error, kind)), "utter_act_forbidden")
    own = find_own(services().database, say.conversation, code)
    say.say(response, act_buttons(own) if own else [], code=code)


def _not_own(say: Speaker, tracker: Tracker, code: str) -> Events:
    if too_many_tries(tracker):
        say.say("utter_complaint_too_many_codes")
        return []
    known = find_status(services().database, code)
    say.say("utter_act_not_yours" if known else "utter_complaint_unknown", code=code)
    return [] if known else tried(tracker)


def _ask_words(act: str, own: Own) -> Events:
    return [SlotSet(ACT, act), SlotSet(ACT_CODE, own.code), SlotSet(WORDS, None), FollowupAction(ACT_FORM)]


def _rate(say: Speaker, act: str, own: Own) -> Events:
    score = int(act.removeprefix(RATE))
    citizen.rate(services().database, services().rules, say.conversation, own.code, score)
    say.say("utter_act_rated", code=own.code, score=score)
    return _ask_words(act, own)


def _ask_whether_to_withdraw(say: Speaker, own: Own) -> None:
    if own.state in (ANSWERED, CLOSED):
        _not_now(say, own)
        return
    say.say("utter_act_withdraw_sure", [act_button(WITHDRAW_SURE, own.code), act_button(KEEP, own.code)], code=own.code)


def _withdraw(say: Speaker, own: Own) -> None:
    if own.state != CLOSED:
        citizen.withdraw(services().database, services().rules, say.conversation, own.code)
    elif own.end_reason != WITHDRAWN:
        _not_now(say, own)
        return
    say.say("utter_act_withdrawn", code=own.code)


def _keep(say: Speaker, own: Own) -> None:
    say.say("utter_act_kept", act_buttons(own), code=own.code)


def _settle(say: Speaker, own: Own) -> None:
    if own.state == ANSWERED:
        citizen.settle(services().database, services().rules, say.conversation, own.code)
    elif own.state != CLOSED or own.end_reason == WITHDRAWN:
        _not_now(say, own)
        return
    say.say("utter_act_solved", [] if own.rating else score_buttons(own.code), code=own.code)


def _not_now(say: Speaker, own: Own) -> None:
    say.say("utter_act_forbidden", act_buttons(own), code=own.code)
