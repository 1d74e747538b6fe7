"""What depends on the citizen's province: it is heard, asked once, remembered, and completes answers.

The base of all actions calls this, so nothing of the base is imported at run time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from bot.catalogue.model import Office, Procedure, Topic

if TYPE_CHECKING:
    from actions.base import Events, Services, Speaker

PROVINCE, AWAITED = "province", "province_awaited"
# Stands in the second slot once the province was told: nothing waits for it any more.
SETTLED = "-"
OTHER = "other"
# Here a place belongs to what happened, and nothing may come before the answer.
QUIET = ("report_emergency", "report_scam_crime", "submit_complaint", "submit_suggestion", "submit_praise")


def hear_place(say: Speaker, content: Services, intent: str) -> Events:
    """Remember the province that a typed message names, and say what became of an old name."""
    found = say.found
    if found is None:
        return []
    old, former, province = found.place.old, found.place.former, found.province
    if found.alone or intent not in QUIET:
        if old and old.provenance.is_current(content.today):
            say.say("utter_old_place", said=old.say)
        elif former and province:
            say.say("utter_former_province", former=former, province=content.knowledge.provinces[province].name)
    return [SlotSet(PROVINCE, province)] if province else []


def settle_province(say: Speaker, content: Services, tracker: Tracker) -> Events:
    """After the province was told: complete the answer that waits for it, or only say that it is remembered."""
    aspect = tracker.get_slot(AWAITED) or ""
    procedure = content.knowledge.procedures.get(tracker.get_slot("procedure") or "")
    if procedure and aspect in procedure.local and procedure.provenance.is_current(content.today):
        say_local(say, content, procedure, aspect, [])
        say.report("answer", procedure=procedure.key)
    else:
        say.say("utter_province_kept", province=_name(say, content))
        say.report("smalltalk")
    return [SlotSet(AWAITED, SETTLED)]


def ask_province(say: Speaker, content: Services, tracker: Tracker, aspect: str) -> Events:
    """Ask once in a conversation where the citizen lives; what waits for it is remembered in any case."""
    if not tracker.get_slot(AWAITED):
        known = content.knowledge
        chosen = [(known.provinces[key].name, key) for key in known.offices if key in known.provinces]
        buttons = [_button(name, key) for name, key in chosen]
        say.say("utter_ask_province", [*buttons, _button(known.title("choose_province"), OTHER)])
    return [SlotSet(AWAITED, aspect)]


def say_local(
    say: Speaker, content: Services, procedure: Procedure, aspect: str, buttons: list[dict[str, str]]
) -> None:
    """Say what is known of a procedure in the citizen's province, or that it was not checked, and whom to ask."""
    values = {"province": _name(say, content), "aspect": content.knowledge.title(f"ask_procedure_{aspect}").lower()}
    figure = procedure.local_figures.get(aspect, {}).get(say.province or "")
    figure_today = figure.on(content.today) if figure else None
    office = _office(say, content)
    if figure_today:
        say.say("utter_local_known", buttons, figure=figure_today, **values)
    elif office:
        say.say("utter_local_unknown_office", buttons, office=_first_centre(office), **values)
    else:
        say.say("utter_local_unknown", buttons, **values)


def say_office(say: Speaker, content: Services, topic: Topic, buttons: list[dict[str, str]]) -> None:
    """Complete a topic by what is known of the centres in the citizen's province."""
    office = _office(say, content)
    body = _part(office, topic.local or "") if office else None
    if office and body:
        checked_on = office.provenance.checked_on.strftime("%d/%m/%Y")
        say.say("utter_office", buttons, office=office.name, body=body, checked_on=checked_on)
    else:
        say.say("utter_office_unknown", buttons, province=_name(say, content), title=topic.title)


def _name(say: Speaker, content: Services) -> str:
    return content.knowledge.provinces[say.province or ""].name


def _office(say: Speaker, content: Services) -> Office | None:
    office = content.knowledge.offices.get(say.province or "")
    return office if office and office.provenance.is_current(content.today) else None


def _part(office: Office, part: str) -> str | None:
    if part == "centres":
        lines = [
            f"• {centre.name}: {' – '.join(filter(None, (centre.place, centre.note)))}" for centre in office.centres
        ]
        return "\n".join([*lines, office.note])
    said: str | None = {"hours": office.hours, "hotline": office.hotline}[part]
    return said


def _first_centre(office: Office) -> str:
    centre = office.centres[0]
    return f"{centre.name} ({centre.place})" if centre.place else centre.name


def _button(title: str, province: str) -> dict[str, Any]:
    return {"title": title, "payload": f'/choose_province{{"province": "{province}"}}'}
