"""What maintainers type about models, and what goes wrong with it: one sentence, the live model untouched."""

import fcntl
import json
import os
import resource
import signal
import subprocess
import sys
from functools import partial

import pytest
from click.testing import CliRunner

from bot.cli import cli
from bot.database import now
from bot.training import ledger, plans
from bot.training.model import CANDIDATE, FAILED, FORMER, LIVE, REFUSED
from tests.factories import KEY, TOKEN, wait_until
from tests.fakes.models_server import FakeModelServer
from tests.training.models import make_model, pass_gate, state_of
from tests.training.project import NLU, RULES, Project


@pytest.fixture
def models(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


@pytest.fixture
def environment(tmp_path, models):
    # A port at which there is no Rasa.
    own = {"MOTCUA_HOME": str(tmp_path), "MOTCUA_MODELS": str(models), "MOTCUA_RASA_PORT": "9"}
    return {**own, "MOTCUA_SECRET_KEY": KEY, "MOTCUA_RASA_TOKEN": TOKEN}


@pytest.fixture
def motcua(environment):
    return lambda *words: CliRunner().invoke(cli, [*words], env=environment)


class Checkout(Project):
    """A small project in which commands are typed, beside a live model."""

    def __init__(self, path, environment):
        super().__init__(path)
        for name, text in (("nlu", NLU), ("rules", RULES)):
            (path / "data" / f"{name}.yml").unlink()
            (path / "data" / name).mkdir()
            (path / "data" / name / "a.yml").write_text(text, encoding="utf-8")
        held_out = path / "tests" / "heldout"
        held_out.mkdir(parents=True)
        for name in ("messages.jsonl", "twins.jsonl"):
            (held_out / name).touch()
        self.environment = {**os.environ, **environment, "PYTHONPATH": str(path), "PYTHONUTF8": "1"}

    def start(self, *words, most_bytes=resource.RLIM_INFINITY):
        command = [sys.executable, "-W", "ignore", "-m", "bot.cli", *words]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        limit = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
        return subprocess.Popen(command, cwd=self.path, env=self.environment, preexec_fn=limit, **pipes)

    def refused(self, *words, **more):
        """What a command says that can't be done."""
        process = self.start(*words, **more)
        said = process.communicate(timeout=240)[1]
        assert process.returncode == 1, said
        return said


@pytest.fixture
def checkout(tmp_path, database, models, environment):
    make_model(database, models, "motcua-live", LIVE)
    (tmp_path / "checkout").mkdir()
    return Checkout(tmp_path / "checkout", environment)


@pytest.mark.parametrize(
    ("file", "change", "said"),
    [
        ("data/nlu/a.yml", lambda text: text + "  broken", "a.yml: not readable as YAML"),
        (
            "domain.yml",
            lambda text: text.replace("fee, ", ""),
            "data/rules: intent 'fee' is used, and is not in domain",
        ),
    ],
)
def test_a_file_broken_by_hand_is_named_and_nothing_is_trained(checkout, database, models, file, change, said):
    path = checkout.path / file
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    assert said in checkout.refused("train")
    with database.reading() as session:
        assert [row.state for row in ledger.list_models(session)] == [LIVE]


def test_of_two_maintainers_at_once_the_second_is_told_to_wait(checkout, database, models):
    with (models / ".training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "A training is under way in" in checkout.refused("train")
    assert state_of(database, 1)[0] == LIVE
    assert state_of(database, 2)[0] == FAILED


def test_a_live_model_whose_file_is_gone_is_not_up_to_date(database, models, motcua):
    make_model(database, models, "motcua-live", LIVE)
    assert motcua("train").output == "The model is up to date.\n"
    (models / "motcua-live.tar.gz").unlink()
    with (models / ".training.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        tried = motcua("train")
    assert "Model 1 (motcua-live) is not loaded" in tried.output
    assert tried.exit_code == 1
    assert state_of(database, 2)[0] == FAILED


def test_a_training_killed_half_way_leaves_its_failure_and_nothing_else(checkout, database, models, motcua):
    process = checkout.start("train")

    def has_begun():
        with database.reading() as session:
            rows = ledger.list_models(session)
        return rows[0].state == "training" and list(models.glob(".training-*"))

    wait_until(has_begun, 120)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    wait_until(lambda: "failed" in motcua("models", "list").output, 60)
    assert state_of(database, 2) == (FAILED, "cut short")
    assert state_of(database, 1)[0] == LIVE
    assert list(models.glob("motcua-2*")) == []


def test_a_disk_that_is_full_is_said_in_one_sentence(checkout, database, models):
    # As much as the database needs; a model with so long an answer needs more.
    path = checkout.path / "domain.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("Năm nghìn", "x" * 5_000_000), encoding="utf-8")
    said = checkout.refused("train", most_bytes=4_000_000)
    assert said.startswith("motcua: Training failed")
    assert len(said.splitlines()) == 1
    assert (state_of(database, 1)[0], state_of(database, 2)[0]) == (LIVE, FAILED)
    assert list(models.glob("motcua-2*")) == []


def test_a_model_of_another_version_is_not_put_live(motcua, database, models):
    make_model(database, models, "motcua-a", LIVE)
    make_model(database, models, "motcua-b", CANDIDATE, version="0" * 64)
    refused = motcua("models", "promote", "2", "--because", "try")
    assert "was made by another version of the bot" in str(refused.exception)
    assert [state_of(database, number)[0] for number in (1, 2)] == [LIVE, CANDIDATE]


def test_what_goes_live_and_back_is_listed(motcua, database, models):
    make_model(database, models, "motcua-a", LIVE)
    pass_gate(database, make_model(database, models, "motcua-b", CANDIDATE), beside=1)
    assert "Model 2 (motcua-b) is live." in motcua("models", "promote", "2", "--by", "An").output
    assert "live since" in motcua("models", "list").output.splitlines()[0]
    assert [state_of(database, number)[0] for number in (1, 2)] == [FORMER, LIVE]
    assert "Model 1 (motcua-a) is live again." in motcua("models", "rollback", "--by", "An").output
    assert state_of(database, 2)[0] == REFUSED
    assert "compared with model 1: passed" in motcua("models", "show", "2").output


def test_sentences_that_were_taken_back_are_loud(motcua, database, models):
    make_model(database, models, "motcua-a", LIVE, promoted_at=now(), promoted_by="An")
    with database.transaction() as session:
        assert ledger.mark_dropped(session, ["Xin chào!"])[0].id == 1
    listed = motcua("models", "list").output
    assert "!! 1 of its sentences were taken back" in listed
    assert "A training is due at night" in listed
    found = {one["about"]: one for one in json.loads(motcua("doctor", "--json").output)}
    assert (found["model"]["good"], "took back" in found["model"]["said"]) == (False, True)


def test_a_candidate_is_let_read_along_and_stopped(motcua, database, models):
    make_model(database, models, "motcua-a", LIVE, promoted_at=now(), promoted_by="An")
    make_model(database, models, "motcua-b", CANDIDATE)
    assert motcua("models", "shadow", "2").output.startswith("Model 2 reads along from now on")
    assert "reads along" in motcua("models", "list").output.splitlines()[0]
    assert motcua("models", "shadow", "--now").output == "nothing new\n"
    assert "read along with 0 messages" in motcua("models", "show", "2").output
    assert motcua("models", "shadow", "--stop").exit_code == 0
    assert motcua("models", "shadow", "--now").output == "No model reads along.\n"
    assert [motcua("models", "shadow", *words).exit_code for words in ((), ("2", "--stop"), ("1",))] == [2, 2, 1]


def test_a_training_that_waits_is_listed(motcua, database):
    with database.transaction() as session:
        plans.plan(session, "An", "asked for in the console", quiet=False)
    assert "A training is due as soon as the running bot comes to it: asked for in the console (An, " in (
        motcua("models", "list").output
    )


def test_a_model_of_newer_code_is_said_to_wait_for_the_next_start(environment, database, models):
    make_model(database, models, "motcua-a", LIVE, version="0" * 64)
    pass_gate(database, make_model(database, models, "motcua-b", CANDIDATE), beside=1)
    with FakeModelServer().serving() as rasa:
        own = {**environment, "MOTCUA_RASA_PORT": rasa.url.rsplit(":", 1)[1]}
        said = CliRunner().invoke(cli, ["models", "promote", "2", "--by", "an"], env=own).output
    assert "of another version than the running bot: the next 'motcua run' has it." in said
    assert (rasa.loads, state_of(database, 2)[0]) == ([], LIVE)
