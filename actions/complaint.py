"""The beginning of feedback: what the first words tell, what they look like, and what was left unfinished."""

from __future__ import annotations

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.base import AnsweringAction, Events, Speaker, carried, intent_of, is_tapped, show_day, typed_text
from actions.complaint_slots import (
    NONE,
    PREFIX,
    Values,
    empty,
    kind_of,
    likely_route,
    read_words,
    set_slots,
    settle_join,
    settle_route,
    slot_of,
)
from actions.unfinished import ANEW, CONTINUE, OFFERED, is_unfinished
from bot.text.normalise import words

PRESET_KINDS = {"submit_suggestion": "suggestion", "submit_praise": "praise"}
# Fewer words are a wish to complain, not yet the matter.
LEAST_WORDS = 6


class ActionStartComplaint(AnsweringAction):
    """Opens the form; what was already told is not asked again."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_start_complaint"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Introduce the form and keep the first words, or ask about those that were left."""
        wish = carried(tracker, "value")
        # An old session may have left a question open.
        fresh = [SlotSet("requested_slot", None), SlotSet(OFFERED, None)]
        if is_unfinished(tracker) and wish == CONTINUE:
            return [*fresh, *set_slots({"next": None, "resume": None, "confirmation": None, "correction": None})]
        if is_unfinished(tracker) and wish != ANEW:
            return [*fresh, *set_slots({"next": typed_text(tracker) or NONE, "resume": None, "confirmation": None})]
        # What stands behind the command for feedback is the matter, however short.
        least = 1 if is_tapped(tracker) else LEAST_WORDS
        return [*fresh, *begin(say, tracker, typed_text(tracker), PRESET_KINDS.get(intent_of(tracker)), least)]


def begin(say: Speaker, tracker: Tracker, text: str, kind: str | None = None, least: int = LEAST_WORDS) -> Events:
    """Start a form with the first words, which are the matter when there are so many."""
    told = len(text.split()) >= least and bool(words(text))
    first: Values = {**empty(), "kind": kind, "description": text if told else None}
    first["words"] = [["description", text]] if told else None
    say.say("utter_complaint_intro")
    return [*_put(tracker, first), *hear(say, tracker, text)]


def hear(say: Speaker, tracker: Tracker, text: str) -> Events:
    """Take from a text all that it settles, and say once what the matter looks like."""
    silent = slot_of(tracker, "likely") is None
    events = _put(tracker, read_words(tracker, text) if text else {})
    story = slot_of(tracker, "description") or text
    events += _put(tracker, settle_route(tracker, story) if story else {})
    events += _put(tracker, settle_join(tracker))
    route = likely_route(tracker)
    if silent and route and not route.asks:
        kind = kind_of(tracker)
        say.say(
            "utter_complaint_route_kind" if kind else "utter_complaint_route",
            kind=kind.label if kind else "",
            **route_values(tracker),
        )
    return events


def route_values(tracker: Tracker) -> Values:
    """What the matter looks like, as a response wants it."""
    route = likely_route(tracker)
    if route is None:
        return {}
    checked_on = show_day(route.checked_on)
    return {
        "route": route.label, "why": route.why, "means": route.means, "basis": route.basis, "checked_on": checked_on
    }  # fmt: skip


def _put(tracker: Tracker, values: Values) -> Events:
    """Events that set slots, which hold already for what is read next."""
    province = values.get("province")
    rest = {name: value for name, value in values.items() if name != "province"}
    tracker.slots.update({PREFIX + name: value for name, value in rest.items()})
    return [*set_slots(rest), *([SlotSet("province", province)] if province else [])]
