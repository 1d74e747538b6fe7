"""The turn log: what was understood and done about each message, and what the citizen thought of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from bot.delivery.model import InboxMessage, Turn

# The outcome of a turn that a person has to answer.
HANDOVER = "handover"
# Of one that belongs to giving feedback, its receipt above all.
FORM = "form"
FEEDBACK = ("up", "down", "not_mine")


@dataclass(frozen=True)
class TurnLog:
    """What an action reports of its turn; every field may be unknown."""

    intent: str | None = None
    confidence: float | None = None
    outcome: str | None = None
    procedure: str | None = None
    topic: str | None = None
    ranking: tuple[tuple[str, float], ...] = ()


def read_log(message: dict[str, Any]) -> TurnLog | None:
    """The turn log inside a custom message of an action, None when it carries none."""
    log = message.get("turn")
    if not isinstance(log, dict):
        return None
    ranking = tuple((str(name), float(share)) for name, share in log.get("ranking") or ())
    known = {name: log.get(name) for name in ("intent", "confidence", "outcome", "procedure", "topic")}
    return TurnLog(**known, ranking=ranking)


def record(session: Session, conversation: str, inbox_id: int, log: TurnLog) -> None:
    """Write one turn, in the transaction that stores its answers."""
    row = {
        "inbox_id": inbox_id,
        "conversation": conversation,
        "intent": log.intent,
        "confidence": log.confidence,
        "outcome": log.outcome,
        "procedure": log.procedure,
        "topic": log.topic,
        "ranking": json.dumps(log.ranking),
    }
    session.execute(_insert(), row)


def find_turn(session: Session, inbox_id: int) -> TurnLog | None:
    """The turn of one message, None while it has none."""
    row = session.execute(select(Turn).where(Turn.inbox_id == inbox_id)).scalar_one_or_none()
    if row is None:
        return None
    ranking = tuple((name, share) for name, share in json.loads(row.ranking or "[]"))
    return TurnLog(row.intent, row.confidence, row.outcome, row.procedure, row.topic, ranking)


def give_feedback(session: Session, conversation: str, inbox_id: int, value: str) -> bool:
    """Keep what a citizen thought of an answer of their own conversation. Returns whether there is such a turn."""
    own = (Turn.conversation == conversation, Turn.inbox_id == inbox_id)
    return bool(session.execute(update(Turn).where(*own).values(feedback=value)).rowcount)


def inbox_state(session: Session, inbox_id: int) -> str:
    """How far a message is: pending, claimed, done or failed."""
    return str(session.execute(select(InboxMessage.state).where(InboxMessage.id == inbox_id)).scalar_one())


@lru_cache(maxsize=1)
def _insert() -> Any:
    return insert(Turn.__table__)
