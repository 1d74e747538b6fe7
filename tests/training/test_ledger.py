import json

import pytest
from sqlalchemy.exc import IntegrityError

from bot.database import now
from bot.training import ledger, plans, starting
from bot.training.model import CANDIDATE, FAILED, FORMER, LIVE, REFUSED, Model
from bot.training.train import TrainedModel, TrainingError, inputs_fingerprint, sha256_of
from tests.training.models import CONTENT, REFUSED_BY_GATE, make_model, pass_gate, state_of, write_file


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "models").mkdir()
    return tmp_path / "models"


def promote(database, folder, number, because=None):
    with database.transaction() as session:
        return ledger.promote(session, str(number), folder, "an", because)


def go_back(database, folder):
    with database.transaction() as session:
        return ledger.go_back(session, folder, "an", "drill")


def start(database, folder, train=None):
    told = []
    return starting.choose(database, folder, train, told.append), told


def test_a_training_is_written_down_from_its_beginning_to_its_end(database, folder):
    seen = []

    def train(tell):
        tell("Starting to train component 'X'")
        with database.reading() as session:
            seen.append([(row.state, row.step) for row in ledger.list_models(session)])
        return write_file(folder, "motcua-a")

    number = ledger.make_candidate(database, train)
    with database.reading() as session:
        row = ledger.find(session, str(number))
    assert seen == [[("training", "Starting to train component 'X'")]]
    assert (row.state, row.name, row.step, row.seconds >= 0) == (CANDIDATE, "motcua-a", None, True)
    assert row.sentences > 1000
    assert "rasa 3.6" in row.packages


def test_a_model_can_be_asked_for_a_sentence_that_only_the_database_had(database, folder):
    more = [("câu chỉ nằm trong cơ sở dữ liệu", "ask_forms")]
    made = ledger.make_candidate(database, lambda tell: write_file(folder, "motcua-a"), more)
    ledger.make_candidate(database, lambda tell: write_file(folder, "motcua-b"))
    with database.reading() as session:
        assert [row.id for row in ledger.built_on(session, [more[0][0]])] == [made]
        rows = {row.id: row for row in ledger.list_models(session)}
    assert rows[made].inputs == inputs_fingerprint(more)
    assert rows[made].sentences == rows[made + 1].sentences + 1


def test_a_training_that_fails_says_why(database):
    def train(tell):
        raise TrainingError("Training failed: No space left on device.")

    with pytest.raises(TrainingError, match="No space"):
        ledger.make_candidate(database, train)
    assert state_of(database, 1) == (FAILED, "Training failed: No space left on device.")


def test_a_training_that_is_stopped_or_killed_is_over(database, folder):
    def train(tell):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ledger.make_candidate(database, train)
    ledger.begin(database)
    ledger.end_cut_short(database, folder)
    assert [state_of(database, number) for number in (1, 2)] == [(FAILED, "cut short")] * 2


def test_only_what_the_gate_passed_goes_live(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    number = make_model(database, folder, "motcua-b", CANDIDATE)
    with pytest.raises(TrainingError, match="was not compared with the live one"):
        promote(database, folder, number)
    pass_gate(database, number, beside=1)
    assert promote(database, folder, number).promoted_by == "an"
    assert [state_of(database, one)[0] for one in (1, number)] == [FORMER, LIVE]


def test_a_comparison_with_a_model_that_is_live_no_more_does_not_count(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    first, second = (make_model(database, folder, name, CANDIDATE) for name in ("motcua-b", "motcua-c"))
    for number in (first, second):
        pass_gate(database, number, beside=1)
    promote(database, folder, first)
    with pytest.raises(TrainingError, match="was not compared with the live one"):
        promote(database, folder, second)


def test_against_the_gate_a_reason_is_needed_and_kept(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    number = make_model(database, folder, "motcua-b", REFUSED)
    with pytest.raises(TrainingError, match="name the reason with --because"):
        promote(database, folder, number)
    promote(database, folder, number, because="the blind set has wrong labels")
    assert state_of(database, number) == (LIVE, "the blind set has wrong labels")


def test_one_that_was_live_needs_a_reason_where_the_gate_refused_it_since(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    number = make_model(database, folder, "motcua-b", FORMER, verdict=REFUSED_BY_GATE, compared_with=1)
    with pytest.raises(TrainingError, match="The gate refused model 2"):
        promote(database, folder, number)
    assert state_of(database, 1)[0] == LIVE


def test_what_learnt_sentences_that_were_taken_back_goes_live_with_a_reason_and_a_plan(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    number = make_model(database, folder, "motcua-b", CANDIDATE, dropped=2, dropped_at=now())
    pass_gate(database, number, beside=1)
    with pytest.raises(TrainingError, match="2 of the sentences of model 2 were taken back"):
        promote(database, folder, number)
    promote(database, folder, number, because="nobody else answers")
    with database.reading() as session:
        assert [plan.reason for plan in plans.waiting(session)] == [ledger.TAKEN_BACK]


def test_going_back_to_one_that_learnt_what_was_taken_back_plans_a_training(database, folder):
    make_model(database, folder, "motcua-b", LIVE)
    make_model(database, folder, "motcua-a", FORMER, dropped=1, dropped_at=now(), promoted_at=now())
    assert go_back(database, folder).name == "motcua-a"
    with database.reading() as session:
        assert len(plans.waiting(session)) == 1


def test_back_is_the_one_before_and_back_again_the_one_before_that(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    for name in ("motcua-b", "motcua-c"):
        promote(database, folder, make_model(database, folder, name, CANDIDATE), because="drill")
    assert [go_back(database, folder).name for _ in range(2)] == ["motcua-b", "motcua-a"]
    with pytest.raises(TrainingError, match="no model to go back to"):
        go_back(database, folder)
    assert json.loads((folder / "motcua-c.json").read_text())["candidate"]
    assert state_of(database, 1)[0] == LIVE


def test_at_most_one_model_is_live(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    with pytest.raises(IntegrityError):
        make_model(database, folder, "motcua-b", LIVE)


@pytest.mark.parametrize("harm", ["altered", "gone", "elsewhere"])
def test_a_file_that_is_not_the_one_that_was_trained_is_not_loaded(database, folder, tmp_path, harm):
    make_model(database, folder, "motcua-a", LIVE)
    number = make_model(database, folder, "motcua-b", CANDIDATE)
    path = folder / "motcua-b.tar.gz"
    if harm == "altered":
        path.write_bytes(CONTENT + b"more")
    else:
        path.rename(tmp_path / "elsewhere.tar.gz")
    if harm == "elsewhere":
        path.symlink_to(tmp_path / "elsewhere.tar.gz")
    with pytest.raises(TrainingError, match="its file was altered or is gone"):
        promote(database, folder, number, because="drill")
    assert state_of(database, 1)[0] == LIVE


def test_a_model_of_another_version_is_not_loaded(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    number = make_model(database, folder, "motcua-b", CANDIDATE, version="0" * 64)
    with pytest.raises(TrainingError, match="made by another version of the bot"):
        promote(database, folder, number, because="drill")


def test_a_name_that_nobody_has_is_said(database):
    with pytest.raises(TrainingError, match="There is no model 'x'"), database.reading() as session:
        ledger.find(session, "x")


def test_the_models_made_of_a_sentence_are_found_without_the_sentence(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    with database.reading() as session:
        assert [row.name for row in ledger.built_on(session, ["XIN CHAO!"])] == ["motcua-a"]
        assert ledger.built_on(session, ["câu này không ai dạy cho mô hình bao giờ"]) == []


def test_the_first_start_takes_what_lies_there_and_later_ones_what_is_live(database, folder):
    write_file(folder, "motcua", note=True)
    assert start(database, folder) == (folder / "motcua.tar.gz", [])
    promote(database, folder, make_model(database, folder, "motcua-b", CANDIDATE), because="drill")
    assert start(database, folder) == (folder / "motcua-b.tar.gz", [])


def test_without_any_model_one_is_trained(database, folder):
    path, _ = start(database, folder, lambda: write_file(folder, "motcua-new"))
    assert (path.name, state_of(database, 1)[0]) == ("motcua-new.tar.gz", LIVE)
    path.unlink()
    with pytest.raises(TrainingError, match="no model of this version"):
        start(database, folder)


def test_an_altered_live_model_gives_way_to_the_one_before(database, folder):
    make_model(database, folder, "motcua-a", LIVE)
    promote(database, folder, make_model(database, folder, "motcua-b", CANDIDATE), because="drill")
    (folder / "motcua-b.tar.gz").write_bytes(b"evil")
    path, told = start(database, folder)
    assert path.name == "motcua-a.tar.gz"
    assert told[0] == "Model 2 (motcua-b) is not loaded: its file was altered or is gone."
    assert told[1] == "Model 1 (motcua-a), which was live before, is live again."


def test_an_altered_file_with_an_altered_note_beside_it_is_not_taken_for_a_new_model(database, folder):
    write_file(folder, "motcua", note=True)
    start(database, folder)
    write_file(folder, "motcua", b"evil", note=True)
    with pytest.raises(TrainingError):
        start(database, folder)
    path, _ = start(database, folder, lambda: write_file(folder, "motcua-new"))
    assert path.name == "motcua-new.tar.gz"


def test_changed_sentences_alone_leave_the_live_model_live(database, folder):
    make_model(database, folder, "motcua-a", LIVE, inputs="0" * 64)
    path, told = start(database, folder, lambda: write_file(folder, "motcua-new"))
    assert path.name == "motcua-a.tar.gz"
    assert "'motcua train' makes a candidate" in told[0]


def test_a_new_version_starts_with_a_candidate_that_was_not_refused_or_with_a_new_model(database, folder):
    make_model(database, folder, "motcua-a", LIVE, version="0" * 64)
    number = make_model(database, folder, "motcua-b", CANDIDATE)
    refused = make_model(database, folder, "motcua-c", REFUSED)
    assert start(database, folder)[0].name == "motcua-b.tar.gz"
    with database.transaction() as session:
        session.get(Model, number).version = "1" * 64
        session.get(Model, refused).inputs = "1" * 64
    assert start(database, folder, lambda: write_file(folder, "motcua-new"))[0].name == "motcua-new.tar.gz"


def test_a_model_taken_over_twice_is_one(database, folder):
    made = write_file(folder, "motcua")
    for _ in range(2):
        ledger.take_over(database, made)
    with database.reading() as session:
        assert [(row.id, row.sha256) for row in ledger.list_models(session)] == [(1, sha256_of(made.path))]
    assert isinstance(made, TrainedModel)
