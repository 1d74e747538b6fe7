"""What several commands need: a migrated database, the model in place, short paths."""

from __future__ import annotations

import os
from pathlib import Path

from bot.database import Database, open_database
from bot.review.keeping import kept_sentences
from bot.settings import Settings
from bot.training import ledger, starting


def migrated_database(settings: Settings) -> Database:
    """The database of these settings, its schema up to date."""
    database = open_database(settings)
    database.migrate()
    return database


def model_in_place(settings: Settings, name: str | None = None) -> Path:
    """The file of the live model, or of another one; nothing is put live for it.

    Raises:
        TrainingError: there is none that may be loaded.
    """
    database = migrated_database(settings)
    if name is None:
        return starting.look(database, settings.models, kept_sentences(database))
    with database.reading() as session:
        return ledger.file_of(ledger.find(session, name), settings.models)


def short_path(path: Path) -> str:
    """A path as people like to read it: relative when it is below the current folder."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
