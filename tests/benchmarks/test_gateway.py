"""The storm, small: each program killed once, the neighbours failing; and the check itself checked."""

import itertools
import random
from dataclasses import replace

import pytest

from benchmarks.gateway import run_programs, run_storm
from benchmarks.gateway_check import Answer, Verdict, check_seen
from benchmarks.gateway_fakes import Said
from benchmarks.gateway_posts import Tally, plan, shuffle
from benchmarks.gateway_storm import CHANNELS, Weather
from bot.delivery.model import DELIVERED

SMALL = Weather(messages=200, people=50, failing=0.1, web=(4, 4), actions=(6, 6), rasa=(8, 8), once=True)

# Nothing is killed: what a killed web program was sending is free again only after a minute.
FEW = Weather(messages=80, people=20, failing=0.05, web=(0, 0), actions=(0, 0), rasa=(0, 0), expiries=2)


@pytest.mark.server
def test_nothing_is_lost_nor_doubled_nor_out_of_order_in_a_small_storm(tmp_path):
    lines, held = run_storm(tmp_path, SMALL, questions=12)
    assert held, "\n".join(lines)


@pytest.mark.server
def test_nor_with_several_web_programs_on_one_database_and_tokens_that_end(tmp_path):
    lines, held = run_programs(tmp_path, FEW, questions=8)
    assert held, "\n".join(lines)


def answers(*texts, uncertain=0):
    return [Answer(number, DELIVERED, text, (text,), uncertain) for number, text in enumerate(texts)]


def said(*texts, doubtful=False):
    return [Said("telegram:1", text, doubtful, 0.0) for text in texts]


def judged(expected, seen):
    verdict = Verdict()
    check_seen(verdict, expected, seen)
    return verdict


def test_what_arrives_once_and_in_order_is_right():
    assert judged(answers("một", "hai"), said("một", "hai")).broken == []


@pytest.mark.parametrize("seen", [["một"], ["hai", "một"], ["một", "hai", "ba"], ["một", "một", "hai"], []])
def test_what_is_lost_doubled_out_of_order_or_invented_is_seen(seen):
    assert judged(answers("một", "hai"), said(*seen)).broken


def test_a_copy_that_the_neighbour_made_unknowable_is_counted_as_such():
    verdict = judged(answers("một"), [*said("một", doubtful=True), *said("một")])
    assert (verdict.broken, verdict.unknowable, verdict.killed) == ([], 1, 0)


def test_a_copy_of_a_killed_sender_is_counted_as_such_and_only_as_often_as_it_is_known():
    verdict = judged(answers("một", uncertain=1), said("một", "một"))
    assert (verdict.broken, verdict.killed) == ([], 1)
    assert judged(answers("một", uncertain=1), said("một", "một", "một")).broken


def test_an_answer_that_is_not_delivered_is_seen():
    expected = [replace(answers("một")[0], state="failed")]
    assert judged(expected, said("một")).broken


def test_a_person_is_asked_nothing_twice_in_a_row_and_keeps_their_order():
    lines = plan(100, 7, ("a", "b", "c"), random.Random(1), CHANNELS)
    mixed = shuffle(lines, random.Random(2))
    assert len(mixed) == 100
    for line in lines:
        assert all(one.question != two.question for one, two in itertools.pairwise(line))
        assert [post for post in mixed if post.conversation == line[0].conversation] == list(line)


def test_percentiles_are_of_what_was_answered():
    tally = Tally(seconds=[0.001] * 99 + [0.5], statuses={503: 2, 403: 1})
    assert (tally.percentile(0.5), tally.percentile(0.99), tally.errors) == (1.0, 500.0, 2)
