import ast
import re
from collections import Counter
from pathlib import Path

import pytest
import rasa.shared.data
import yaml
from rasa.shared.core.domain import Domain
from rasa.shared.core.training_data.story_reader.yaml_story_reader import YAMLStoryReader
from rasa_sdk import Action
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.utils import all_subclasses

from bot.training.data_check import check_checkout

ROOT = Path(__file__).parent.parent
BUTTONS_ONLY = {
    "privacy_act",
    "link_channel",
    "show_topic",
    "reject_answer",
    "form_answer",
    "complaint_act",
    "choose_province",
}
CONFIDENCES = {"high", "medium", "low"}


def read(path):
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def folder(name):
    return [read(path) for path in sorted((ROOT / name).glob("*.yml"))]


DOMAIN = read("domain.yml")
INTENTS = set(DOMAIN["intents"])
RULES = [rule for content in folder("data/rules") for rule in content["rules"]]
RESPONSES = {name: said for content in folder("data/responses") for name, said in content["responses"].items()}
ACTIONS = {path.name: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((ROOT / "actions").glob("*.py"))}
SENTENCES = [
    (line.strip().removeprefix("- "), entry["intent"])
    for content in folder("data/nlu")
    for entry in content["nlu"]
    for line in entry["examples"].splitlines()
    if line.strip()
]


def steps(kind):
    return {step[kind] for rule in RULES for step in rule["steps"] if kind in step}


def intents_with(action):
    return {
        step["intent"]
        for rule in RULES
        if {"action": action} in rule["steps"]
        for step in rule["steps"]
        if "intent" in step
    }


def test_every_intent_has_one_line_in_the_table_of_intents():
    text = (ROOT / "docs" / "intents.md").read_text(encoding="utf-8")
    lines = Counter(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    assert set(lines) == INTENTS | {"nlu_fallback"}
    assert set(lines.values()) == {1}


def test_every_intent_that_can_be_typed_has_enough_training_sentences_and_no_other_has():
    counts = Counter(intent for _, intent in SENTENCES)
    assert set(counts) == INTENTS - BUTTONS_ONLY
    assert {intent: count for intent, count in counts.items() if count < 30} == {}


def test_every_intent_starts_exactly_one_rule():
    started = Counter(step["intent"] for rule in RULES for step in rule["steps"] if "intent" in step)
    assert set(started) == INTENTS | {"nlu_fallback"}
    assert set(started.values()) == {1}


def test_every_action_that_rules_name_is_in_the_domain():
    known = {*DOMAIN["actions"], *DOMAIN["forms"]}
    assert steps("action") <= known


def test_the_actions_of_the_domain_are_the_classes_of_the_action_server():
    ActionExecutor().register_package("actions")
    ours = [cls for cls in all_subclasses(Action) if cls.__module__.startswith("actions.") and not cls.__subclasses__()]
    assert sorted(cls().name() for cls in ours) == sorted(DOMAIN["actions"])


def docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node
        ):
            yield node.body[0].value


@pytest.mark.parametrize("name", ACTIONS)
def test_no_sentence_for_citizens_stands_in_the_code_of_an_action(name):
    told = set(map(id, docstrings(ACTIONS[name])))
    strings = [
        node.value
        for node in ast.walk(ACTIONS[name])
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
    ]
    assert strings or name == "__init__.py"
    assert [text for text in strings if any(c.isalpha() and not c.isascii() for c in text)] == []


def pieces(node):
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)


def named_responses():
    inside = set()
    for tree in ACTIONS.values():
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                inside |= {id(part) for part in node.values}
                yield pieces(node)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside:
                yield node.value


# How the names that actions put together continue.
CONTINUED = {
    "utter_{}": intents_with("action_smalltalk"),
    "utter_ask_complaint_{}": {
        slot.removeprefix("complaint_") for slot in DOMAIN["forms"]["complaint_form"]["required_slots"]
    },
    "utter_procedure_{}": CONFIDENCES,
    "utter_topic_{}": CONFIDENCES,
}


def test_actions_say_exactly_the_responses_that_there_are():
    named = {name for name in named_responses() if name.startswith("utter_")}
    assert {name for name in named if "{}" in name} == set(CONTINUED)
    spelled = {name for name in named if "{}" not in name}
    spelled |= {pattern.split("{}")[0] + ending for pattern, endings in CONTINUED.items() for ending in endings}
    assert spelled == set(RESPONSES)


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_has_no_blank_line_and_its_buttons_carry_no_braces(name):
    for variant in RESPONSES[name]:
        assert variant["text"].strip()
        assert "\n\n" not in variant["text"].strip()
        for button in variant.get("buttons", []):
            assert not set("{}") & set(button["payload"])
            assert not button["payload"].startswith("/") or button["payload"][1:] in INTENTS


def test_rasa_reads_the_domain_with_all_responses():
    domain = Domain.load([str(ROOT / "domain.yml"), *map(str, (ROOT / "data" / "responses").glob("*.yml"))])
    assert set(domain.responses) == set(RESPONSES)
    assert set(domain.intents) >= INTENTS


def test_every_question_of_the_form_has_its_action_and_its_slot():
    for slot in DOMAIN["forms"]["complaint_form"]["required_slots"]:
        assert f"action_ask_{slot}" in DOMAIN["actions"]
        assert DOMAIN["slots"][slot]["mappings"][0]["conditions"][0]["requested_slot"] == slot


@pytest.mark.parametrize("kind", [rasa.shared.data.is_nlu_file, YAMLStoryReader.is_stories_file])
def test_nothing_of_the_content_can_be_taken_for_training_data(kind):
    assert rasa.shared.data.get_data_files([str(ROOT / "knowledge")], kind) == []
    assert len(rasa.shared.data.get_data_files([str(ROOT / "data")], kind)) > 4


def test_every_topic_leads_to_topics_that_there_are():
    topics = {
        path.stem: yaml.safe_load(path.read_text(encoding="utf-8"))
        for path in (ROOT / "knowledge" / "topics").iterdir()
    }
    leads = {(key, other) for key, topic in topics.items() for other in topic.get("related", [])}
    assert len(leads) > 20
    assert {(key, other) for key, other in leads if other not in topics or other == key} == set()


def test_every_aspect_that_is_asked_by_intent_has_a_button_of_its_own():
    labels = read("knowledge/intents.yml")
    assert [intent for intent in intents_with("action_answer_procedure") if not labels[intent].get("title")] == []


def test_no_training_sentence_stands_twice_or_in_the_blind_set():
    assert check_checkout(ROOT) == []
