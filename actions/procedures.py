"""Answers about one procedure: which one is found by search, which aspect is the intent."""

from __future__ import annotations

from collections.abc import Iterable

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.base import (
    CLARIFY,
    MOST_BUTTONS,
    AnsweringAction,
    Events,
    Speaker,
    asked_text,
    button,
    intent_of,
    services,
    show_day,
)
from actions.fallback import ask_back
from actions.imported import payload, say_imported
from actions.life_events import answer_named, say_life_event
from actions.local import say_local
from actions.subject import find_subject
from actions.topics import say_topic
from bot.catalogue.imported import Imported, ImportedName
from bot.catalogue.model import LifeEvent, Name, Procedure

# Intent → the aspect of a procedure that answers it.
ASPECTS = {
    "ask_procedure": "how",
    "ask_procedure_documents": "documents",
    "ask_procedure_fee": "fee",
    "ask_procedure_time": "time",
    "ask_procedure_where": "where",
    "ask_eligibility": "eligibility",
    "ask_authorization": "authorization",
    "ask_penalty": "penalty",
    "ask_legal_basis": "legal_basis",
}
# Offered when a question names no procedure.
POPULAR = ("khai_sinh", "cc_doi", "tam_tru", "ket_hon", "ho_chieu")


class ActionAnswerProcedure(AnsweringAction):
    """Answers one aspect of one procedure, or asks which procedure is meant."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_answer_procedure"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Find the subject, then answer the aspect."""
        intent = intent_of(tracker)
        subject = find_subject(tracker, intent)
        if isinstance(subject.item, LifeEvent):
            say_life_event(say, subject.item)
        elif subject.item:
            return _answer(say, intent, subject.item)
        elif subject.several:
            say.say("utter_several_procedures", _choices(intent, subject.several[:MOST_BUTTONS]))
            say.report(CLARIFY)
        elif answer_named(say, tracker):
            return []
        elif subject.candidates:
            ask_back(say, tracker, "utter_ask_which_of_these", _choices(intent, subject.candidates))
        else:
            _without_procedure(say, tracker, intent)
        return []


def _answer(say: Speaker, intent: str, procedure: Procedure | Name | Imported) -> Events:
    if isinstance(procedure, Imported):
        say_imported(say, intent, procedure)
        return [SlotSet("procedure", procedure.record.code)]
    if isinstance(procedure, Name):
        say.say("utter_procedure_unchecked", procedure=procedure.name)
        say.report("handover")
        return [SlotSet("procedure", None)]
    if not procedure.provenance.is_current(services().today):
        say.say("utter_procedure_expired", procedure=procedure.name, url=_page(procedure))
        say.report("handover", procedure=procedure.key)
    else:
        _say_aspect(say, intent, procedure)
    return [SlotSet("procedure", procedure.key)]


def _say_aspect(say: Speaker, intent: str, procedure: Procedure) -> None:
    text = _aspect_text(procedure, ASPECTS.get(intent, "how"))
    general = services().knowledge.topics.get(f"{ASPECTS.get(intent, '')}_general")
    if text is None and general:
        say.say("utter_aspect_unknown", procedure=procedure.name, aspect=_aspect_name(intent), url=_page(procedure))
        say_topic(say, general)
        return
    if text is None:
        say.say(
            "utter_aspect_unknown",
            _other_aspects(intent, procedure),
            procedure=procedure.name,
            aspect=_aspect_name(intent),
            url=_page(procedure),
        )
        say.report("handover", procedure=procedure.key)
        return
    aspect, buttons = ASPECTS.get(intent, "how"), _other_aspects(intent, procedure)
    local = aspect in procedure.local
    say.say(
        f"utter_procedure_{procedure.provenance.confidence}",
        [] if local and say.province else buttons,
        procedure=procedure.name,
        aspect=_aspect_name(intent),
        body=f"{procedure.english}\n{text}" if say.english and procedure.english else text,
        basis="; ".join(procedure.provenance.legal_basis[:3]),
        checked_on=show_day(procedure.provenance.checked_on),
        page=f"{services().settings.public_url}{procedure.path}",
    )
    if local and say.province:
        say_local(say, services(), procedure, aspect, buttons)
    elif local:
        say.awaits = aspect
    say.report("answer", procedure=procedure.key)


def _aspect_text(procedure: Procedure, aspect: str) -> str | None:
    """What may be said today about an aspect; a list becomes lines. None when nothing is known."""
    if aspect == "legal_basis":
        return "\n".join(f"• {basis}" for basis in procedure.provenance.legal_basis) or None
    said = [s.on(services().today) for s in procedure.aspects.get(aspect, ())]
    lines = [line for line in said if line]
    if aspect == "how":
        return "\n".join([procedure.summary, *(f"{n}. {line}" for n, line in enumerate(lines, 1))])
    if len(lines) > 1:
        return "\n".join(f"• {line}" for line in lines)
    return lines[0] if lines else None


def _other_aspects(intent: str, procedure: Procedure) -> list[dict[str, str]]:
    titles = services().knowledge.title
    wanted = [name for name, aspect in ASPECTS.items() if name != intent and aspect in procedure.aspects]
    return [button(titles(name), _payload(name, procedure)) for name in wanted[:MOST_BUTTONS]]


def _choices(intent: str, procedures: Iterable[Procedure | Name]) -> list[dict[str, str]]:
    return [button(procedure.name, _payload(intent, procedure)) for procedure in procedures]


def _without_procedure(say: Speaker, tracker: Tracker, intent: str) -> None:
    knowledge = services().knowledge
    general = knowledge.topic_for(intent)
    if services().search.subject_of(asked_text(tracker)) and not general:
        say.say("utter_procedure_not_found", [button(knowledge.title("submit_complaint"), "/submit_complaint")])
        say.report("handover")
    elif general:
        say_topic(say, general)
    else:
        popular = [knowledge.procedures[key] for key in POPULAR if key in knowledge.procedures]
        ask_back(say, tracker, "utter_ask_which_procedure", _choices(intent, popular))


def _aspect_name(intent: str) -> str:
    return services().knowledge.title(intent).lower()


def _payload(intent: str, procedure: Procedure | Name) -> str:
    # An imported record's own key may name its province; its code finds it.
    key = procedure.codes[0] if isinstance(procedure, ImportedName) else procedure.key
    return payload(intent, key)


def _page(procedure: Procedure) -> str:
    return next(iter(procedure.provenance.source.urls), "https://dichvucong.gov.vn")
