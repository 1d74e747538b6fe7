"""How a model read the blind set, and beside another one, from what the ledger keeps: no model is loaded for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import cipher_of
from bot.training import ledger
from bot.training.compare import Comparison, compare_known
from bot.training.evaluate import make_report, read_blind_set, read_sources
from bot.training.measure import OUT_OF_SCOPE, Prediction, confused_pairs
from bot.training.model import LIVE, Model
from bot.training.packed import known_predictions, pack_predictions

# Pairs of intents that a page tells of.
_MOST_PAIRS = 40


@dataclass(frozen=True)
class Measured:
    """What is known of how a model reads.

    Attributes:
        report: figures on the messages it has read, as `make_report` gives them; `confused` counts the twins, too.
        unseen: messages of today's blind set that it has not read.
        beside: the number of the model it is compared with: the live one, or for that the one it was compared with.
    """

    report: dict[str, Any]
    unseen: int
    beside: int | None
    comparison: Comparison | None


def look(session: Session, row: Model, blind_set: Path) -> Measured | None:
    """What is known of how a model reads, None when it was not measured.

    Args:
        blind_set: the folder of the messages that measure.
    """
    rows = read_blind_set(blind_set)
    own = _known(session, row.id, rows)
    seen = [one for one in own if one is not None]
    if not any(one.part == "clean" and one.truth != OUT_OF_SCOPE for one in seen):
        return None
    report = {**make_report(seen), "confused": confused_pairs(seen, _MOST_PAIRS)}
    live = ledger.live(session)
    beside = row.compared_with if row.state == LIVE else live.id if live else None
    other: Sequence[Prediction | None] = _known(session, beside, rows) if beside else [None] * len(rows)
    comparison = compare_known(other, own, read_sources(blind_set))
    return Measured(report, len(own) - len(seen), beside if comparison else None, comparison)


def keep(session: Session, name: str, predictions: Sequence[Prediction]) -> None:
    """Write down what a model made of the blind set, within the caller's transaction; one not in the ledger is left."""
    made = pack_predictions(predictions, cipher_of(session).digest)
    session.execute(update(Model).where(Model.name == name).values(predictions=made))


def packed(session: Session, number: int) -> bytes | None:
    """What a model made of the blind set as the ledger keeps it, None when it was not measured."""
    kept: bytes | None = session.execute(select(Model.predictions).where(Model.id == number)).scalars().first()
    return kept


def _known(session: Session, number: int, rows: Sequence[tuple[str, str, str]]) -> list[Prediction | None]:
    return known_predictions(packed(session, number), rows, cipher_of(session).digest)
