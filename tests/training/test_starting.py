"""Which model a start, a restart and a look take, and what they write down about it."""

import pytest

from bot.operations.programs import list_programs
from bot.training import ledger, starting
from bot.training.model import CANDIDATE, FORMER, LIVE, REFUSED
from bot.training.train import TrainingError
from tests.factories import make_settings
from tests.training.models import make_model, pass_gate, state_of, write_file

OLD = "0" * 64


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def start(database, folder, train=None):
    return starting.choose(database, folder, train, print).name


def test_what_the_gate_refused_is_not_trained_again_and_put_live(database, folder):
    make_model(database, folder, "motcua-a", LIVE, version=OLD)
    refused = make_model(database, folder, "motcua-b", REFUSED)
    with pytest.raises(TrainingError, match="'motcua models promote 2 --because"):
        start(database, folder, lambda: pytest.fail("trained"))
    with database.transaction() as session:
        ledger.promote(session, str(refused), folder, "an", "the labels are wrong")
    assert start(database, folder) == "motcua-b.tar.gz"


def test_a_refused_model_whose_file_is_gone_stops_no_start(database, folder):
    make_model(database, folder, "motcua-a", LIVE, version=OLD)
    make_model(database, folder, "motcua-b", REFUSED)
    (folder / "motcua-b.tar.gz").unlink()
    assert start(database, folder, lambda: write_file(folder, "motcua-new")) == "motcua-new.tar.gz"


def test_the_first_of_a_version_that_nothing_was_compared_with_says_so(database, folder):
    make_model(database, folder, "motcua-a", LIVE, version=OLD)
    start(database, folder, lambda: write_file(folder, "motcua-new"))
    assert state_of(database, 2) == (LIVE, ledger.NOT_COMPARED)


def test_a_candidate_of_a_new_version_that_the_gate_passed_has_nothing_to_say(database, folder):
    make_model(database, folder, "motcua-a", LIVE, version=OLD)
    pass_gate(database, make_model(database, folder, "motcua-b", CANDIDATE), beside=1)
    start(database, folder)
    assert state_of(database, 2) == (LIVE, None)


def test_the_first_model_of_all_has_nothing_to_be_compared_with(database, folder):
    start(database, folder, lambda: write_file(folder, "motcua-new"))
    assert state_of(database, 1) == (LIVE, None)


def test_rasa_that_crashed_gets_the_live_model_whatever_was_edited_since(database, folder):
    make_model(database, folder, "motcua-a", LIVE, version=OLD)
    make_model(database, folder, "motcua-b", CANDIDATE)
    settings = make_settings(folder.parent, MODELS=folder, DATABASE_URL=database.url)
    again = list_programs(settings, folder / "motcua-a.tar.gz", print)[0].again
    assert str(folder / "motcua-a.tar.gz") in again()
    assert [state_of(database, number)[0] for number in (1, 2)] == [LIVE, CANDIDATE]


def test_rasa_that_crashed_gets_the_one_before_where_the_live_file_was_altered(database, folder):
    make_model(database, folder, "motcua-a", FORMER, version=OLD)
    make_model(database, folder, "motcua-b", LIVE, version=OLD)
    (folder / "motcua-b.tar.gz").write_bytes(b"evil")
    assert starting.choose_again(database, folder, print).name == "motcua-a.tar.gz"


def test_looking_puts_nothing_live_and_goes_back_to_nothing(database, folder):
    make_model(database, folder, "motcua-a", LIVE, version=OLD)
    make_model(database, folder, "motcua-b", CANDIDATE)
    assert starting.look(database, folder).name == "motcua-b.tar.gz"
    assert [state_of(database, number)[0] for number in (1, 2)] == [LIVE, CANDIDATE]


def test_looking_at_an_altered_live_model_says_so_and_leaves_it(database, folder):
    make_model(database, folder, "motcua-a", FORMER)
    make_model(database, folder, "motcua-b", LIVE)
    (folder / "motcua-b.tar.gz").write_bytes(b"evil")
    with pytest.raises(TrainingError, match="altered"):
        starting.look(database, folder)
    assert state_of(database, 2)[0] == LIVE
