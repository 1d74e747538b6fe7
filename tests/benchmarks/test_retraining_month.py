from argparse import Namespace
from dataclasses import replace

import pytest

from benchmarks.retraining import run_month
from benchmarks.retraining_month import ATTACKER, HONEST, Month, Plan, World, accuracy, everything, holds, show
from bot.nlu.linear import Options, train
from bot.review.rules import load_review_rules
from bot.settings import ROOT
from bot.text.copies import plain
from bot.text.lookup import Lookup

PLAN = Plan(messages=160, blind=30, sentences=1200, new=0.5)


@pytest.fixture(scope="module")
def world():
    return World(PLAN)


def fit(rows):
    return train([text for text, _ in rows], [intent for _, intent in rows], Options(augment=False), Lookup({}))


def test_the_same_seed_makes_the_same_month(world):
    again = World(PLAN)
    assert (again.stream, again.blind, again.base) == (world.stream, world.blind, world.base)
    assert World(replace(PLAN, seed=2)).stream != world.stream


def test_what_measures_is_in_no_sentence_that_is_learnt_or_said(world):
    for topic in world.topics:
        assert not set(topic.blind) & {*topic.base, *topic.stream}
    learnt = {plain(text) for text, _ in everything(world)}
    assert {plain(text) for topic in world.topics for text in topic.blind}.isdisjoint(learnt)


def test_new_topics_are_unknown_at_first_and_grow(world):
    new = [topic for topic in world.topics if topic.since is not None]
    assert new
    assert not any(topic.base for topic in new)
    sources = {text for topic in new for text in topic.stream}
    halves = [[m for m in world.stream if (m.day < 14) == first and m.source in sources] for first in (True, False)]
    assert len(halves[0]) < len(halves[1])


def test_a_month_goes_through_inbox_labels_and_files(world, tmp_path):
    rules = replace(load_review_rules(ROOT / "knowledge"), leads=HONEST, few=1, blind=0.0)
    month = Month(world, tmp_path, rules, fit, wrong=20)
    first = fit(world.base)
    found = month.run(lambda _: None, first)
    assert found[0] == accuracy(first, world.blind)
    assert len(found) == 5
    assert len(month.sentences()) > len(world.base)
    assert month.given[ATTACKER] == len(month.poison) > 0
    assert month.given["An"] > 0


def test_a_small_month_runs_from_the_first_model_to_its_table():
    lines, _ = run_month(Namespace(messages=PLAN.messages, sentences=600, seed=PLAN.seed))
    assert lines[0].startswith("160 messages, 160 blind ones, seed 1")
    assert [line.split("|")[1].strip() for line in lines if line.startswith("| week")] == [f"week {n}" for n in "1234"]


FOUND = {"start": 0.6, "everything": 0.8, "week 4": 0.71, "wrong without": 2, "attacked": 0.708, "wrongly learnt": 3}


@pytest.mark.parametrize(
    ("change", "held"), [({}, True), ({"week 4": 0.69, "attacked": 0.69}, False), ({"attacked": 0.7}, False)]
)
def test_the_promises_are_half_of_the_gain_and_half_a_point(change, held):
    assert holds({**FOUND, **change}) == held


def test_the_month_is_shown_with_its_promises():
    assert "55% of what labelling everything would bring" in "\n".join(show(FOUND, PLAN))
