"""Lets the newest model read what waits: what it knows by now is worth no more labels."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable

from sqlalchemy import select

from bot.database import Database, cipher_of, take_turn
from bot.review.collecting import DENIED, GUESSES, Ranking, doubt_of, recount, shown
from bot.review.labelling import is_shown
from bot.review.model import OPEN, ReviewItem, ReviewMessage

# Rows of the inbox in one run, those that are worth a label most.
MOST = 300


def reread(database: Database, rank: Callable[[str], Ranking], most: int = MOST) -> int:
    """Bring the guesses of what is worth most, and its worth, up to the newest model; returns how many rows changed.

    Args:
        rank: what the model makes of a text. What it raises ends the run, and nothing was changed.
    """
    with database.reading() as session:
        best = select(ReviewItem.id).where(ReviewItem.state.in_(OPEN), is_shown()).order_by(ReviewItem.worth.desc())
        chosen = session.execute(best.limit(most)).scalars().all()
        rows = select(ReviewMessage.id, ReviewMessage.item_id, ReviewMessage.text).where(
            ReviewMessage.item_id.in_(chosen), *shown()
        )
        texts = {
            number: (item, cipher_of(session).unseal(text))
            for number, item, text in session.execute(rows.order_by(ReviewMessage.id)).all()
        }
    read = {number: rank(text)[:GUESSES] for number, (_, text) in texts.items()}
    newest: dict[int, Ranking] = {}
    by_item: defaultdict[int, list[int]] = defaultdict(list)
    for number, (item, _) in texts.items():
        newest[item] = read[number]
        by_item[item].append(number)
    changed = 0
    with database.transaction() as session:
        take_turn(session, "review")
        for item_id, numbers in by_item.items():
            item = session.get(ReviewItem, item_id, with_for_update=True)
            ranking = json.dumps([[name, round(share, 4)] for name, share in newest[item_id]])
            if item is None or item.state not in OPEN:
                continue
            changed += item.ranking != ranking
            item.ranking = ranking
            for row in session.execute(select(ReviewMessage).where(ReviewMessage.id.in_(numbers))).scalars():
                reasons = row.reasons.split(",")
                row.doubt = doubt_of(reasons, read[row.id], row.intent if DENIED & set(reasons) else None)
            session.flush()
            recount(session, item_id)
    return changed
