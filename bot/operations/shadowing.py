"""Lets a candidate read what citizens wrote, after they were answered: it neither answers nor holds anybody up.

Counts are over all messages. A message itself is kept only where the review inbox may have it: of people who agreed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of
from bot.delivery.model import InboxMessage, Turn
from bot.review.collecting import collect, read_ranking
from bot.review.rules import ReviewRules
from bot.text.mask import find_personal_values
from bot.training import ledger, shadow
from bot.training.model import Model

# Turns of one run; what is left waits for the next.
MOST = 1000
# Within the form words are answers to its questions, whatever they look like.
_FORM = "form"
_NO_READING = "nlu_fallback"
Parse = Callable[[Path, Sequence[str]], Iterable[dict[str, Any]]]


def read_along(database: Database, models: Path, rules: ReviewRules, parse: Parse) -> str | None:
    """Let the candidate read what is new; returns what was found, None where none reads along.

    Killed before its end it reads the same again and counts it once.

    Raises:
        TrainingError: its file can't be loaded.
    """
    with database.reading() as session:
        row = shadow.reading(session)
        if row is None:
            return None
        file, seen = ledger.file_of(row, models), shadow.found(row)
        turns = list(_new_turns(session, row, seen.last))
    if not turns:
        return "nothing new"
    readings = [own["intent"] for own in parse(file, [text for *_, text in turns])]
    pairs = [(live, candidate) for (_, _, live, _), candidate in zip(turns, readings, strict=True)]
    differing = {inbox for (_, inbox, live, _), candidate in zip(turns, readings, strict=True) if live != candidate}
    if differing:
        collect(database, rules, differing=differing)
    seen.add(turns[-1][0], pairs)
    with database.transaction() as session:
        shadow.keep(session, row.id, seen)
    return f"{len(pairs)} messages, {len(differing)} otherwise"


def _new_turns(session: Session, row: Model, last: int) -> Iterable[tuple[int, int, str, str]]:
    """Turn, message, what the live model read, and the text as the model sees it."""
    which = (
        Turn.id > last,
        Turn.created_at >= row.shadow_since,
        Turn.intent.is_not(None),
        or_(Turn.outcome.is_(None), Turn.outcome != _FORM),
        InboxMessage.kind == "text",
        InboxMessage.payload.is_(None),
    )
    query = select(Turn, InboxMessage.body).join(InboxMessage, InboxMessage.id == Turn.inbox_id).where(*which)
    for turn, body in session.execute(query.order_by(Turn.id).limit(MOST)).all():
        read = [name for name, _ in read_ranking(turn.ranking) if name != _NO_READING] or [str(turn.intent)]
        yield turn.id, turn.inbox_id, read[0], _without_values(cipher_of(session).unseal(body))


def _without_values(text: str) -> str:
    """With something in the place of personal values that is to a model what their tokens are."""
    for value in reversed(find_personal_values(text)):
        text = f"{text[: value.start]}<{value.kind}:{'0' * 12}>{text[value.end :]}"
    return text
