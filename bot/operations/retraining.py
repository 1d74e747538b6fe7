"""Has the trainings that were asked for, each in a program of its own that stands back behind the running bot."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from bot.complaints.workdays import VIET_NAM
from bot.database import Database, now
from bot.operations.jobs import JobError
from bot.processes import prepare_child
from bot.settings import ROOT, Settings, child_environment
from bot.training import ledger, plans
from bot.training.train import NICENESS, is_training

# Hours of the day in Viet Nam in which hardly anybody writes.
QUIET = range(1, 5)
# Has the training; returns the last thing it said.
Run = Callable[[], str]


def retrain(database: Database, models: Path, run: Run, moment: datetime | None = None) -> str | None:
    """Have a training where one is due; returns what came of it, None where none is.

    A training that was killed with its program is had again. One for sentences that were taken back is tried each night
    until there is a model without them.

    Args:
        models: the folder of the models.
    """
    ledger.end_cut_short(database, models)
    moment = moment or now()
    quiet = moment.astimezone(VIET_NAM).hour in QUIET
    with database.reading() as session:
        due = {row.id for row in plans.waiting(session) if quiet or not row.quiet}
    # One that somebody began by hand is waited for: it is made of the same sentences, or the next one is.
    if not due or is_training(models):
        return None
    said = run()
    with database.transaction() as session:
        for row in plans.waiting(session):
            if row.id in due:
                plans.end(row, said)
        ledger.plan_if_needed(session)
    return said


def run_program(settings: Settings, *arguments: str, must: bool = False) -> str:
    """Run a command of `motcua` behind everything else; returns the last thing it said.

    Details stand indented below what is said, and may quote sentences: they stay in the log.

    Args:
        must: whether its failing is ours.

    Raises:
        JobError: it failed, and must not.
    """
    settings.logs.mkdir(parents=True, exist_ok=True)
    log = settings.logs / f"{'-'.join(arguments).replace('--', '')}-by-the-clock.log"
    with log.open("w+", encoding="utf-8", errors="replace") as file:
        ended = subprocess.run(  # noqa: S603 - our own interpreter
            [sys.executable, "-W", "ignore", "-m", "bot.cli", *arguments],
            cwd=ROOT,
            env=child_environment(settings),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            preexec_fn=partial(prepare_child, NICENESS, max(1, len(os.sched_getaffinity(0)) // 2)),
        )
        # By this handle, because somebody may have deleted the file meanwhile.
        file.seek(0)
        printed = file.read()
    if ended.returncode and must:
        raise JobError(f"'motcua {' '.join(arguments)}' ended with {ended.returncode}; {log.name} says why.")
    return last_said(printed, ended.returncode)


def last_said(printed: str, code: int) -> str:
    """The last thing a program said, without the details that stand indented below it.

    Args:
        code: what it ended with.
    """
    said = [line for line in printed.splitlines() if line[:1].strip()]
    if not said or any(line.startswith("Traceback") for line in said):
        # What an error of the program itself quotes is not known.
        return f"ended with {code}"
    return said[-1].rstrip(" :")[:200]
