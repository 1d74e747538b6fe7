"""Events of life: the procedures that one brings, in order; and whatever else a message names outright."""

from __future__ import annotations

from rasa_sdk import Tracker

from actions.base import MOST_BUTTONS, Speaker, asked_text, button, services, show_day, typed_text
from actions.topics import named_topic, say_topic
from bot.catalogue.model import LifeEvent


def named_life_event(tracker: Tracker) -> tuple[LifeEvent, float] | None:
    """The event of life that a typed message tells of, and how surely (0 to 1)."""
    events = services().life_events
    found = events.find(typed_text(tracker)) or events.find(asked_text(tracker))
    return (services().knowledge.life_events[found[0]], found[1]) if found else None


def say_life_event(say: Speaker, event: LifeEvent) -> None:
    """Say the procedures in order, each with a button."""
    if not event.provenance.is_current(services().today):
        say.say("utter_topic_expired", title=event.name)
        say.report("handover", topic=event.key)
        return
    procedures = services().knowledge.procedures
    steps = [(procedures[step.procedure], step.why) for step in event.steps if step.procedure in procedures]
    lines = [f"{number}. {procedure.name}. {why}" for number, (procedure, why) in enumerate(steps, 1)]
    body = "\n".join([event.intro, *lines, *(f"• {note}" for note in event.notes)])
    say.say(
        f"utter_topic_{event.provenance.confidence}",
        [
            button(procedure.name, f'/ask_procedure{{"procedure": "{procedure.key}"}}')
            for procedure, _ in steps[:MOST_BUTTONS]
        ],
        body=f"{event.english}\n{body}" if say.english and event.english else body,
        basis="; ".join(event.provenance.legal_basis[:3]),
        checked_on=show_day(event.provenance.checked_on),
    )
    say.report("answer", topic=event.key)


def answer_named(say: Speaker, tracker: Tracker) -> bool:
    """Answer the event of life or the topic that a message names, whatever intent it was taken for.

    Returns:
        whether it named one.
    """
    event = named_life_event(tracker)
    if event:
        say_life_event(say, event[0])
        return True
    topic = named_topic(tracker)
    if topic:
        say_topic(say, topic)
    return topic is not None
