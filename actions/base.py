"""What every action shares: the services, the turn log, buttons, and what is read off the tracker."""

from __future__ import annotations

import logging
from abc import abstractmethod
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.agreement import ask_improve
from actions.local import PROVINCE, ask_province, hear_place, settle_province
from actions.unfinished import offer_unfinished
from bot.catalogue.imported import imported_names, shadowed_codes
from bot.catalogue.loader import load_knowledge
from bot.catalogue.model import Knowledge
from bot.catalogue.national import NationalSearch
from bot.catalogue.places import Found, Places
from bot.catalogue.search import ProcedureSearch, match_procedure
from bot.catalogue.wordings import Namer
from bot.complaints.kinds import Form, load_form
from bot.complaints.routes import Route, load_routes
from bot.complaints.rules import Rules, load_rules
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, now, open_database
from bot.failures import kind_and_places
from bot.settings import ROOT, Settings, load_settings
from bot.text.language import is_english

logger = logging.getLogger(__name__)

Events = list[dict[str, Any]]
MOST_BUTTONS = 5
RANKING_LENGTH = 5
ANSWER = "answer"
CLARIFY = "clarify"
OUT_OF_SCOPE = "out_of_scope"
FORM = "form"
# The other question of a message is offered from this confidence on.
SURE_OF_QUESTION = 0.8
# "Tây Ninh mới" is what citizens call a topic, "tôi ở Tây Ninh" only tells where somebody lives.
TOPIC_BY_NAME = 0.95
NOT_HELPED = (CLARIFY, OUT_OF_SCOPE)


@dataclass(frozen=True)
class Services:
    """What actions work with, made once, on first use."""

    knowledge: Knowledge
    search: ProcedureSearch
    national: NationalSearch | None
    topics: Namer
    life_events: Namer
    places: Places
    rules: Rules
    form: Form
    routes: dict[str, Route]
    database: Database
    settings: Settings

    @property
    def today(self) -> date:
        """The day by which validity is judged, and that words like "hôm qua" are counted from."""
        return self.settings.today or day_in_viet_nam(now())


@lru_cache(maxsize=1)
def services() -> Services:
    """The services of this process."""
    settings = load_settings()
    knowledge, refusals = load_knowledge(ROOT / "knowledge")
    for refusal in refusals:
        logger.error("knowledge/%s was left out: %s", refusal.path, refusal.reason)
    rules, form = load_rules(ROOT / "knowledge", settings.province), load_form(ROOT / "knowledge")
    routes = load_routes(ROOT / "knowledge")
    database = open_database(settings)
    replaced = shadowed_codes(database, knowledge)
    learnt = settings.home / "learnt"
    search = ProcedureSearch(knowledge.names(), knowledge.wordings, knowledge.elsewhere(), replaced, learnt)
    imported = list(imported_names(database))
    national = NationalSearch(imported, knowledge.national_wordings) if imported else None
    topics = Namer({topic.key: (topic.title, *topic.synonyms) for topic in knowledge.topics.values()})
    events = Namer({event.key: (event.name, *event.synonyms) for event in knowledge.life_events.values()})
    places = Places(knowledge)
    return Services(knowledge, search, national, topics, events, places, rules, form, routes, database, settings)


class AnsweringAction(Action):
    """An action that says something and reports the turn; whatever it meets, the citizen gets an answer.

    Attributes:
        hears_places: whether a place in the message tells where the citizen lives.
    """

    hears_places = True

    @abstractmethod
    def name(self) -> str:
        """Its name in the domain."""

    @abstractmethod
    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say the answer; returns Rasa events."""

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        """Rasa's entry."""
        speaker = Speaker(dispatcher, tracker)
        try:
            speaker.found = _place_in(tracker) if self.hears_places else None
            events = self._hear_and_answer(speaker, tracker)
            if speaker.outcome == ANSWER:
                _offer_other_question(dispatcher, tracker)
            events = [*events, *_ask_further(speaker, tracker)]
            in_a_row = clarifications_of(tracker) + 1 if speaker.outcome in NOT_HELPED else 0
            return [*events, SlotSet("clarifications", in_a_row)]
        except Exception as error:  # noqa: BLE001
            # Nothing said means "not answered": the gateway takes the turn back and runs it again. An error
            # response of rasa_sdk would carry the whole tracker into the logs.
            logger.error("%s failed: %s", self.name(), kind_and_places(error))
            dispatcher.messages.clear()
            return []

    def _hear_and_answer(self, say: Speaker, tracker: Tracker) -> Events:
        found = say.found
        if found is None:
            return self.answer(say, tracker)
        say.province = found.province or say.province
        heard = hear_place(say, services(), intent_of(tracker))
        topic = services().topics.find(typed_text(tracker))
        alone = found.alone and not (topic and topic[1] >= TOPIC_BY_NAME)
        return [*heard, *(settle_province(say, services(), tracker) if alone else self.answer(say, tracker))]


class Speaker:
    """Says responses of `data/responses/` and reports what was done.

    Attributes:
        found: the place that the message names.
        province: the key of the citizen's province, from this message or remembered.
        awaits: the aspect whose answer would be better if the province were known.
        conversation: whose turn this is.
    """

    def __init__(self, dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
        self._dispatcher = dispatcher
        self._tracker = tracker
        self.outcome = ""
        self.english = is_english(typed_text(tracker))
        self.found: Found | None = None
        told = tracker.get_slot(PROVINCE)
        self.province: str | None = told if told and told in services().knowledge.provinces else None
        self.awaits = ""
        self.conversation = str(tracker.sender_id)

    def say(self, response: str, buttons: list[dict[str, str]] | None = None, **values: Any) -> None:
        """Say one response, its `{names}` filled in ("text" and "image" are rasa_sdk's own, never names)."""
        self._dispatcher.utter_message(response=response, buttons=buttons or [], **values)

    def report(self, outcome: str, procedure: str | None = None, topic: str | None = None) -> None:
        """Report the turn; the dispatcher takes this out of the reply and keeps it."""
        self.outcome = outcome
        understood = reading_of(self._tracker.latest_message)
        turn = {
            "intent": understood[0][0] if understood else None,
            "confidence": understood[0][1] if understood else None,
            "outcome": outcome,
            "procedure": procedure,
            "topic": topic,
            "ranking": understood[:RANKING_LENGTH],
        }
        self._dispatcher.utter_message(json_message={"turn": turn})


def _ask_further(speaker: Speaker, tracker: Tracker) -> Events:
    """What the bot asks after an answer of its own accord: no two agreements or offers at a time."""
    asked: Events = []
    if speaker.outcome not in ("", FORM):
        asked = offer_unfinished(speaker, services(), tracker)
    if speaker.awaits:
        return [*asked, *ask_province(speaker, services(), tracker, speaker.awaits)]
    if speaker.outcome == ANSWER and not asked:
        return ask_improve(speaker, services(), tracker, intent_of(tracker))
    return asked


def _offer_other_question(dispatcher: CollectingDispatcher, tracker: Tracker) -> None:
    """Put a button for the question that was not answered before the others of the answer."""
    knowledge, answered = services().knowledge, intent_of(tracker)
    for question in tracker.latest_message.get("questions") or ():
        name = question["name"]
        if name == answered or question["confidence"] < SURE_OF_QUESTION or not knowledge.reading(name):
            continue
        procedure = match_procedure(services().search, without_places(question["text"])).sure
        payload = f'/{name}{{"procedure": "{procedure.key}"}}' if procedure else f"/{name}"
        spoken = next(message for message in reversed(dispatcher.messages) if message.get("response"))
        spoken["buttons"] = [button(knowledge.reading(name), payload), *spoken["buttons"]]
        return


def reading_of(message: dict[str, Any]) -> list[tuple[str, float]]:
    """The intents of a message, best first, without the fallback that Rasa puts before them."""
    ranking = message.get("intent_ranking") or [message.get("intent") or {}]
    return [(r["name"], float(r["confidence"])) for r in ranking if r.get("name") not in (None, "nlu_fallback")]


def intent_of(tracker: Tracker) -> str:
    """The intent of the last message, the fallback left aside."""
    understood = reading_of(tracker.latest_message)
    return understood[0][0] if understood else ""


def carried(tracker: Tracker, entity: str) -> str | None:
    """What a tapped button carries under a name, None for typed messages."""
    return next((str(value) for value in tracker.get_latest_entity_values(entity)), None)


def is_tapped(tracker: Tracker) -> bool:
    """Whether the message is a tapped button or a command."""
    return str(tracker.latest_message.get("text") or "").startswith("/")


def typed_text(tracker: Tracker) -> str:
    """What the citizen typed, for a command what stood behind it; empty when a button was tapped."""
    message = tracker.latest_message
    if is_tapped(tracker):
        return str((message.get("metadata") or {}).get("words") or "")
    return message.get("text") or ""


def asked_text(tracker: Tracker) -> str:
    """What the citizen typed without places: "ở Quy Nhơn" says nothing about the procedure."""
    return without_places(typed_text(tracker))


def without_places(text: str) -> str:
    """A text without the places it names and the words that lead to them."""
    found = services().places.find(text)
    return found.rest if found else text


def _place_in(tracker: Tracker) -> Found | None:
    """The place that tells where the citizen is: not that of a story in a form, nor that of the weather."""
    if tracker.get_slot("requested_slot"):
        return None
    found = services().places.find(typed_text(tracker))
    return found if found and (found.alone or intent_of(tracker) != OUT_OF_SCOPE) else None


def clarifications_of(tracker: Tracker) -> int:
    """How many times in a row the bot could not help."""
    return int(tracker.get_slot("clarifications") or 0)


def inbox_id_of(tracker: Tracker) -> int:
    """The inbox row this turn answers: the idempotency key of whatever it stores."""
    return int((tracker.latest_message.get("metadata") or {})["inbox_id"])


def follows(tracker: Tracker, shown: dict[str, str]) -> bool:
    """Whether the turn before this one was a tap on this button: a yes under a question of long ago decides nothing."""
    # A turn that is run again may find itself in what Rasa remembers.
    own = inbox_id_of(tracker)
    said = (event for event in reversed(tracker.events) if event["event"] == "user")
    before = next((one for one in said if (one.get("metadata") or {}).get("inbox_id") != own), None)
    return before is not None and before.get("text") == shown["payload"]


def button(title: str, payload: str) -> dict[str, str]:
    """A button."""
    return {"title": title, "payload": payload}


def show_day(day: date) -> str:
    """A day as citizens write it."""
    return day.strftime("%d/%m/%Y")
