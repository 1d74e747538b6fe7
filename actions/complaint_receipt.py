"""The end of the feedback form: a receipt, a matter joined, or nothing kept."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker

from actions.base import AnsweringAction, Events, Speaker, inbox_id_of, services, show_day
from actions.complaint_slots import (
    CANCELLED,
    CONFIRMED,
    CORRECTABLE,
    JOINED,
    NONE,
    Values,
    kind_of,
    reset,
    route_filed,
    slot_of,
)
from actions.link_channel import link_buttons
from actions.local import PROVINCE
from bot.complaints.filing import Draft, Receipt, file_complaint
from bot.complaints.workdays import day_in_viet_nam
from bot.text.normalise import clean

SHORT = 100
SHOWN_OF_LINK = 12


class ActionFormOver(AnsweringAction):
    """A button of a form that has ended, tapped once more."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_form_over"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say so; what was sent stays sent once."""
        say.say("utter_form_over")
        say.report("smalltalk")
        return []


class ActionFinishComplaint(AnsweringAction):
    """Files what was confirmed and gives the receipt; keeps nothing of what was cancelled."""

    hears_places = False

    def name(self) -> str:
        """Its name in the domain."""
        return "action_finish_complaint"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """File or drop. Rasa also comes here when the form broke, so only what is complete is filed."""
        draft, end = _draft(tracker), slot_of(tracker, "confirmation")
        if end == CONFIRMED and draft:
            receipt = file_complaint(
                services().database, services().rules, tracker.sender_id, inbox_id_of(tracker), draft
            )
            say.say("utter_complaint_receipt", link_buttons(tracker.sender_id), **_receipt_values(receipt, draft))
        elif end == JOINED:
            kind = kind_of(tracker)
            say.say("utter_complaint_joined", code=slot_of(tracker, "join"), kind=kind.label if kind else "")
        elif end == CANCELLED:
            say.say("utter_complaint_cancelled")
        else:
            say.say("utter_complaint_broken")
        say.report("form")
        return reset()


def _receipt_values(receipt: Receipt, draft: Draft) -> Values:
    lines = services().form.lines
    due = lines["due"].format(day=show_day(receipt.due_on)) if receipt.due_on else lines["no_due"]
    return {
        "code": receipt.code,
        "filed_on": show_day(day_in_viet_nam(receipt.filed_at)),
        "kind": services().rules.kinds[receipt.kind].label,
        "summary": _short(draft.description),
        "due": due,
        "url": f"{services().settings.public_url}/phan-anh/{receipt.code}",
        "link": receipt.link[:SHOWN_OF_LINK],
    }


def _short(text: str) -> str:
    """The beginning of a text in one line, cut between words."""
    line = " ".join(clean(text).split())
    return line if len(line) <= SHORT else f"{line[:SHORT].rsplit(' ', 1)[0]} …"


def _draft(tracker: Tracker) -> Draft | None:
    given: dict[str, Any] = {name: slot_of(tracker, name) for name in CORRECTABLE}
    told = {name: None if value == NONE else value for name, value in given.items()}
    if not told["kind"] or not told["description"]:
        return None
    return Draft(
        told["kind"],
        told["description"],
        office=told["office"],
        happened=told["time"],
        dossier_code=told["dossier"],
        contact=told["contact"],
        person=told["person"],
        route=route_filed(slot_of(tracker, "route") or "", told["kind"]),
        province=tracker.get_slot(PROVINCE),
        words=tuple((question, text) for question, text in slot_of(tracker, "words") or ()),
    )
