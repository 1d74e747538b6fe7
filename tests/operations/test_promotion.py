"""Which model the running Rasa has, and which one the ledger says is live."""

import threading

import pytest

from bot.operations.promotion import Promotion, RasaModels
from bot.training import ledger, starting
from bot.training.model import CANDIDATE, FAILED, FORMER, LIVE, REFUSED, Model
from bot.training.train import TrainingError
from tests.factories import TOKEN
from tests.fakes.models_server import FakeModelServer
from tests.training.models import make_model, pass_gate, state_of


@pytest.fixture
def rasa():
    with FakeModelServer().serving() as fake:
        yield fake


@pytest.fixture
def folder(tmp_path, database):
    """With one live model and one the gate has passed."""
    models = tmp_path / "models"
    models.mkdir()
    make_model(database, models, "motcua-a", LIVE)
    pass_gate(database, make_model(database, models, "motcua-b", CANDIDATE), beside=1)
    return models


@pytest.fixture
def promotion(database, folder, rasa):
    return Promotion(database, folder, RasaModels(rasa.url, TOKEN))


def states(database):
    return [state_of(database, number)[0] for number in (1, 2)]


def test_a_promoted_model_is_live_and_loaded_and_back_again(database, promotion, rasa):
    assert promotion.promote("2", "an", None).name == "motcua-b"
    assert (rasa.model, states(database)) == ("motcua-b", [FORMER, LIVE])
    assert promotion.rollback("an", "drill").name == "motcua-a"
    assert (rasa.model, states(database)) == ("motcua-a", [LIVE, REFUSED])


def test_what_rasa_cant_load_leaves_the_live_model_live(database, promotion, rasa):
    rasa.unloadable.add("motcua-b.tar.gz")
    with pytest.raises(TrainingError, match=r"Rasa could not load motcua-b\.tar\.gz \(answer 400\)"):
        promotion.promote("2", "an", None)
    assert (rasa.model, states(database)) == ("motcua-a", [LIVE, FAILED])


def test_while_rasa_is_away_only_the_ledger_changes(database, folder):
    promotion = Promotion(database, folder, RasaModels("http://127.0.0.1:9", TOKEN))
    promotion.promote("2", "an", None)
    assert (states(database), promotion.settle()) == ([FORMER, LIVE], None)


def test_a_model_that_the_gate_has_not_passed_reaches_nobody(database, folder, promotion, rasa):
    number = make_model(database, folder, "motcua-c", REFUSED)
    with pytest.raises(TrainingError, match="The gate refused model 3"):
        promotion.promote(str(number), "an", None)
    assert (rasa.loads, states(database)) == ([], [LIVE, CANDIDATE])


def test_rasa_gets_what_another_program_made_live(database, promotion, rasa):
    rasa.model = "motcua-b"
    assert promotion.settle() == "motcua-a"
    assert (rasa.loads, promotion.settle()) == (["motcua-a"], None)


def test_what_goes_live_while_rasa_loads_is_loaded_too(database, folder, promotion, rasa):
    rasa.model = "motcua-before"

    def promote_meanwhile():
        rasa.on_load = lambda: None
        with database.transaction() as session:
            ledger.promote(session, "2", folder, "binh", None)

    rasa.on_load = promote_meanwhile
    promotion.settle()
    assert rasa.loads == ["motcua-a", "motcua-b"]


def test_an_altered_live_model_is_never_handed_to_rasa(folder, promotion, rasa):
    rasa.model = "motcua-before"
    (folder / "motcua-a.tar.gz").write_bytes(b"evil")
    with pytest.raises(TrainingError, match="altered"):
        promotion.settle()
    assert rasa.loads == []


def test_a_live_model_of_newer_code_waits_for_the_next_start(database, folder, promotion, rasa):
    make_model(database, folder, "motcua-c", CANDIDATE, version="1" * 64)
    with database.transaction() as session:
        session.get(Model, 1).state = FORMER
        session.flush()
        session.get(Model, 3).state = LIVE
    assert promotion.settle() is None
    assert rasa.loads == []


def test_new_code_puts_no_model_of_its_own_into_a_rasa_that_runs_the_old(database, folder, promotion, rasa):
    with database.transaction() as session:
        session.get(Model, 1).version = "0" * 64
    row = promotion.promote("2", "an", None)
    assert (rasa.loads, states(database)) == ([], [FORMER, LIVE])
    assert promotion.waits_for_start(row)
    promotion.promote(str(make_model(database, folder, "motcua-c", CANDIDATE)), "an", "drill")
    assert rasa.loads == []
    assert starting.choose(database, folder, None, print).name == "motcua-c.tar.gz"


def test_what_the_running_rasa_has_waits_for_nothing(promotion):
    assert not promotion.waits_for_start(promotion.promote("2", "an", None))


def test_after_an_edit_on_the_disk_the_running_bot_still_goes_back(database, folder, promotion, rasa):
    promotion.promote("2", "an", None)
    with database.transaction() as session:
        for number in (1, 2):
            session.get(Model, number).version = "0" * 64
    assert promotion.rollback("an", "drill").name == "motcua-a"
    assert (rasa.model, states(database)) == ("motcua-a", [LIVE, REFUSED])


def test_a_model_that_waits_for_the_next_start_is_taken_back_to_the_one_that_runs(database, promotion, rasa):
    with database.transaction() as session:
        session.get(Model, 1).version = "0" * 64
    promotion.promote("2", "an", None)
    assert promotion.rollback("an", "drill").name == "motcua-a"
    assert (rasa.loads, states(database)) == ([], [LIVE, REFUSED])


def test_a_rasa_that_takes_too_long_marks_no_model(database, folder, rasa):
    done = threading.Event()
    rasa.on_load = lambda: done.wait(10)
    promotion = Promotion(database, folder, RasaModels(rasa.url, TOKEN, patience=0.3))
    with pytest.raises(TrainingError, match="did not load"):
        promotion.promote("2", "an", None)
    done.set()
    assert (state_of(database, 2), states(database)) == ((CANDIDATE, None), [LIVE, CANDIDATE])
