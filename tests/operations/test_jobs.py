import asyncio
import contextlib
import itertools
import logging
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from datetime import time as time_of_day

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from bot.complaints.errors import ComplaintError
from bot.complaints.filing import Draft, file_complaint
from bot.complaints.model import Complaint
from bot.complaints.rules import load_rules
from bot.complaints.workdays import VIET_NAM
from bot.database import Database, now
from bot.operations.jobs import BACK_OFF, CUT_SHORT, LEASE, Job, JobError, Scheduler, standings
from bot.operations.programs import prepare
from bot.operations.registered import list_jobs
from bot.settings import ROOT
from bot.web import create_app
from tests.factories import KEY, make_database, make_settings, wait_until

MORNING = datetime(2026, 11, 23, 1, 0, tzinfo=timezone.utc)  # 08:00 in Viet Nam
SECRET_WORDS = "0912 345 678"

# Runs a job again and again, beside other programs on the same database; says when each run began and ended.
WORK = """
import sys, time
from datetime import timedelta
from bot.database import Database
from bot.operations.jobs import Job, Scheduler
database = Database(sys.argv[1], (sys.argv[2],))

def work():
    began = time.time()
    time.sleep(0.02)
    print(began, time.time(), flush=True)

scheduler = Scheduler(database, [Job("count", "counts", work, every=timedelta(0))])
until = time.monotonic() + 4
while time.monotonic() < until:
    scheduler.look()
    time.sleep(0.005)
scheduler.stop()
"""

# Begins a job and is killed in the middle of it.
DIE = """
import os, sys, time
from bot.database import Database
from bot.operations.jobs import Job, Scheduler
database = Database(sys.argv[1], (sys.argv[2],))
scheduler = Scheduler(database, [Job("count", "counts", lambda: time.sleep(60))])
scheduler.look()
os.kill(os.getpid(), 9)
"""


@dataclass
class Office:
    """A database with jobs, a clock that is set by hand, and what was done."""

    database: Database
    at: datetime = MORNING
    done: list[str] = field(default_factory=list)
    held: threading.Event = field(default_factory=threading.Event)
    answer: object = None
    fault: Exception | None = None

    def work(self):
        self.done.append("begun")
        if self.fault:
            raise self.fault
        return self.answer

    def wait(self):
        self.done.append("begun")
        assert self.held.wait(30)

    def scheduler(self, work=None, **timing):
        job = Job("count", "counts", work or self.work, **timing)
        return Scheduler(self.database, [job], clock=lambda: self.at, tick=0.01)

    def pass_(self, **time_passed):
        self.at += timedelta(**time_passed)

    def look(self, scheduler):
        """One look, and the end of what it began; returns how often the job was begun so far."""
        scheduler.look()
        scheduler.stop(patience=30)
        return len(self.done)

    def standing(self, scheduler):
        return standings(self.database, scheduler.jobs, self.at)[0]


@pytest.fixture
def office(database):
    return Office(database)


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(timezone.utc)), st.times())
def test_a_time_of_day_comes_once_in_each_day_of_viet_nam(moment, at):
    after = Job("x", "x", print, at=at).next_after(moment)
    assert moment < after <= moment + timedelta(days=1)
    assert after.astimezone(VIET_NAM).time() == at


def test_a_job_that_never_ran_runs_at_once_and_then_at_its_interval(office):
    scheduler = office.scheduler(every=timedelta(hours=1))
    assert [office.look(scheduler), office.look(scheduler)] == [1, 1]
    office.pass_(minutes=59)
    assert office.look(scheduler) == 1
    office.pass_(minutes=1)
    assert office.look(scheduler) == 2


def test_a_time_of_day_that_was_missed_is_made_up_for_once(office):
    scheduler = office.scheduler(at=time_of_day(7, 30))
    assert office.look(scheduler) == 1
    office.pass_(hours=23)
    assert office.look(scheduler) == 1
    office.pass_(days=4)
    assert [office.look(scheduler), office.look(scheduler)] == [2, 2]
    office.pass_(hours=24)
    assert office.look(scheduler) == 3


def test_what_a_run_said_and_how_long_it_took_is_kept(office):
    office.answer = {"told": 3}
    scheduler = office.scheduler()
    office.look(scheduler)
    kept = office.standing(scheduler)
    assert (kept.result, kept.error, kept.failures, kept.running) == ("{'told': 3}", None, 0, False)
    assert kept.started_at == MORNING
    assert kept.seconds is not None


def test_a_failed_run_is_tried_again_after_growing_pauses_and_never_later_than_regularly(office):
    office.fault = ValueError("kaputt")
    scheduler = office.scheduler(every=timedelta(minutes=30))
    assert office.look(scheduler) == 1
    pauses = []
    for _ in range(6):
        before = office.standing(scheduler)
        pauses.append(before.due_at - before.started_at)
        office.at = before.due_at - timedelta(seconds=1)
        count = office.look(scheduler)
        office.pass_(seconds=1)
        assert office.look(scheduler) == count + 1
    assert pauses == [*BACK_OFF[:4], timedelta(minutes=30), timedelta(minutes=30)]


def test_a_good_run_ends_the_failures(office):
    office.fault = ValueError("kaputt")
    scheduler = office.scheduler()
    office.look(scheduler)
    assert office.standing(scheduler).failures == 1
    office.fault = None
    office.pass_(minutes=1)
    office.look(scheduler)
    kept = office.standing(scheduler)
    assert (kept.failures, kept.error) == (0, None)
    assert kept.due_at == office.at + timedelta(days=1)


def test_an_error_is_kept_and_logged_by_kind_and_place_without_its_words(office, caplog):
    office.fault = ValueError(SECRET_WORDS)
    scheduler = office.scheduler()
    with caplog.at_level(logging.DEBUG):
        office.look(scheduler)
    assert "job count failed: ValueError in test_jobs.py:" in caplog.text
    assert SECRET_WORDS not in caplog.text
    assert office.standing(scheduler).error.startswith("ValueError in test_jobs.py:")


def test_a_job_that_runs_elsewhere_is_not_begun(office):
    first, second = office.scheduler(office.wait), office.scheduler()
    first.look()
    wait_until(lambda: office.done)
    office.pass_(days=3)
    first.look()
    second.look()
    assert office.standing(second).running
    office.held.set()
    first.stop(patience=30)
    assert office.done == ["begun"]


def test_a_run_that_renews_its_lease_stays_the_only_one_however_long_it_takes(office):
    first, second = office.scheduler(office.wait), office.scheduler()
    first.look()
    for _ in range(20):
        office.pass_(seconds=LEASE.total_seconds() - 1)
        first.look()
        second.look()
    office.held.set()
    first.stop(patience=30)
    assert office.done == ["begun"]
    assert office.standing(first).error is None


def test_a_run_that_no_longer_renews_its_lease_loses_it_and_its_end_counts_for_nothing(office):
    first, second = office.scheduler(office.wait), office.scheduler()
    office.answer = "second"
    first.look()
    wait_until(lambda: office.done)
    office.pass_(days=1)
    assert office.look(second) == 2
    office.held.set()
    first.stop(patience=30)
    assert (office.standing(second).result, office.standing(second).failures) == ("second", 0)


def test_a_job_that_kills_its_program_counts_as_failed_and_is_not_tried_at_once(office):
    command = [sys.executable, "-c", DIE, office.database.url, KEY]
    killed = subprocess.run(command, cwd=ROOT, capture_output=True)
    assert killed.returncode == -9
    office.at = now()
    scheduler = office.scheduler()
    assert (office.standing(scheduler).running, office.standing(scheduler).failures) == (True, 0)
    assert office.look(scheduler) == 0
    office.pass_(seconds=LEASE.total_seconds() + 1)
    assert (office.standing(scheduler).error, office.standing(scheduler).failures) == (CUT_SHORT, 1)
    assert office.look(scheduler) == 1


def test_of_several_programs_one_at_a_time_runs_a_job(database):
    command = [sys.executable, "-c", WORK, database.url, KEY]
    programs = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    lines = [line for program in programs for line in program.communicate(timeout=120)[0].splitlines()]
    runs = sorted(tuple(map(float, line.split())) for line in lines)
    assert len(runs) > 5
    assert all(earlier[1] <= later[0] for earlier, later in itertools.pairwise(runs))


def test_a_run_that_lies_in_the_future_does_not_stop_a_job_for_good(office):
    scheduler = office.scheduler()
    office.at = datetime(2040, 1, 1, tzinfo=timezone.utc)
    office.look(scheduler)
    office.at = MORNING
    assert office.look(scheduler) == 2


def test_running_a_job_by_hand_runs_it_though_it_is_not_due(office):
    office.answer = 7
    scheduler = office.scheduler()
    assert [scheduler.run_now("count"), scheduler.run_now("count")] == ["7", "7"]
    assert len(office.done) == 2


def test_running_a_job_by_hand_that_is_unknown_running_or_fails_is_one_sentence(office):
    scheduler = office.scheduler()
    with pytest.raises(JobError, match=r"There is no job 'cuont'; there are count\."):
        scheduler.run_now("cuont")
    office.fault = ValueError(SECRET_WORDS)
    with pytest.raises(JobError, match=r"'count' failed: ValueError in test_jobs\.py") as failure:
        scheduler.run_now("count")
    assert SECRET_WORDS not in str(failure.value)
    other = office.scheduler(office.wait)
    office.pass_(days=1)
    other.look()
    with pytest.raises(JobError, match="'count' is running already"):
        scheduler.run_now("count")
    office.held.set()
    other.stop(patience=30)


def test_a_long_job_holds_up_neither_the_event_loop_nor_the_end_of_the_program(office):
    scheduler = office.scheduler(office.wait)

    async def serve():
        scheduler.start()
        while not office.done:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(scheduler.stop, 0.1)

    asyncio.run(asyncio.wait_for(serve(), 30))
    assert office.standing(scheduler).running
    office.held.set()
    scheduler.stop(patience=30)


def test_a_database_that_is_away_for_a_while_does_not_end_the_clock(tmp_path, caplog):
    database = Database(f"sqlite:///{tmp_path / 'motcua.db'}", (KEY,))
    office = Office(database)
    scheduler = office.scheduler()
    scheduler.start()
    wait_until(lambda: "could not look" in caplog.text)
    database.migrate()
    wait_until(lambda: office.done)
    scheduler.stop(patience=30)
    database.close()


@contextlib.contextmanager
def late_complaint(folder, due_on):
    database = make_database(folder)
    draft = Draft("late", "Chưa trả kết quả")
    receipt = file_complaint(database, load_rules(ROOT / "knowledge", "demo"), "web:an", 7, draft)
    with database.transaction() as session:
        session.execute(update(Complaint).values(due_on=due_on))
    yield database, receipt
    database.close()


def told_at(database):
    with database.reading() as session:
        return session.query(Complaint).one().overdue_told_at


def test_the_web_program_runs_the_jobs(tmp_path):
    with late_complaint(tmp_path, now().date() - timedelta(days=9)) as (database, _):
        app = create_app(make_settings(tmp_path))

        async def serve():
            async with app.router.lifespan_context(app):
                until = time.monotonic() + 30
                while not told_at(database):
                    assert time.monotonic() < until
                    await asyncio.sleep(0.05)

        asyncio.run(serve())


def test_jobs_go_by_the_day_that_is_set(tmp_path):
    due = now().date() + timedelta(days=100)
    with late_complaint(tmp_path, due) as (database, _):
        for day, told in ((due, False), (due + timedelta(days=1), True)):
            settings = make_settings(tmp_path, TODAY=day)
            jobs = list_jobs(database, load_rules(ROOT / "knowledge", settings.province), settings)
            Scheduler(database, jobs).run_now("overdue")
            assert bool(told_at(database)) is told


def test_every_job_of_an_installation_runs_and_has_a_name_of_its_own(tmp_path):
    database = make_database(tmp_path)
    jobs = list_jobs(database, load_rules(ROOT / "knowledge"), make_settings(tmp_path))
    assert len({job.name for job in jobs}) == len(jobs) >= 3
    for job in jobs:
        Scheduler(database, jobs).run_now(job.name)
    assert [standing.error for standing in standings(database, jobs, now())] == [None] * len(jobs)
    database.close()


def test_a_start_for_a_province_that_is_none_ends_before_anything_is_made(tmp_path):
    home = tmp_path / "home"
    settings = make_settings(home, PROVINCE="tay-nin")
    with pytest.raises(ComplaintError, match="MOTCUA_PROVINCE is 'tay-nin'"):
        prepare(settings, print)
    assert not (home / "motcua.db").exists()
