"""Trainings that were asked for: when they are had, and what becomes of the wish."""

import fcntl
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from bot.complaints.workdays import VIET_NAM
from bot.database import now
from bot.operations.jobs import JobError
from bot.operations.retraining import last_said, retrain, run_program
from bot.training import plans
from bot.training.model import CANDIDATE, FAILED, LIVE, TRAINING, ModelPlan
from tests.factories import make_settings
from tests.training.models import make_model, state_of

NOON, NIGHT = (datetime(2026, 11, 22, hour, 0, tzinfo=VIET_NAM) for hour in (12, 2))


class Training:
    """Counts how often it is had."""

    def __init__(self, works=lambda: None):
        self.times, self.works = 0, works

    def __call__(self):
        self.times += 1
        self.works()
        return "The gate passes it"


def plan(database, quiet=False, by="an"):
    with database.transaction() as session:
        plans.plan(session, by, "asked", quiet)


def rows_of(database):
    with database.reading() as session:
        return [(row.quiet, row.result) for row in session.execute(select(ModelPlan)).scalars()]


def test_without_a_wish_nothing_is_trained(database, tmp_path):
    training = Training()
    assert retrain(database, tmp_path, training, NIGHT) is None
    assert training.times == 0


def test_what_somebody_asks_for_is_had_at_once_and_once(database, tmp_path):
    plan(database)
    plan(database, by="binh")
    training = Training()
    assert retrain(database, tmp_path, training, NOON) == "The gate passes it"
    assert retrain(database, tmp_path, training, NOON) is None
    assert (training.times, rows_of(database)) == (1, [(False, "The gate passes it")])


def test_what_deletions_made_due_waits_for_the_night(database, tmp_path):
    plan(database, quiet=True)
    training = Training()
    assert [retrain(database, tmp_path, training, at) for at in (NOON, NIGHT)] == [None, "The gate passes it"]


def test_one_that_is_under_way_by_hand_is_waited_for(database, tmp_path):
    plan(database)
    with (tmp_path / ".training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert retrain(database, tmp_path, Training(), NOON) is None
    assert retrain(database, tmp_path, Training(), NOON)


def test_one_that_was_killed_is_had_again(database, tmp_path):
    def kill():
        raise SystemExit

    plan(database)
    with pytest.raises(SystemExit):
        retrain(database, tmp_path, Training(kill), NOON)
    assert rows_of(database) == [(False, None)]
    assert retrain(database, tmp_path, Training(), NOON)


@pytest.mark.parametrize(("made", "waits"), [(False, True), (True, False)])
def test_until_there_is_a_model_without_what_was_taken_back_each_night_tries(database, tmp_path, made, waits):
    make_model(database, tmp_path, "motcua-a", LIVE, dropped=1, dropped_at=now() - timedelta(hours=1))

    def train():
        if made:
            make_model(database, tmp_path, "motcua-b", CANDIDATE)

    plan(database, quiet=True)
    retrain(database, tmp_path, Training(train), NIGHT)
    assert rows_of(database)[1:] == ([(True, None)] if waits else [])


def test_a_training_whose_program_was_killed_ends_and_hides_nothing_for_good(database, tmp_path):
    number = make_model(database, tmp_path, "motcua-a", TRAINING)
    retrain(database, tmp_path, Training(), NOON)
    assert state_of(database, number) == (FAILED, "cut short")


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("The gate refuses model 2:\n  - ask_human: such as 'nhà tôi cạnh chợ'\n", "The gate refuses model 2"),
        ("Traceback (most recent call last):\n  x\nValueError: 'nhà tôi cạnh chợ'\n", "ended with 3"),
    ],
)
def test_what_a_program_by_the_clock_says_quotes_nobody(printed, said):
    assert last_said(printed, 3) == said


def test_a_program_that_must_not_fail_and_does_fails_its_job(tmp_path):
    with pytest.raises(JobError, match=r"ended with 2; nothing-by-the-clock\.log says why"):
        run_program(make_settings(tmp_path), "nothing", must=True)


def test_a_program_by_the_clock_says_its_last_line_and_keeps_the_others(tmp_path):
    settings = make_settings(tmp_path, MODELS=tmp_path / "models")
    assert run_program(settings, "models", "list") == "0 models."
    assert "Error: No such command 'nothing'" in run_program(settings, "models", "nothing")
    assert (settings.logs / "models-list-by-the-clock.log").read_text() == "0 models.\n"
