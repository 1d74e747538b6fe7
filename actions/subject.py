"""What a message is about: a procedure, reviewed or imported, an event of life, several things, or none."""

from __future__ import annotations

from dataclasses import dataclass

from rasa_sdk import Tracker

from actions.base import asked_text, carried, services
from actions.life_events import named_life_event
from bot.catalogue.combined import reviewed_of
from bot.catalogue.imported import Imported, ImportedName, load_imported
from bot.catalogue.model import LifeEvent, Name, Procedure
from bot.catalogue.national import NationalMatch
from bot.catalogue.search import match_procedure, match_several
from bot.text.codes import PROCEDURE_CODE

# Asked of an event of life, they are answered by all its procedures.
GENERAL = ("ask_procedure", "ask_procedure_documents")
# An event that is nearly as near as a procedure is answered first: it leads to the procedure, too.
EVENT_FIRST = 0.15
MOST_CANDIDATES = 3

Item = Procedure | Name | Imported | LifeEvent


@dataclass(frozen=True)
class Subject:
    """What a message is about.

    Attributes:
        item: the one thing it is surely about.
        several: procedures it names one after the other.
        candidates: what it may be about, best first.
    """

    item: Item | None = None
    several: tuple[Procedure | Name, ...] = ()
    candidates: tuple[Procedure | Name, ...] = ()


def find_subject(tracker: Tracker, intent: str) -> Subject:
    """What the tapped button carries, what the message names, or what the conversation was about before."""
    tapped = _by_key(carried(tracker, "procedure") or "")
    if tapped:
        return Subject(tapped)
    text, search = asked_text(tracker), services().search
    coded = PROCEDURE_CODE.search(text)
    imported = _imported(coded.group()) if coded and not search.by_code(text) else None
    if imported:
        return Subject(imported)
    event = named_life_event(tracker) if intent in GENERAL else None
    if event and event[1] + EVENT_FIRST > search.nearness(text):
        return Subject(event[0])
    several = match_several(search, text)
    if len(several) > 1:
        return Subject(several=tuple(several))
    match = match_procedure(search, text)
    if match.sure:
        return Subject(match.sure)
    current = _by_key(tracker.get_slot("procedure") or "")
    if current and (current in match.doubtful or not search.subject_of(text)):
        return Subject(current)
    catalogue = services().national
    national = catalogue.match(text) if catalogue else NationalMatch()
    if national.sure:
        return Subject(reviewed_of(services().search, national.sure) or _imported(national.sure.codes[0]))
    return Subject(candidates=_candidates(match.doubtful, national.doubtful))


def _candidates(
    doubtful: tuple[Procedure | Name, ...], imported: tuple[ImportedName, ...]
) -> tuple[Procedure | Name, ...]:
    """The likeliest reviewed one, the imported ones, then the rest; each procedure once."""
    found = [*doubtful[:1], *(reviewed_of(services().search, name) or name for name in imported), *doubtful[1:]]
    return tuple({item.key: item for item in found}.values())[:MOST_CANDIDATES]


def _by_key(key: str) -> Procedure | Name | Imported | None:
    known = services().knowledge
    return known.procedures.get(key) or known.unchecked.get(key) or _imported(key)


def _imported(code: str) -> Imported | None:
    return load_imported(services().database, code) if PROCEDURE_CODE.fullmatch(code) else None
