"""Jobs that run by the clock, each by one program at a time, however many programs share the database.

A run holds a lease that its program renews. A program that dies stops renewing; the job is then free for the next one,
and the run counts as failed. So a job must bear to be run twice, and to be killed half-way.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from datetime import time as time_of_day

from sqlalchemy import select, update

from bot.complaints.workdays import VIET_NAM
from bot.database import Database, now, take_turn
from bot.failures import kind_and_place, kind_and_places
from bot.operations.model import JobRun, failed_runs, is_running

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=90)
# Seconds between two looks at what is due; leases are renewed at each.
TICK = 10.0
# Until the n-th try after a failure; never later than the next regular run.
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 2, 5, 15, 60))
CUT_SHORT = "ended without saying how"


class JobError(Exception):
    """A job can't be run, or failed; the message says why in one sentence."""


@dataclass(frozen=True)
class Job:
    """Something to be done again and again.

    Attributes:
        about: what it does, for operators.
        work: does it; what it returns is kept for operators, so it must hold nothing personal.
        every: how long from one run to the next …
        at: … or the time of day in Viet Nam at which it runs.
    """

    name: str
    about: str
    work: Callable[[], object]
    every: timedelta = timedelta(days=1)
    at: time_of_day | None = None

    def next_after(self, moment: datetime) -> datetime:
        """When it is regularly run next, after a run that began at a moment."""
        if self.at is None:
            return moment + self.every
        that_day = datetime.combine(moment.astimezone(VIET_NAM).date(), self.at, VIET_NAM)
        return that_day if that_day > moment else that_day + timedelta(days=1)


@dataclass(frozen=True)
class Standing:
    """How a job stands; moments are None where it never came to that, and a run that goes on is no failure."""

    job: Job
    running: bool
    started_at: datetime | None
    seconds: float | None
    result: str | None
    error: str | None
    failures: int
    due_at: datetime | None


def standings(database: Database, jobs: Sequence[Job], moment: datetime) -> list[Standing]:
    """How each job stands, in the order of the list."""
    with database.reading() as session:
        rows = {row.name: row for row in session.execute(select(JobRun)).scalars()}
    return [_standing(job, rows.get(job.name), moment) for job in jobs]


def _standing(job: Job, row: JobRun | None, moment: datetime) -> Standing:
    if row is None:
        return Standing(job, False, None, None, None, None, 0, None)
    running, failed = is_running(row.lease_until, moment), failed_runs(row.failures, row.lease_until, moment)
    return Standing(job, running, row.started_at, row.seconds, row.result, row.error, failed, _due_at(job, row))


def _due_at(job: Job, row: JobRun) -> datetime:
    regular = job.next_after(row.started_at)
    if not row.failures:
        return regular
    pause = BACK_OFF[min(row.failures, len(BACK_OFF)) - 1]
    ended = row.finished_at if row.finished_at and row.finished_at > row.started_at else row.started_at
    return min(regular, ended + pause)


@dataclass
class _Run:
    """A run in this program, and in the end what became of it."""

    mark: str
    thread: threading.Thread = field(init=False)
    over: bool = False
    said: str = ""
    error: str | None = "its end could not be recorded"


@dataclass
class Scheduler:
    """Runs jobs when they are due, each in a thread of its own, away from the web program's event loop.

    Args:
        clock: the moment it is.
        tick: seconds between two looks; at most a third of the lease.
    """

    database: Database
    jobs: Sequence[Job]
    clock: Callable[[], datetime] = now
    tick: float = TICK
    lease: timedelta = LEASE
    _running: dict[str, _Run] = field(default_factory=dict)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look for what is due."""
        self._thread = threading.Thread(target=self._look_again_and_again, name="jobs", daemon=True)
        self._thread.start()

    def stop(self, patience: float = 2.0) -> None:
        """Begin nothing more; a job that takes longer than `patience` seconds to end ends with its program."""
        self._stopping.set()
        until = time.monotonic() + patience
        for thread in [self._thread, *(run.thread for run in list(self._running.values()))]:
            if thread:
                thread.join(max(0.0, until - time.monotonic()))

    def look(self) -> None:
        """Renew the leases of what runs here, and begin what is due and free."""
        moment = self.clock()
        self._renew(moment)
        for standing in standings(self.database, self.jobs, moment):
            here = standing.job.name in self._running
            if not here and not standing.running and _is_due(standing, moment):
                self._begin(standing.job, moment)

    def run_now(self, name: str) -> str:
        """Run a job at once, due or not, and wait for its end; returns what it said.

        Raises:
            JobError: there is no such job, it is running, or it failed.
        """
        job = next((job for job in self.jobs if job.name == name), None)
        if job is None:
            raise JobError(f"There is no job '{name}'; there are {', '.join(job.name for job in self.jobs)}.")
        run = self._begin(job, self.clock(), due_or_not=True)
        if run is None:
            raise JobError(f"'{name}' is running already.")
        while run.thread.is_alive():
            run.thread.join(self.tick)
            self._renew(self.clock())
        if run.error:
            raise JobError(f"'{name}' failed: {run.error}.")
        return run.said

    def _look_again_and_again(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception as error:  # noqa: BLE001
                # A database that is away for a while must not end the clock.
                logger.error("jobs: could not look for what is due: %s", kind_and_places(error))
            self._stopping.wait(self.tick)

    def _renew(self, moment: datetime) -> None:
        for name, run in list(self._running.items()):
            if not run.thread.is_alive():
                del self._running[name]
                continue
            with self.database.transaction() as session:
                mine = update(JobRun).where(JobRun.name == name, JobRun.lease == run.mark)
                lost = not session.execute(mine.values(lease_until=moment + self.lease)).rowcount
                if lost and run.thread.is_alive() and not run.over:
                    logger.warning("job %s: its lease ran out while it ran", name)

    def _begin(self, job: Job, moment: datetime, due_or_not: bool = False) -> _Run | None:
        mark = self._claim(job, moment, due_or_not)
        if mark is None:
            return None
        run = _Run(mark)
        run.thread = threading.Thread(target=self._run, args=(job, run), name=f"job {job.name}", daemon=True)
        run.thread.start()
        self._running[job.name] = run
        return run

    def _claim(self, job: Job, moment: datetime, due_or_not: bool) -> str | None:
        with self.database.transaction() as session:
            take_turn(session, f"job:{job.name}")
            row = session.get(JobRun, job.name, with_for_update=True)
            standing = _standing(job, row, moment)
            if standing.running or not (due_or_not or _is_due(standing, moment)):
                return None
            if row is None:
                row = JobRun(name=job.name, failures=0)
                session.add(row)
            row.lease, row.lease_until = secrets.token_hex(16), moment + self.lease
            row.started_at = moment
            # Stands until the run says otherwise: one that kills its program must not be tried again at once.
            row.failures += 1
            row.error = CUT_SHORT
            return str(row.lease)

    def _run(self, job: Job, run: _Run) -> None:
        began = time.monotonic()
        try:
            said = job.work()
        except Exception as error:  # noqa: BLE001
            logger.error("job %s failed: %s", job.name, kind_and_places(error))
            run.over, why = True, kind_and_place(error)[:200]
            self._end(job, run, began, error=why)
            run.error = why
        else:
            run.over = True
            run.said = "" if said is None else str(said)[:200]
            self._end(job, run, began, failures=0, error=None, result=run.said)
            run.error = None

    def _end(self, job: Job, run: _Run, began: float, **values: object) -> None:
        ended = {"seconds": round(time.monotonic() - began, 3), "finished_at": self.clock()}
        with self.database.transaction() as session:
            mine = update(JobRun).where(JobRun.name == job.name, JobRun.lease == run.mark)
            if not session.execute(mine.values(lease=None, lease_until=None, **ended, **values)).rowcount:
                logger.warning("job %s: another run began before this one ended", job.name)


def _is_due(standing: Standing, moment: datetime) -> bool:
    if standing.due_at is None or standing.started_at is None:
        return True
    # A run in the future: the clock was wrong then.
    return standing.due_at <= moment or standing.started_at > moment
