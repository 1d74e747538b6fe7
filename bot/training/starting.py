"""Finds the model a bot starts with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from bot.database import Database
from bot.training import ledger
from bot.training.model import CANDIDATE, Model
from bot.training.train import (
    Pairs,
    TrainedModel,
    TrainingError,
    current_model,
    inputs_fingerprint,
    set_candidate,
    version_fingerprint,
)


def choose(
    database: Database,
    folder: Path,
    train: Callable[[], TrainedModel] | None,
    tell: ledger.Tell,
    more: Pairs = (),
) -> Path:
    """The file of the model to start with: the live one; where that can't be loaded, one before it; at last a new one.

    Args:
        train: makes a model of today's inputs; None is not to.
        more: sentences, with their intents, that are learnt besides those of the files.

    Raises:
        TrainingError: there is none.
    """
    with database.reading() as session:
        row = ledger.live(session)
    if row is not None and row.version == version_fingerprint():
        try:
            path = ledger.file_of(row, folder)
        except TrainingError as error:
            tell(str(error))
            found = _without_live(database, folder, tell)
            if found:
                return found
        else:
            if row.inputs != inputs_fingerprint(more):
                tell("The training sentences were changed since; 'motcua train' makes a candidate of them.")
            return path
    made = _waiting(database, folder, more) or _unknown(database, folder, more)
    if made is None and train is not None:
        made = train()
    if made is None:
        raise TrainingError("There is no model of this version that may be loaded; 'motcua run' makes one.")
    ledger.take_over(database, made, more)
    return made.path


def _without_live(database: Database, folder: Path, tell: ledger.Tell) -> Path | None:
    try:
        with database.transaction() as session:
            row = ledger.go_back(session, folder, ledger.NOBODY, ledger.ALTERED)
    except TrainingError as error:
        tell(str(error))
        return None
    tell(f"Model {row.id} ({row.name}), which was live before, is live again.")
    return folder / f"{row.name}.tar.gz"


def _unknown(database: Database, folder: Path, more: Pairs) -> TrainedModel | None:
    """A model of today's inputs, unless the ledger knows its file as another one: its note may be altered with it."""
    made = current_model(folder, more)
    if made is None:
        return None
    with database.reading() as session:
        known = session.execute(select(Model.sha256).where(Model.name == made.name)).scalars().first()
    return made if known in (None, made.sha256) else None


def _waiting(database: Database, folder: Path, more: Pairs) -> TrainedModel | None:
    """A candidate of today's inputs that the gate has not refused: as good as one that would be trained now."""
    fitting = (Model.state == CANDIDATE, Model.inputs == inputs_fingerprint(more))
    with database.reading() as session:
        row = session.execute(select(Model).where(*fitting).order_by(Model.id.desc())).scalars().first()
    if row is None:
        return None
    try:
        path = ledger.file_of(row, folder)
    except TrainingError:
        return None
    set_candidate(path, False)
    return TrainedModel(path, row.inputs, row.sha256)
