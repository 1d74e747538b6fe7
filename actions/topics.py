"""Answers that are not about one procedure."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.base import (
    MOST_BUTTONS,
    AnsweringAction,
    Events,
    Speaker,
    asked_text,
    button,
    carried,
    intent_of,
    services,
    show_day,
    typed_text,
)
from actions.local import say_office
from bot.catalogue.model import Topic

DETAILS = "details"


class ActionAnswerTopic(AnsweringAction):
    """Answers an intent that has a topic."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_answer_topic"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say the short answer of the topic that the message names, otherwise of the one that the intent has."""
        intent = intent_of(tracker)
        named = named_topic(tracker)
        own = named and (intent in named.intents or not named.intents)
        topic = named if own else services().knowledge.topic_for(intent)
        if topic is None:
            say.say("utter_unknown")
            say.report("handover")
            return []
        say_topic(say, topic)
        return []


class ActionShowTopic(AnsweringAction):
    """Shows a topic, or more of it, after a tap on a button."""

    def name(self) -> str:
        """Its name in the domain."""
        return "action_show_topic"

    def answer(self, say: Speaker, tracker: Tracker) -> Events:
        """Say what the button stands for."""
        topic = services().knowledge.topics.get(carried(tracker, "topic") or "")
        if topic is None:
            say.say("utter_unknown")
            say.report("handover")
        elif carried(tracker, "part") == DETAILS:
            _say_details(say, topic)
        else:
            say_topic(say, topic)
        return []


def named_topic(tracker: Tracker) -> Topic | None:
    """The topic that a typed message names by its title or by a citizen's wording of it."""
    topics = services().topics
    found = topics.find(typed_text(tracker)) or topics.find(asked_text(tracker))
    return services().knowledge.topics[found[0]] if found else None


def say_topic(say: Speaker, topic: Topic) -> None:
    """Say a topic's short answer with its sources, and offer more."""
    if not topic.provenance.is_current(services().today):
        say.say("utter_topic_expired", title=topic.title)
        say.report("handover", topic=topic.key)
        return
    buttons = (
        [button(services().knowledge.title("show_topic"), _payload(topic, DETAILS))]
        if topic.details or topic.links
        else []
    )
    buttons += _related(topic, MOST_BUTTONS - len(buttons) - 1)
    local = topic.local and say.province
    say.say(
        f"utter_topic_{topic.provenance.confidence}",
        [] if local else buttons,
        body=(say.english and topic.english) or topic.short,
        **_sources(topic),
    )
    if local:
        say_office(say, services(), topic, buttons)
    say.report("answer", topic=topic.key)


def _say_details(say: Speaker, topic: Topic) -> None:
    lines = [*topic.details, *(f"{link.label}: {link.url}" for link in topic.links)]
    say.say(
        "utter_topic_details",
        _related(topic, 3),
        title=topic.title,
        body="\n".join(f"• {line}" for line in lines),
        **_sources(topic),
    )
    say.report("answer", topic=topic.key)


def topic_button(topic: Topic) -> dict[str, str]:
    """The button that shows a topic."""
    return button(topic.title, _payload(topic))


def _related(topic: Topic, most: int) -> list[dict[str, str]]:
    topics = services().knowledge.topics
    known = [topics[key] for key in topic.related if key in topics]
    return [topic_button(other) for other in known[:most]]


def _payload(topic: Topic, part: str = "") -> str:
    extra = f', "part": "{part}"' if part else ""
    return f'/show_topic{{"topic": "{topic.key}"{extra}}}'


def _sources(topic: Topic) -> dict[str, str]:
    basis = "; ".join(topic.provenance.legal_basis[:3])
    return {"basis": basis or topic.provenance.source.name, "checked_on": show_day(topic.provenance.checked_on)}
