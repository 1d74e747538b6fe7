"""A candidate that reads along without answering: which one, and what came of it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.database import now, take_turn
from bot.training import ledger
from bot.training.model import CANDIDATE, REFUSED, Model
from bot.training.train import TrainingError

_SHOWN = 10


@dataclass
class Shadow:
    """What reading along has shown so far; no message stands here.

    Attributes:
        read, differ: how many messages it read, and how many of them otherwise than the model that answered.
        last: the newest turn it has read.
        pairs: how often which reading stood against which: "live → candidate".
    """

    read: int = 0
    differ: int = 0
    last: int = 0
    pairs: dict[str, int] = field(default_factory=dict)

    def add(self, last: int, readings: Iterable[tuple[str, str]]) -> None:
        """Count more messages: what the live model read, and what the candidate reads."""
        counts = Counter(self.pairs)
        for live, candidate in readings:
            self.read += 1
            if live != candidate:
                self.differ += 1
                counts[f"{live} → {candidate}"] += 1
        self.last, self.pairs = last, dict(counts.most_common())

    def lines(self) -> Iterator[str]:
        """What came of it, for people."""
        share = f" ({self.differ / self.read:.1%})" if self.read else ""
        yield f"read along with {self.read} messages, {self.differ} of them otherwise{share}"
        for pair, count in list(self.pairs.items())[:_SHOWN]:
            yield f"  {count:5}  {pair}"


def begin(session: Session, name: str) -> Model:
    """Let a candidate read along from now on, instead of another one, within the caller's transaction.

    Raises:
        TrainingError: it is none that waits.
    """
    take_turn(session, "models")
    row = ledger.find(session, name)
    if row.state not in (CANDIDATE, REFUSED):
        raise TrainingError(f"Model {row.id} is {row.state}; only what waits reads along.")
    stop(session)
    row.shadow_since, row.shadow = now(), None
    session.flush()
    return row


def stop(session: Session) -> None:
    """Let nobody read along any more; what came of it is kept."""
    session.execute(update(Model).where(Model.shadow_since.is_not(None)).values(shadow_since=None))


def reading(session: Session) -> Model | None:
    """The candidate that reads along; one that became something else does not any more."""
    own = (Model.shadow_since.is_not(None), Model.state.in_([CANDIDATE, REFUSED]))
    return session.execute(select(Model).where(*own)).scalars().first()


def found(row: Model) -> Shadow:
    """What came of a model's reading along."""
    return Shadow(**json.loads(row.shadow)) if row.shadow else Shadow()


def keep(session: Session, number: int, shadow: Shadow) -> None:
    """Write down what came of it."""
    kept = json.dumps(asdict(shadow), ensure_ascii=False)
    session.execute(update(Model).where(Model.id == number).values(shadow=kept))
