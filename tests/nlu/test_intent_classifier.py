import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rasa.core.agent import Agent
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.model_training import train_nlu
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.nlu import intent_classifier
from bot.nlu.intent_classifier import VietnameseIntentClassifier, settle_doubt
from bot.text.normalise import fold

ROOT = Path(intent_classifier.__file__).parent.parent.parent
CONTEXT = ExecutionContext(GraphSchema({}))
NAME = "bot.nlu.intent_classifier.VietnameseIntentClassifier"
EXAMPLES = {
    "fee": ["lệ phí bao nhiêu tiền", "làm cái này tốn bao nhiêu", "phí làm hộ chiếu", "có mất tiền không"],
    "papers": ["cần giấy tờ gì", "hồ sơ gồm những gì", "phải mang theo giấy gì", "cần chuẩn bị giấy tờ nào"],
    "hours": ["mấy giờ mở cửa", "thứ bảy có làm việc không", "giờ làm việc thế nào", "trưa có nghỉ không"],
}
MESSAGES = [text for texts in EXAMPLES.values() for text in texts]
EMPTY = ["", "   ", "😂❤️", "...", "\x00", "\x00\x01\ufeff", None]


class Bench:
    """One component on a storage of its own, as Rasa's graph would run it."""

    def __init__(self, folder, **options):
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.storage = LocalModelStorage(folder)
        self.resource = Resource("classifier")
        self.config = {**VietnameseIntentClassifier.get_default_config(), **options}

    def train(self, examples, lookup_tables=()):
        data = [Message.build(text=text, intent=intent) for intent, texts in examples.items() for text in texts]
        component = VietnameseIntentClassifier.create(self.config, self.storage, self.resource, CONTEXT)
        component.train(TrainingData(data, lookup_tables=list(lookup_tables)))
        return component

    def load(self):
        return VietnameseIntentClassifier.load(self.config, self.storage, self.resource, CONTEXT)


def understood(component, *texts):
    return [message.as_dict() for message in component.process([Message({"text": text}) for text in texts])]


def intents(component, texts):
    return [reading["intent"]["name"] for reading in understood(component, *texts)]


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("storage"))


@pytest.fixture(scope="module")
def component(bench):
    return bench.train(EXAMPLES)


def test_what_was_trained_is_understood(component):
    assert intents(component, MESSAGES) == [intent for intent, texts in EXAMPLES.items() for _ in texts]


@pytest.mark.parametrize("text", [*MESSAGES, "làm hộ chiếu hết bao nhiêu tiền", "chủ nhật có làm việc không"])
def test_a_message_without_tones_has_the_same_intent(component, text):
    toned, bare = understood(component, text, fold(text))
    assert bare["intent"]["name"] == toned["intent"]["name"]


def test_a_ranking_holds_each_intent_once_best_first(component):
    reading = understood(component, "phí bao nhiêu")[0]
    shares = [entry["confidence"] for entry in reading["intent_ranking"]]
    assert sorted(entry["name"] for entry in reading["intent_ranking"]) == sorted(EXAMPLES)
    assert shares == sorted(shares, reverse=True)
    assert sum(shares) == pytest.approx(1)
    assert reading["intent"] == reading["intent_ranking"][0]


@pytest.mark.parametrize("text", EMPTY)
def test_a_message_without_words_is_ranked_without_confidence(component, text):
    reading = understood(component, text)[0]
    assert len(reading["intent_ranking"]) == len(EXAMPLES)
    assert reading["intent"]["confidence"] < 0.6


def test_a_loaded_component_understands_the_same(component, bench):
    for before, after in zip(understood(component, *MESSAGES), understood(bench.load(), *MESSAGES), strict=True):
        assert before["intent"]["name"] == after["intent"]["name"]
        # Weights are kept in half precision.
        assert before["intent"]["confidence"] == pytest.approx(after["intent"]["confidence"], abs=0.01)


def test_two_trainings_on_the_same_messages_understand_the_same(component, tmp_path):
    again = understood(Bench(tmp_path).train(EXAMPLES), *MESSAGES)
    for one, other in zip(again, understood(component, *MESSAGES), strict=True):
        assert one["intent"]["name"] == other["intent"]["name"]
        assert one["intent"]["confidence"] == pytest.approx(other["intent"]["confidence"], abs=0.02)


def test_messages_that_share_no_word_are_told_apart_by_their_characters(tmp_path):
    bench = Bench(tmp_path, augment=False)
    bench.train({"one": ["một", "mộng"], "two": ["hai", "hao"]})
    assert intents(bench.load(), ["mộc", "han"]) == ["one", "two"]


@pytest.mark.usefixtures("component")
def test_a_model_is_kept_as_arrays_and_json_only(bench):
    kept = {path for path in bench.folder.rglob("*") if path.is_file()}
    assert {path.suffix for path in kept} == {".npz", ".json"}
    for path in kept:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype.kind == "f" for name in arrays.files)


def test_two_intents_are_told_apart_after_loading(tmp_path):
    bench = Bench(tmp_path)
    bench.train({intent: EXAMPLES[intent] for intent in ("fee", "hours")})
    assert intents(bench.load(), ["bao nhiêu tiền", "may gio lam viec"]) == ["fee", "hours"]
    assert len(understood(bench.load(), "bao nhiêu tiền")[0]["intent_ranking"]) == 2


@pytest.mark.parametrize("examples", [{}, {"fee": EXAMPLES["fee"]}])
def test_with_nothing_to_tell_apart_no_intent_is_given(tmp_path, examples):
    bench = Bench(tmp_path)
    bench.train(examples)
    reading = understood(bench.load(), "bao nhiêu tiền")[0]
    assert reading["intent"] == {"name": None, "confidence": 0.0}
    assert reading["intent_ranking"] == []


def test_no_more_than_ten_intents_are_ranked(tmp_path):
    many = {
        f"intent_{number}": [f"việc thứ {number} a{number}", f"hỏi việc {number} b{number}"] for number in range(12)
    }
    component = Bench(tmp_path, augment=False, min_count=1).train(many)
    assert len(understood(component, "việc thứ 3 a3")[0]["intent_ranking"]) == 10


THINGS = ["giấy khai sinh", "hộ chiếu", "bằng lái", "sổ đỏ", "thẻ căn cước", "giấy kết hôn"]
# Here each thing happens to be asked about in one way only.
ABOUT = {
    "fee": [f"{thing} giá sao" for thing in THINGS[:3]],
    "papers": [f"{thing} thiếu gì" for thing in THINGS[3:]],
}


@pytest.mark.parametrize("as_file", [False, True])
def test_what_stands_in_a_lookup_table_says_nothing_of_the_intent(tmp_path, as_file):
    path = tmp_path / "things.txt"
    path.write_text("\n".join(THINGS), encoding="utf-8")
    table = {"name": "thing", "elements": str(path) if as_file else THINGS}
    bench = Bench(tmp_path / "with")
    bench.train(ABOUT, [table])
    without = Bench(tmp_path / "without").train(ABOUT)
    asked = [f"{thing} thiếu gì" for thing in THINGS[:3]]
    sure = [reading["intent"] for reading in understood(bench.load(), *asked)]
    unsure = [dict(ranked(reading))["papers"] for reading in understood(without, *asked)]
    assert [intent["name"] for intent in sure] == ["papers"] * 3
    assert all(one["confidence"] > other for one, other in zip(sure, unsure, strict=True))


def ranked(reading):
    return [(entry["name"], entry["confidence"]) for entry in reading["intent_ranking"]]


def test_each_question_of_a_message_is_understood_by_itself(component):
    reading = understood(component, "Phải chuẩn bị giấy tờ gì, hết bao nhiêu tiền? Thứ bảy có làm việc không")[0]
    assert [question["name"] for question in reading["questions"]] == ["papers", "fee", "hours"]
    assert all(0 < question["confidence"] <= 1 for question in reading["questions"])


def test_a_doubt_between_what_a_message_asks_is_settled_for_its_first_question():
    asked = [{"name": "papers", "confidence": 0.95}, {"name": "fee", "confidence": 0.9}]
    whole = [("fee", 0.5), ("papers", 0.3), ("hours", 0.2)]
    assert settle_doubt(whole, asked) == [("papers", 0.8), ("hours", 0.2), ("fee", 0.0)]


@pytest.mark.parametrize(
    "whole, asked",
    [
        # The whole is sure.
        ([("fee", 0.9), ("papers", 0.1)], [("papers", 0.95), ("fee", 0.9)]),
        # One of the questions is not sure of what it asks.
        ([("fee", 0.5), ("papers", 0.5)], [("papers", 0.95), ("fee", 0.6)]),
        # Both ask the same.
        ([("fee", 0.5), ("papers", 0.5)], [("fee", 0.95), ("fee", 0.9)]),
        # The whole looks like something that no question asks.
        ([("hours", 0.6), ("papers", 0.2), ("fee", 0.2)], [("papers", 0.95), ("fee", 0.9)]),
    ],
)
def test_other_doubts_stay_doubts(whole, asked):
    assert settle_doubt(whole, [{"name": name, "confidence": share} for name, share in asked]) == whole


@pytest.mark.parametrize("text", ["cần giấy tờ gì", "xin chào", "", "tôi mất giấy rồi. buồn quá"])
def test_a_message_with_one_question_has_no_list_of_them(component, text):
    assert "questions" not in understood(component, text)[0]


FINGERPRINTS = """
from pathlib import Path
from bot.nlu.intent_classifier import VietnameseIntentClassifier as C, settle_doubt
mark = lambda: print(C.fingerprint_addon({}))
mark(); mark()
for name in ("nlu/features.py", "nlu/linear.py", "text/normalise.py", "text/abbreviations.json"):
    path = Path("bot", name)
    path.write_bytes(path.read_bytes() + b"\\n")
    mark()
Path("bot/text/notes.txt").write_text("no part of a model")
mark()
"""


def test_a_changed_helper_or_lexicon_changes_the_fingerprint_and_nothing_else_does(tmp_path):
    for folder in ("nlu", "text"):
        shutil.copytree(ROOT / "bot" / folder, tmp_path / "bot" / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "bot" / "__init__.py", tmp_path / "bot")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-W", "ignore", "-c", FINGERPRINTS]
    finished = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    first, same, *changed, last = finished.stdout.split()
    assert first == same == VietnameseIntentClassifier.fingerprint_addon({})
    assert len({first, *changed}) == 5
    assert last == changed[-1]


ENGLISH = """
version: "3.1"
nlu:
- intent: book_table
  examples: |
    - I want to book a table
    - can I reserve a table for two
    - a table for tonight please
    - reserve seats for dinner
- intent: ask_menu
  examples: |
    - what is on the menu
    - show me the menu
    - do you serve vegetarian food
    - which dishes do you serve
"""


@pytest.fixture
def apart(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RASA_CACHE_DIRECTORY", str(tmp_path / "cache"))
    monkeypatch.setenv("RASA_TELEMETRY_ENABLED", "false")
    return tmp_path


def test_the_pipeline_learns_another_data_set_in_another_language(apart):
    (apart / "nlu.yml").write_text(ENGLISH, encoding="utf-8")
    config = f"recipe: default.v1\nassistant_id: other\nlanguage: en\npipeline:\n- name: {NAME}\npolicies: []\n"
    (apart / "config.yml").write_text(config, encoding="utf-8")
    agent = Agent.load(train_nlu("config.yml", "nlu.yml", "models"))
    texts = ["please book a table for dinner", "is there vegetarian food on the menu"]
    readings = [asyncio.run(agent.parse_message(text)) for text in texts]
    assert [reading["intent"]["name"] for reading in readings] == ["book_table", "ask_menu"]
