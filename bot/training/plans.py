"""Trainings that were asked for and not had yet; the job `retrain` has them."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import now, take_turn
from bot.training.model import ModelPlan


def plan(session: Session, by: str, reason: str, quiet: bool) -> ModelPlan:
    """Ask for a training, within the caller's transaction; one that waits already serves this wish, too.

    Args:
        quiet: it waits for the night.
    """
    take_turn(session, "model_plans")
    for row in waiting(session):
        if row.quiet == quiet:
            return row
    row = ModelPlan(by=by, reason=reason[:300], quiet=quiet)
    session.add(row)
    session.flush()
    return row


def waiting(session: Session) -> list[ModelPlan]:
    """The trainings that are still to be had, or under way, the oldest first."""
    open_ones = select(ModelPlan).where(ModelPlan.ended_at.is_(None)).order_by(ModelPlan.id)
    return list(session.execute(open_ones).scalars())


def last_ended(session: Session) -> ModelPlan | None:
    """The training that ended last of those that were asked for, None where none was."""
    ended = select(ModelPlan).where(ModelPlan.ended_at.is_not(None)).order_by(ModelPlan.ended_at.desc(), ModelPlan.id)
    return session.execute(ended.limit(1)).scalars().first()


def end(row: ModelPlan, result: str) -> None:
    """Write down what came of it."""
    row.ended_at, row.result = now(), result[:300]
