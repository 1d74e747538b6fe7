"""What several commands need: a migrated database, the model in place, short paths."""

from __future__ import annotations

import os
from pathlib import Path

from bot.database import Database, open_database
from bot.settings import Settings
from bot.training.train import TrainedModel, TrainingError, current_model


def migrated_database(settings: Settings) -> Database:
    """The database of these settings, its schema up to date."""
    database = open_database(settings)
    database.migrate()
    return database


def model_in_place(settings: Settings) -> TrainedModel:
    """The model that fits today's data.

    Raises:
        TrainingError: there is none.
    """
    model = current_model(settings.models)
    if model is None:
        raise TrainingError("There is no model for today's data; 'motcua train' makes one.")
    return model


def short_path(path: Path) -> str:
    """A path as people like to read it: relative when it is below the current folder."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
