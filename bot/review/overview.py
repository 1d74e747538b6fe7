"""Who labelled what and when, and how far people agree: for pages and commands, never for deciding."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.database import cipher_of
from bot.review.collecting import shown
from bot.review.deciding import agreements
from bot.review.labelling import Desk
from bot.review.model import OPEN, UNUSABLE, ReviewItem, ReviewLabel, ReviewMessage

_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Labelled:
    """One thing that somebody said of a message.

    Attributes:
        text: the message; None when nobody agrees to its being shown any more.
        intent: None where the message is still open and somebody else said it, so that whoever comes next is free.
    """

    item: int
    at: datetime
    by: str
    text: str | None
    intent: str | None
    procedure: str | None
    state: str
    undone: bool


@dataclass(frozen=True)
class Labeller:
    """One person who labels.

    Attributes:
        recent: labels within the last seven days.
        together, alike: messages that somebody else labelled, too, and those of them that somebody labelled alike.
        counts: their labels count by themselves, as far as their number allows.
    """

    name: str
    recent: int
    together: int
    alike: int
    counts: bool


def newest(desk: Desk, by: str, count: int) -> list[Labelled]:
    """What was labelled last, the newest first, as this person may see it."""
    rows = (
        select(ReviewLabel, ReviewItem.state)
        .join(ReviewItem, ReviewItem.id == ReviewLabel.item_id)
        .order_by(ReviewLabel.id.desc())
        .limit(count)
    )
    with desk.database.reading() as session:
        found = session.execute(rows).all()
        texts = _texts(session, {row.item_id for row, state in found if state != UNUSABLE})
        return [_labelled(row, str(state), texts.get(row.item_id), by) for row, state in found]


def labellers(desk: Desk) -> list[Labeller]:
    """Everybody who ever labelled, who did most of late first."""
    with desk.database.reading() as session:
        rows = select(ReviewLabel.item_id, ReviewLabel.by, ReviewLabel.intent, ReviewLabel.made_at).where(
            ReviewLabel.undone_at.is_(None)
        )
        labels = session.execute(rows.order_by(ReviewLabel.id)).all()
    proven, shared = desk.proven(), agreements((item, by, intent) for item, by, intent, _ in labels)
    recent = Counter(by for _, by, _, at in labels if at > desk.clock() - _WEEK)
    people = {by for _, by, _, _ in labels} | set(desk.rules.leads)
    found = [Labeller(name, recent[name], *shared.get(name, (0, 0)), name in proven) for name in people]
    return sorted(found, key=lambda one: (-one.recent, one.name))


def _labelled(row: ReviewLabel, state: str, text: str | None, by: str) -> Labelled:
    hidden = state in OPEN and row.by != by
    intent, procedure = (None, None) if hidden else (row.intent, row.procedure)
    return Labelled(row.item_id, row.made_at, row.by, text, intent, procedure, state, row.undone_at is not None)


def _texts(session: Session, items: set[int]) -> dict[int, str]:
    first = (
        select(func.min(ReviewMessage.id))
        .where(ReviewMessage.item_id.in_(items), *shown())
        .group_by(ReviewMessage.item_id)
    )
    rows = select(ReviewMessage.item_id, ReviewMessage.text).where(ReviewMessage.id.in_(first))
    return {item: cipher_of(session).unseal(text) for item, text in session.execute(rows).all()}
