"""A candidate beside the live model, both real: a copy passes, and what was found is in the ledger."""

import json
import shutil

import pytest
from sqlalchemy import select

from bot.settings import ROOT
from bot.training import ledger, starting
from bot.training.compare import compare_known
from bot.training.evaluate import BLIND_SET, read_blind_set, written_messages
from bot.training.gate import load_bounds
from bot.training.measure import Prediction
from bot.training.model import REFUSED, Model
from bot.training.packed import known_predictions, pack_predictions, unpack_predictions
from bot.training.train import TrainedModel, TrainingError, inputs_fingerprint, sha256_of
from bot.training.trial import check_sentences, read_live, try_candidate
from tests.factories import make_database
from tests.training.models import make_model

BOUNDS = load_bounds(ROOT / "knowledge")


@pytest.fixture(scope="module")
def tried(bot, tmp_path_factory):
    """A database with a live model and a copy of it as a candidate, and their folder."""
    folder = tmp_path_factory.mktemp("models")
    shutil.copytree(bot.settings.models, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".*"))
    database = make_database(tmp_path_factory.mktemp("ledger"))
    path = starting.choose(database, folder, None, print)
    copy = folder / "motcua-copy.tar.gz"
    shutil.copy(path, copy)
    ledger.finish(database, ledger.begin(database), TrainedModel(copy, inputs_fingerprint(), sha256_of(copy)), 1.0)
    yield database, folder
    database.close()


@pytest.fixture
def blind(tmp_path):
    """The blind set without its twins: what is tried here is the same with a tenth of the messages."""
    shutil.copy(BLIND_SET / "messages.jsonl", tmp_path)
    return tmp_path


def row_of(database, number):
    with database.reading() as session:
        return session.execute(select(Model).where(Model.id == number)).scalar_one()


@pytest.mark.server
def test_against_a_copy_of_the_live_model_stands_only_the_conversation_that_failed(tried, blind):
    database, folder = tried
    tried_with = []

    def converse(file):
        tried_with.append(file.name)
        return ["test_greeting"]

    trial = try_candidate(database, folder, None, BOUNDS, converse, print, blind)
    assert trial.verdict.reasons == ("conversations: 1 failed: test_greeting",)
    assert (trial.comparison.overall.difference, trial.changes.new, trial.live, trial.candidate) == (0, 0, 1, 2)
    assert trial.comparison.overall.live > 0.9
    assert tried_with == ["motcua-copy.tar.gz"]
    kept = row_of(database, 2)
    assert (kept.state, kept.compared_with, json.loads(kept.verdict)["passed"]) == (REFUSED, 1, False)
    with database.reading() as session:
        packed = session.execute(select(Model.predictions).where(Model.id == 1)).scalar_one()
    rows = read_blind_set(blind)
    assert [one.right for one in unpack_predictions(packed, rows, database.cipher.digest)] == [
        one.right for one in trial.predictions
    ]


def test_messages_of_citizens_that_measure_may_not_leak_either():
    rows = [("xin chào", "greet", "clean"), ("xin chao", "greet", "no_tones"), ("chào cả nhà", "greet", "reviewed")]
    assert written_messages(rows) == ["xin chào", "chào cả nhà"]


def test_without_a_live_model_or_a_candidate_there_is_nothing_to_compare(database, tmp_path):
    with pytest.raises(TrainingError, match="There is no live model"):
        try_candidate(database, tmp_path, None, BOUNDS, lambda file: [], print)
    make_model(database, tmp_path, "motcua-a", "live")
    with pytest.raises(TrainingError, match="There is no candidate; 'motcua train' makes one"):
        try_candidate(database, tmp_path, None, BOUNDS, lambda file: [], print)
    with pytest.raises(TrainingError, match="is live itself"):
        try_candidate(database, tmp_path, "1", BOUNDS, lambda file: [], print)


def test_a_candidate_of_other_sentences_than_todays_is_not_compared(database, tmp_path):
    make_model(database, tmp_path, "motcua-a", "live")
    make_model(database, tmp_path, "motcua-b", "candidate")
    with pytest.raises(TrainingError, match="were changed since model 2 was made of them"):
        try_candidate(database, tmp_path, None, BOUNDS, lambda file: [], print)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("data/nlu/a.yml", "nlu:\n- intent: fee\n  examples: |\n    - x\n  - broken", r"a\.yml: not readable as YAML"),
        ("data/nlu/a.yml", "nlu:\n- intent: gone\n  examples: |\n    - x y z\n", "intent 'gone' is not in domain.yml"),
        ("domain.yml", "intents: [", r"The training data can't be read"),
    ],
)
def test_a_file_broken_by_hand_is_named_and_nothing_is_trained(tmp_path, file, text, said):
    held_out = tmp_path / "tests" / "heldout"
    held_out.mkdir(parents=True)
    for name in ("messages.jsonl", "twins.jsonl"):
        (held_out / name).touch()
    (tmp_path / "data" / "nlu").mkdir(parents=True)
    (tmp_path / "domain.yml").write_text("intents: [fee]", encoding="utf-8")
    (tmp_path / file).write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match=said):
        check_sentences(tmp_path)


def test_what_a_model_of_another_version_made_of_the_blind_set_is_enough_to_compare_with(database, tmp_path):
    make_model(database, tmp_path, "motcua-a", "live", version="0" * 64)
    make_model(database, tmp_path, "motcua-b", "candidate")
    with database.reading() as session:
        live, digest = ledger.live(session), database.cipher.digest
    rows = [("xin chào", "greet", "clean")]
    with pytest.raises(TrainingError, match="The next 'motcua run' starts with the candidate"):
        read_live(live, tmp_path, rows, ["câu mới"], [None])
    packed = pack_predictions([Prediction("xin chào", "greet", (("thank", 0.6), ("greet", 0.4)))], digest)
    kept, rank = read_live(live, tmp_path, rows, ["câu mới"], known_predictions(packed, rows, digest))
    assert (kept[0].intent, kept[0].ranking[1], rank("câu mới")[0][1]) == ("thank", ("greet", 0.4), 0)


def test_one_new_message_leaves_the_others_comparable_with_a_model_of_another_version(database, tmp_path):
    make_model(database, tmp_path, "motcua-a", "live", version="0" * 64)
    with database.reading() as session:
        live, digest = ledger.live(session), database.cipher.digest
    rows = [("xin chào", "greet", "clean"), ("chào nhé", "greet", "reviewed")]
    after = [Prediction(text, truth, (("greet", 0.9),), part) for text, truth, part in rows]
    kept = known_predictions(pack_predictions(after[:1], digest), rows, digest)
    before, _ = read_live(live, tmp_path, rows, [], kept)
    assert [one and one.text for one in before] == ["xin chào", None]
    assert compare_known(before, after, ["h1", "h2"]).overall.messages == 1
    assert compare_known([None, None], after, ["h1", "h2"]) is None
