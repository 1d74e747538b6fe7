"""Sentences that are kept in the database and learnt from there, where the data files are not to be written."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of
from bot.review.collecting import agreed
from bot.review.errors import ReviewError
from bot.review.files import read_blind
from bot.review.model import BLIND, TRAIN, ReviewExample
from bot.settings import ROOT
from bot.text.copies import Nearest

# In the place of the file in which a sentence stands.
DATABASE = "database"
# Jaccard similarity of letter trigrams from which a sentence is too near to one that measures.
TOO_NEAR = 0.85


@dataclass
class Kept:
    """Sentences to learn from, with their intents, and how many were left out.

    Attributes:
        no_intent: those of intents that there are none of any more.
        near_blind: those too near to messages that measure.
    """

    sentences: list[tuple[str, str]] = field(default_factory=list)
    no_intent: int = 0
    near_blind: int = 0


def is_kept_here(root: Path, in_database: bool) -> bool:
    """Whether what was accepted stays in the database: by the centre's rules, or because the files are read-only."""
    return in_database or not os.access(root / "data" / "nlu", os.W_OK)


def kept_sentences(database: Database, root: Path = ROOT) -> list[tuple[str, str]]:
    """Sentences to learn from, with their intents, of people who agree at this moment."""
    return find_kept(database, root).sentences


def find_kept(database: Database, root: Path = ROOT) -> Kept:
    """What is kept, as it fits the checkout of today: since it was accepted, intents and blind messages may be others.

    Raises:
        ReviewError: the domain or the blind messages can't be read.
    """
    with database.reading() as session:
        rows = kept_of(session)
    found = Kept()
    if not rows:
        return found
    intents = _intents(root)
    measuring = Nearest(TOO_NEAR)
    for text in [*read_blind(root), *(text for text, _, part in rows if part == BLIND)]:
        measuring.add(text)
    for text, intent, part in rows:
        if part != TRAIN:
            continue
        if intent not in intents:
            found.no_intent += 1
        elif measuring.find(text) is not None:
            found.near_blind += 1
        else:
            found.sentences.append((text, intent))
    return found


def kept_of(session: Session) -> list[tuple[str, str, str]]:
    """Text, intent and part of every sentence that is kept here, in the order they came."""
    rows = select(ReviewExample).where(ReviewExample.file == DATABASE, agreed(ReviewExample.conversation))
    return [
        (cipher_of(session).unseal(row.text), str(row.intent), str(row.part))
        for row in session.execute(rows.order_by(ReviewExample.id)).scalars()
    ]


def _intents(root: Path) -> set[str]:
    try:
        listed = yaml.safe_load((root / "domain.yml").read_text(encoding="utf-8"))["intents"]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ReviewError("The intents of domain.yml can't be read.") from error
    # One with options is a mapping of its name to them.
    return {name for one in listed for name in ([one] if isinstance(one, str) else one)}
