"""Sentences that are kept in the database and learnt from there, where the data files are not to be written."""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of
from bot.review.collecting import agreed
from bot.review.model import TRAIN, ReviewExample

# In the place of the file in which a sentence stands.
DATABASE = "database"


def is_kept_here(root: Path, in_database: bool) -> bool:
    """Whether what was accepted stays in the database: by the centre's rules, or because the files are read-only."""
    return in_database or not os.access(root / "data" / "nlu", os.W_OK)


def kept_sentences(database: Database) -> list[tuple[str, str]]:
    """Sentences to learn from, with their intents, of people who agree at this moment."""
    with database.reading() as session:
        return [(text, intent) for text, intent, part in kept_of(session) if part == TRAIN]


def kept_of(session: Session) -> list[tuple[str, str, str]]:
    """Text, intent and part of every sentence that is kept here, in the order they came."""
    rows = select(ReviewExample).where(ReviewExample.file == DATABASE, agreed(ReviewExample.conversation))
    return [
        (cipher_of(session).unseal(row.text), str(row.intent), str(row.part))
        for row in session.execute(rows.order_by(ReviewExample.id)).scalars()
    ]
