"""A candidate that reads along: counts over everybody, messages only of people who agreed."""

import pytest

from bot.operations.shadowing import read_along
from bot.review.model import ReviewMessage
from bot.training import ledger, shadow
from bot.training.model import CANDIDATE, LIVE, Model
from bot.training.train import TrainingError
from tests.review.conftest import RULES, Town
from tests.training.models import make_model

SURE = (("ask_forms", 0.95), ("ask_hotline", 0.03))


@pytest.fixture
def town(database, tmp_path):
    return Town(database, tmp_path)


@pytest.fixture
def models(database, tmp_path):
    """A folder with a live model and a candidate that reads along."""
    make_model(database, tmp_path, "motcua-a", LIVE)
    make_model(database, tmp_path, "motcua-b", CANDIDATE)
    with database.transaction() as session:
        shadow.begin(session, "2")
    return tmp_path


class Reader:
    """Reads everything as one intent."""

    def __init__(self, intent):
        self.intent, self.texts = intent, []

    def __call__(self, file, texts):
        self.texts += texts
        return [{"intent": self.intent} for _ in texts]


def found(database):
    with database.reading() as session:
        return shadow.found(session.get(Model, 2))


def test_what_it_reads_otherwise_is_counted_of_all_and_kept_of_those_who_agreed(town, models):
    town.say("gọi số nào", "web:an", ranking=SURE, outcome="answer")
    town.say("số 0912345678 là của ai", "web:binh", ranking=SURE, outcome="answer", agrees=False)
    reader = Reader("ask_hotline")
    assert read_along(town.database, models, RULES, reader) == "2 messages, 2 otherwise"
    assert reader.texts == ["gọi số nào", "số <sodienthoai:000000000000> là của ai"]
    kept = found(town.database)
    assert (kept.read, kept.differ, kept.pairs) == (2, 2, {"ask_forms → ask_hotline": 2})
    assert [(row.conversation, row.reasons) for row in town.rows(ReviewMessage)] == [("web:an", "differs")]


def test_what_it_has_read_it_reads_no_more(town, models):
    town.say("xin tờ khai", ranking=SURE, outcome="answer")
    reader = Reader("ask_forms")
    assert read_along(town.database, models, RULES, reader) == "1 messages, 0 otherwise"
    assert read_along(town.database, models, RULES, reader) == "nothing new"
    assert (found(town.database).read, found(town.database).differ, town.rows(ReviewMessage)) == (1, 0, [])


def test_taps_and_answers_within_a_form_are_not_read(town, models):
    town.say("xong", outcome="form", ranking=SURE)
    town.say("Mẫu đơn", payload="/ask_forms", ranking=SURE)
    assert read_along(town.database, models, RULES, Reader("greet")) == "nothing new"


def test_killed_before_its_end_it_counts_once(town, models):
    town.say("gọi số nào", ranking=SURE, outcome="answer")

    def killed(file, texts):
        raise SystemExit

    with pytest.raises(SystemExit):
        read_along(town.database, models, RULES, killed)
    read_along(town.database, models, RULES, Reader("greet"))
    assert list(found(town.database).lines()) == [
        "read along with 1 messages, 1 of them otherwise (100.0%)",
        "      1  ask_forms → greet",
    ]


def test_one_reads_along_at_a_time_and_only_what_waits(database, models):
    make_model(database, models, "motcua-c", CANDIDATE)
    with database.transaction() as session:
        shadow.begin(session, "3")
        assert shadow.reading(session).id == 3
        with pytest.raises(TrainingError, match="Model 1 is live; only what waits reads along"):
            shadow.begin(session, "1")
        ledger.promote(session, "3", models, "an", "drill")
        assert shadow.reading(session) is None
    assert read_along(database, models, RULES, Reader("greet")) is None


def test_a_file_that_was_altered_is_not_loaded(town, models):
    (models / "motcua-b.tar.gz").write_bytes(b"something else")
    with pytest.raises(TrainingError, match="altered"):
        read_along(town.database, models, RULES, Reader("greet"))
