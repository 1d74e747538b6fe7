"""The programs of one machine and what must be in place before they start."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from bot.catalogue.loader import load_knowledge
from bot.complaints.rules import load_rules
from bot.database import open_database
from bot.operations.supervisor import Program, StartError, Supervisor
from bot.review.keeping import kept_sentences
from bot.settings import ROOT, Settings, child_environment
from bot.training import starting
from bot.training.train import TrainedModel, TrainingError, train_model

# Rasa listens only after it has tried to load its model.
NO_MODEL = "the model can't be loaded; 'motcua models rollback' goes back to the one before."
# What arrives is stored and confirmed first; channels that wait too long for that send it again, or give up.
BEHIND_THE_WEB = 5


def make_supervisor(settings: Settings, model: Path, tell: Callable[[str], None]) -> Supervisor:
    """The supervisor of Rasa, the action server and the web program."""
    return Supervisor(list_programs(settings, model, tell), child_environment(settings), ROOT, settings.logs, tell)


def list_programs(settings: Settings, model: Path, tell: Callable[[str], None] = print) -> list[Program]:
    """The programs in the order they start.

    Args:
        model: that Rasa starts with; after a crash it gets the one that is live by then.
    """
    python = sys.executable

    def run_rasa(model: Path) -> list[str]:
        rasa = [python, "-m", "bot.runtime.start", "run", "--enable-api", "-i", "127.0.0.1"]
        patience = str(int(settings.turn_timeout))
        return [*rasa, "-p", str(settings.rasa_port), "-m", str(model), "--response-timeout", patience]

    def run_rasa_again() -> list[str]:
        database = open_database(settings)
        try:
            return run_rasa(starting.choose_again(database, settings.models, tell))
        except TrainingError as error:
            raise StartError(f"rasa: {error}") from error
        finally:
            database.close()

    actions = [python, "-m", "actions", "--actions", "actions", "-p", str(settings.actions_port)]
    status = f"{settings.rasa_url}/status?token={settings.rasa_token}"
    return [
        Program(
            "rasa",
            run_rasa(model),
            settings.rasa_port,
            status,
            120,
            {409: NO_MODEL},
            niceness=BEHIND_THE_WEB,
            again=run_rasa_again,
        ),
        Program(
            "actions",
            actions,
            settings.actions_port,
            f"{settings.actions_url}/health",
            patience=60,
            niceness=BEHIND_THE_WEB,
        ),
        Program("web", [python, "-m", "bot.web"], settings.port, f"{settings.web_url}/healthz", patience=30),
    ]


def prepare(settings: Settings, tell: Callable[[str], None]) -> Path:
    """Bring database and model up to date; returns the file of the model to start with.

    Raises:
        ComplaintError: `MOTCUA_PROVINCE` is no province.
        TrainingError: no model could be made.
    """
    rules = load_rules(ROOT / "knowledge", settings.province)
    settings.home.mkdir(parents=True, exist_ok=True)
    for refusal in load_knowledge(ROOT / "knowledge")[1]:
        tell(f"knowledge/{refusal.path} was left out: {refusal.reason}")
    for refused in rules.refused:
        tell(f"knowledge/{refused}; this row was left out")
    database = open_database(settings)
    try:
        database.migrate()
        more = kept_sentences(database)
        return starting.choose(database, settings.models, lambda: train_first(settings, tell, more), tell, more)
    finally:
        database.close()


def train_first(settings: Settings, tell: Callable[[str], None], more: Sequence[tuple[str, str]] = ()) -> TrainedModel:
    """A model where there is none to compare it with: the first one, or the first of a version.

    Args:
        more: sentences, with their intents, that are learnt besides those of the files.

    Raises:
        TrainingError: none could be made.
    """
    tell("Training the model, because there is none of this version (about a minute) …")
    log = settings.logs / "train.log"
    return train_model(settings.models, log, child_environment(settings), tell, more=more)
