"""Checks the reviewed content as a whole: refused files, ended validity, references to what is not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from bot.catalogue.loader import load_knowledge
from bot.catalogue.lookup import lookup_text
from bot.catalogue.model import Knowledge, LifeEvent, Office, OldPlace, Procedure, Provenance, Province, Topic

SOON = timedelta(days=60)

Item = Procedure | Topic | LifeEvent | Office | Province | OldPlace


@dataclass(frozen=True)
class Report:
    """What a check found."""

    procedures: int
    topics: int
    errors: list[str]
    warnings: list[str]
    offices: int = 0
    places: int = 0


def check_knowledge(folder: Path, day: date | None = None, lookups: Path | None = None) -> Report:
    """Check a `knowledge/` folder as of a day (today when None), and the lookup table made from it."""
    day = day or date.today()
    knowledge, refusals = load_knowledge(folder)
    errors = [f"{refusal.path}: {refusal.reason}" for refusal in refusals]
    errors += [*_dead_references(knowledge), *_dead_places(knowledge), *_blank_lines(knowledge)]
    if lookups and lookups.read_text(encoding="utf-8") != lookup_text(knowledge.names()):
        errors.append(f"{lookups.name} is not made from today's names; 'motcua knowledge lookups' makes it")
    warnings: list[str] = []
    for item in _items(knowledge):
        provenance = item.provenance
        errors += _unsourced(item.key, provenance)
        warnings += _ending(item.key, provenance.valid_until, day)
    for procedure in knowledge.procedures.values():
        figures = {aspect: tuple(known.values()) for aspect, known in procedure.local_figures.items()}
        for aspect, statements in [*procedure.aspects.items(), *figures.items()]:
            for statement in statements:
                warnings += _ending(f"{procedure.key}/{aspect}", statement.valid_until, day)
    places = len(knowledge.provinces) + len(knowledge.old_places)
    return Report(len(knowledge.procedures), len(knowledge.topics), errors, warnings, len(knowledge.offices), places)


def _items(knowledge: Knowledge) -> list[Item]:
    return [
        *knowledge.procedures.values(),
        *knowledge.topics.values(),
        *knowledge.life_events.values(),
        *knowledge.offices.values(),
        *knowledge.provinces.values(),
        *knowledge.old_places,
    ]


def _dead_references(knowledge: Knowledge) -> Iterator[str]:
    for topic in knowledge.topics.values():
        for key in topic.related:
            if key not in knowledge.topics:
                yield f"{topic.key}: related topic '{key}' does not exist"
        for intent in topic.intents:
            if intent not in knowledge.labels:
                yield f"{topic.key}: intent '{intent}' has no label in intents.yml"
    known = {name.key for name in knowledge.names()}
    yield from (f"wordings/{key}.yml: there is no such procedure" for key in knowledge.wordings if key not in known)
    for event in knowledge.life_events.values():
        for step in event.steps:
            if step.procedure not in knowledge.procedures:
                yield f"{event.key}: procedure '{step.procedure}' does not exist"


def _dead_places(knowledge: Knowledge) -> Iterator[str]:
    for office in knowledge.offices.values():
        province = knowledge.provinces.get(office.key)
        if province is None:
            yield f"offices/{office.key}.yml: there is no such province"
        elif set(office.merged_from) != set(province.former):
            yield f"offices/{office.key}.yml: merged_from differs from the former names of the province"
    for place in knowledge.old_places:
        if place.province and place.province not in knowledge.provinces:
            yield f"{place.name}: province '{place.province}' does not exist"
    for procedure in knowledge.procedures.values():
        for aspect, figures in procedure.local_figures.items():
            if aspect not in procedure.local:
                yield f"{procedure.key}: local_figures has '{aspect}', local has not"
            for key in figures:
                if key not in knowledge.provinces:
                    yield f"{procedure.key}/{aspect}: province '{key}' does not exist"


def _blank_lines(knowledge: Knowledge) -> Iterator[str]:
    # Rasa's REST channel cuts a message in two at a blank line.
    for item in _items(knowledge):
        if any("\n\n" in text for text in _texts(item)):
            yield f"{item.key}: a text has a blank line, which would split the message"


def _texts(item: Item) -> Iterator[str]:
    if isinstance(item, Office):
        yield from (item.note, item.hours or "", item.hotline or "", *(centre.note for centre in item.centres))
        return
    if isinstance(item, OldPlace):
        yield item.say
        return
    if isinstance(item, Province):
        return
    if isinstance(item, Topic):
        yield from (item.short, *item.details)
        return
    if isinstance(item, LifeEvent):
        yield from (item.intro, *(step.why for step in item.steps), *item.notes)
        return
    yield item.summary
    for statements in item.aspects.values():
        for statement in statements:
            yield from (statement.text, statement.afterwards or "")
    for figures in item.local_figures.values():
        yield from (text for figure in figures.values() for text in (figure.text, figure.afterwards or ""))


def _unsourced(key: str, provenance: Provenance) -> Iterator[str]:
    if not provenance.legal_basis and not provenance.source.name:
        yield f"{key}: neither legal basis nor source"


def _ending(place: str, until: date | None, day: date) -> Iterator[str]:
    if until and until < day:
        yield f"{place}: ended on {until}"
    elif until and until <= day + SOON:
        yield f"{place}: ends on {until}"
