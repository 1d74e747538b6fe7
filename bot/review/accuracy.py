"""How good the model was in a week, by messages drawn by lot that two people labelled."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from bot.database import Database
from bot.review.collecting import SAMPLE, monday_of, start_of
from bot.review.deciding import SKIP, UNFIT
from bot.review.model import ReviewLabel, ReviewMessage
from bot.training.measure import wilson_interval


@dataclass(frozen=True)
class Week:
    """What is known of one week.

    Attributes:
        drawn: messages drawn by lot.
        judged: those that two people labelled alike.
        disputed: those that two people labelled differently.
        right: those judged that the model had understood.
        low, high: the interval (95 %) of the share right.
    """

    monday: date
    drawn: int
    judged: int
    disputed: int
    right: int
    low: float
    high: float


def weeks(database: Database, moment_monday: date, count: int = 8) -> list[Week]:
    """The last weeks of which messages were drawn, the newest first.

    Only people who agreed are among them, so it is their accuracy.
    """
    since = start_of(moment_monday - timedelta(weeks=count))
    drawn = select(ReviewMessage).where(ReviewMessage.said_at >= since, ReviewMessage.reasons.contains(SAMPLE))
    said: dict[int, Counter[str]] = {}
    with database.reading() as session:
        messages = list(session.execute(drawn).scalars())
        items = {row.item_id for row in messages}
        labels = select(ReviewLabel).where(ReviewLabel.undone_at.is_(None), ReviewLabel.item_id.in_(items))
        for row in session.execute(labels).scalars():
            if row.intent not in (SKIP, UNFIT):
                said.setdefault(row.item_id, Counter())[row.intent] += 1
    by_week: dict[date, list[ReviewMessage]] = {}
    for message in messages:
        by_week.setdefault(monday_of(message.said_at), []).append(message)
    return [_week(monday, rows, said) for monday, rows in sorted(by_week.items(), reverse=True)]


def _week(monday: date, rows: list[ReviewMessage], said: dict[int, Counter[str]]) -> Week:
    judged = disputed = right = 0
    for message in rows:
        votes = said.get(message.item_id, Counter()).most_common(2)
        if not votes or (votes[0][1] < 2 and len(votes) < 2):
            continue
        if votes[0][1] < 2 or (len(votes) > 1 and votes[1][1] == votes[0][1]):
            disputed += 1
            continue
        judged += 1
        right += message.intent == votes[0][0]
    low, high = wilson_interval(right, judged)
    return Week(monday, len(rows), judged, disputed, right, low, high)
