"""Feedback that was begun and left: offered once, with whatever the citizen asks next.

The base of all actions calls this, so nothing of the base is imported at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

if TYPE_CHECKING:
    from actions.base import Events, Services, Speaker

OFFERED = "complaint_offered"
CONTINUE, ANEW = "continue", "anew"


def is_unfinished(tracker: Tracker) -> bool:
    """Whether a story is kept that was neither sent nor dropped, and no form is asking (its session ran out)."""
    return bool(tracker.get_slot("complaint_description")) and not (tracker.active_loop or {}).get("name")


def offer_unfinished(say: Speaker, content: Services, tracker: Tracker) -> Events:
    """Offer to go on with it, once."""
    if not is_unfinished(tracker) or tracker.get_slot(OFFERED):
        return []
    acts = content.form.acts
    buttons = [{"title": acts[wish], "payload": f'/submit_complaint{{"value": "{wish}"}}'} for wish in (CONTINUE, ANEW)]
    told = " ".join(tracker.get_slot("complaint_description").split())
    say.say("utter_complaint_unfinished", buttons, description=told)
    return [SlotSet(OFFERED, value=True)]
