"""What leaves the inbox and the data: by a person's wish, and by the clock."""

from datetime import date, timedelta

import pytest

from bot.complaints import consents, privacy
from bot.complaints.retention import load_retention
from bot.complaints.rules import load_rules
from bot.operations.erasure import Stores, run_erasures
from bot.operations.retention import run_retention
from bot.review.model import ReviewExample, ReviewMessage
from bot.review.writing import drop_ended, write
from bot.settings import ROOT
from bot.training.leftovers import reports_of
from bot.training.model import FORMER, LIVE, Model, ModelPlan
from bot.training.packed import pack_examples
from tests.factories import raw_bytes
from tests.review.conftest import LEAD, NLU
from tests.training.models import make_model


@pytest.fixture
def stores(town, tmp_path):
    rules = load_rules(ROOT / "knowledge", "demo")
    return Stores(town.database, rules, tmp_path / "evidence", lambda work: 0, town.root, tmp_path / "home")


def test_a_wish_to_delete_takes_the_sentences_out_of_the_data(town, stores):
    town.accepted("gọi số nào để hỏi chuyện lạ")
    town.accepted("tổng đài nào nghe máy", who="web:binh")
    write(town.desk, town.root, LEAD)
    privacy.ask(town.database, "web:an", privacy.DELETE)
    assert run_erasures(stores) == 1
    assert "chuyện lạ" not in town.file()
    assert "tổng đài nào nghe máy" in town.file()
    assert [row.conversation for row in town.rows(ReviewMessage)] == ["web:binh"]
    assert "chuyện lạ".encode() not in raw_bytes(town.database)


def test_models_that_learnt_what_is_taken_back_are_marked_and_a_training_is_planned(town, stores, tmp_path):
    said = {"web:an": "gọi số nào để hỏi chuyện lạ", "web:binh": "tổng đài nào nghe máy"}
    for who, text in said.items():
        town.accepted(text, who=who)
    write(town.desk, town.root, LEAD)
    learnt = [(text, "ask_hotline") for text in said.values()]
    for name, state, rows in (("a", LIVE, learnt), ("b", FORMER, [("xin chào", "greet")])):
        packed = pack_examples(rows, town.database.cipher.digest)
        make_model(town.database, tmp_path, f"motcua-{name}", state, examples=packed)
    privacy.ask(town.database, "web:an", privacy.DELETE)
    assert run_erasures(stores) == 1
    with town.database.transaction() as session:
        consents.withdraw(session, "web:binh", consents.IMPROVE)
    assert len(drop_ended(town.database, town.root)) == 1
    assert [(row.dropped, row.dropped_at is None) for row in town.rows(Model)] == [(2, False), (0, True)]
    assert [(plan.quiet, plan.by) for plan in town.rows(ModelPlan)] == [(True, "motcua run")]


def test_reports_that_may_quote_a_sentence_go_with_it(town, stores):
    said = {"web:an": "gọi số nào để hỏi chuyện lạ", "web:binh": "tổng đài nào nghe máy"}
    for who, text in said.items():
        town.accepted(text, who=who)
    write(town.desk, town.root, LEAD)

    def leave(text):
        reports, logs = reports_of(stores.home), stores.home / "logs"
        files = [reports / "model-2-beside-1.json", reports / "blind-set.html", logs / "train-by-the-clock.log"]
        for path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"'{text}' → greet", encoding="utf-8")
        return lambda: any(path.exists() for path in files)

    is_left = leave(said["web:an"])
    privacy.ask(town.database, "web:cu", privacy.DELETE)
    assert (run_erasures(stores), is_left()) == (1, True)
    privacy.ask(town.database, "web:an", privacy.DELETE)
    assert (run_erasures(stores), is_left()) == (1, False)
    is_left = leave(said["web:binh"])
    with town.database.transaction() as session:
        consents.withdraw(session, "web:binh", consents.IMPROVE)
    drop_ended(town.database, town.root, stores.home)
    assert not is_left()


def test_a_broken_file_lets_the_wish_wait_and_nothing_is_half_done(town, stores):
    town.accepted("gọi số nào để hỏi")
    write(town.desk, town.root, LEAD)
    broken = town.file() + "  - : ["
    (town.root / "data/nlu/a.yml").write_text(broken, encoding="utf-8")
    privacy.ask(town.database, "web:an", privacy.DELETE)
    assert run_erasures(stores) == 0
    assert (town.file(), len(town.rows(ReviewExample))) == (broken, 1)
    (town.root / "data/nlu/a.yml").write_text(NLU, encoding="utf-8")
    assert run_erasures(stores) == 1
    assert town.is_empty()


def test_without_a_checkout_people_are_erased_all_the_same(town, stores, tmp_path):
    town.accepted("gọi số nào để hỏi")
    write(town.desk, town.root, LEAD)
    privacy.ask(town.database, "web:an", privacy.DELETE)
    elsewhere = Stores(stores.database, stores.rules, stores.folder, stores.ask_rasa, tmp_path / "none")
    assert run_erasures(elsewhere) == 1
    assert town.is_empty()


def test_what_nobody_labelled_for_long_goes_and_what_is_in_the_data_stays(town, stores):
    town.accepted("gọi số nào để hỏi")
    write(town.desk, town.root, LEAD)
    town.say("chuyện gì đâu không", "web:binh")
    town.collect()
    periods = load_retention(ROOT / "knowledge")
    later = date.today() + timedelta(days=periods.days["review"] + 2)
    assert run_retention(stores, periods, later, dry_run=True)["review"] == 2
    assert run_retention(stores, periods, later)["review"] == 2
    assert town.rows(ReviewMessage) == []
    assert [row.intent for row in town.rows(ReviewExample)] == ["ask_hotline"]
    assert "gọi số nào để hỏi" in town.file()
