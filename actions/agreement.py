"""Asking once, after a first useful answer, whether a citizen's questions may be used in improving the bot.

The base of all actions calls this, so nothing of the base is imported at run time.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from bot.complaints import consents
from bot.complaints.retention import Wording, load_wording
from bot.settings import ROOT

if TYPE_CHECKING:
    from actions.base import Events, Services, Speaker

ASKED = "improve_asked"
# Nobody comes back to a conversation of the terminal, so nobody could take an agreement back there.
PASSING = ("terminal",)
# Answers after which a question of our own has no place.
QUIET = ("report_emergency", "report_scam_crime", "privacy_request", "privacy_act")


def ask_improve(say: Speaker, content: Services, tracker: Tracker, intent: str) -> Events:
    """Ask, unless it was asked before in this conversation; silence is a no."""
    channel = (tracker.latest_message.get("metadata") or {}).get("channel")
    if tracker.get_slot(ASKED) or tracker.get_slot("requested_slot") or channel in PASSING or intent in QUIET:
        return []
    with content.database.reading() as session:
        known = consents.was_asked(session, tracker.sender_id, consents.IMPROVE)
    if not known:
        say.say("utter_ask_improve", privacy_buttons(("improve_yes", "improve_no")))
    return [SlotSet(ASKED, True)]


def privacy_buttons(values: tuple[str, ...]) -> list[dict[str, str]]:
    """Buttons about one's own data."""
    titles = wording().buttons
    return [{"title": titles[value], "payload": f'/privacy_act{{"value": "{value}"}}'} for value in values]


@lru_cache(maxsize=1)
def wording() -> Wording:
    """What citizens read about their data."""
    return load_wording(ROOT / "knowledge")
