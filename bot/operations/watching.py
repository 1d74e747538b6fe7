"""Watches a model that went live, and takes it back when citizens fare worse with it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from bot.database import Database, now
from bot.delivery.model import AS_FAILED, InboxMessage, Turn
from bot.operations.promotion import Promotion
from bot.training import ledger
from bot.training.gate import Bounds
from bot.training.measure import wilson_interval

WATCHER = "watch_model"
# How long a model is watched, and how long before it counts as before.
WATCHED, BEFORE = timedelta(days=7), timedelta(days=14)
# It is looked at again and again: chance alone crosses a bound in one of a thousand looks.
_SURE = 3.0


@dataclass(frozen=True)
class Signals:
    """What became of citizens' messages in some time.

    Attributes:
        turns: messages that were answered.
        handovers: of them, how many ended with the way to a person.
        downs: of them, how many got a thumb down or "not what I meant".
        failed: messages that were not answered at all.
    """

    turns: int
    handovers: int
    downs: int
    failed: int


def read_signals(session: Session, since: datetime, until: datetime) -> Signals:
    """The signals of a time."""
    counts = [
        func.count(Turn.id),
        func.sum(case((Turn.outcome == "handover", 1), else_=0)),
        func.sum(case((Turn.feedback.in_(["down", "not_mine"]), 1), else_=0)),
    ]
    # A turn without an intent is no reading of the model: a switch, a file, a person who took over.
    own = (Turn.created_at >= since, Turn.created_at < until, Turn.intent.is_not(None))
    turns, handovers, downs = session.execute(select(*counts).where(*own)).one()
    lost = (InboxMessage.received_at >= since, InboxMessage.received_at < until, InboxMessage.state == AS_FAILED)
    failed = session.execute(select(func.count(InboxMessage.id)).where(*lost)).scalar_one()
    return Signals(turns, handovers or 0, downs or 0, failed)


def find_worse(before: Signals, after: Signals, bounds: Bounds) -> str | None:
    """What is surely worse than before by more than its bound, as a reason; None when nothing is."""
    if min(before.turns, after.turns) < bounds.signals["turns"]:
        return None
    for name in ("handovers", "downs", "failed"):
        least = _surely_more(getattr(before, name), before.turns, getattr(after, name), after.turns)
        if least * 100 > bounds.signals[name]:
            shares = [getattr(one, name) / one.turns for one in (before, after)]
            return f"{name}: {shares[0]:.1%} before, {shares[1]:.1%} since ({after.turns} turns)"
    return None


def watch(database: Database, promotion: Promotion, bounds: Bounds, moment: datetime | None = None) -> str | None:
    """Take back a model that went live in the last days, when a signal crossed its bound; returns why.

    Raises:
        TrainingError: it has to go and there is none to go back to.
    """
    moment = moment or now()
    with database.reading() as session:
        row = ledger.live(session)
        if row is None or not row.promoted_at or moment - row.promoted_at > WATCHED:
            return None
        # The first of a version has nothing like it before it; one that was fetched back would only lead further back.
        if not row.verdict or row.promoted_by == WATCHER:
            return None
        before = read_signals(session, row.promoted_at - BEFORE, row.promoted_at)
        after = read_signals(session, row.promoted_at, moment)
    reason = find_worse(before, after, bounds)
    if reason:
        promotion.rollback(WATCHER, reason)
    return reason


def _surely_more(before: int, of_before: int, after: int, of_after: int) -> float:
    """How much a share has surely grown (Newcombe's interval of two Wilson intervals, its lower end)."""
    first, second = before / of_before, min(1.0, after / of_after)
    high = wilson_interval(min(before, of_before), of_before, _SURE)[1]
    low = wilson_interval(min(after, of_after), of_after, _SURE)[0]
    return second - first - math.hypot(second - low, high - first)
