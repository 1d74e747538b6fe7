"""Finds the model a bot starts with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import select

from bot.database import Database
from bot.training import ledger
from bot.training.model import CANDIDATE, REFUSED, Model
from bot.training.train import (
    Pairs,
    TrainedModel,
    TrainingError,
    current_model,
    inputs_fingerprint,
    set_candidate,
    version_fingerprint,
)

_NONE = "There is no model of this version that may be loaded; 'motcua run' makes one."


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
        TrainingError: there is none, or the gate refused the one that a training would make again.
    """
    row = _live(database)
    if row is not None and row.version == version_fingerprint():
        path = _keep_running(database, folder, row, tell)
        if path is not None:
            if row.inputs != inputs_fingerprint(more):
                tell("The training sentences were changed since; 'motcua train' makes a candidate of them.")
            return path
    made = _fitting(database, folder, more)
    if made is None and train is not None:
        _stop_where_refused(database, folder, more)
        made = train()
    if made is None:
        raise TrainingError(_NONE)
    set_candidate(made.path, False)
    ledger.take_over(database, made, more)
    return made.path


def look(database: Database, folder: Path, more: Pairs = ()) -> Path:
    """The file a start would take as things are; nothing is changed for it.

    Args:
        more: as in `choose`.

    Raises:
        TrainingError: there is none, or the live one can't be loaded.
    """
    row = _live(database)
    if row is not None and row.version == version_fingerprint():
        return ledger.file_of(row, folder)
    made = _fitting(database, folder, more)
    if made is None:
        raise TrainingError(_NONE)
    return made.path


def choose_again(database: Database, folder: Path, tell: ledger.Tell) -> Path:
    """The file for a Rasa that ended unexpectedly: the live one; where that can't be loaded, one before it.

    What was changed on the disk since the bot began counts at its next start, not here.

    Raises:
        TrainingError: there is none.
    """
    row = _live(database)
    path = _keep_running(database, folder, row, tell) if row is not None else None
    if path is None:
        raise TrainingError(_NONE)
    return path


def _live(database: Database) -> Model | None:
    with database.reading() as session:
        return ledger.live(session)


def _keep_running(database: Database, folder: Path, row: Model, tell: ledger.Tell) -> Path | None:
    try:
        return ledger.file_of(row, folder, (row.version,))
    except TrainingError as error:
        tell(str(error))
    return _without_live(database, folder, tell)


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
    return TrainedModel(path, row.inputs, row.sha256)


def _fitting(database: Database, folder: Path, more: Pairs) -> TrainedModel | None:
    return _waiting(database, folder, more) or _unknown(database, folder, more)


def _stop_where_refused(database: Database, folder: Path, more: Pairs) -> None:
    """Raises TrainingError where the gate refused a model of today's inputs: a training would make it again."""
    fitting = (Model.state == REFUSED, Model.inputs == inputs_fingerprint(more))
    with database.reading() as session:
        rows = session.execute(select(Model).where(*fitting).order_by(Model.id.desc())).scalars().all()
    for row in rows:
        try:
            ledger.file_of(row, folder)
        except TrainingError:
            continue
        raise TrainingError(
            f"Model {row.id}, which is made of today's sentences for this version, was refused; 'motcua models show "
            f"{row.id}' says why. To start with it all the same: 'motcua models promote {row.id} --because \"…\"'."
        )
