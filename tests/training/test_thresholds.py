from pathlib import Path

import pytest
import yaml

from bot.settings import ROOT
from bot.training import thresholds
from bot.training.evaluate import thresholds as in_config
from bot.training.measure import OUT_OF_SCOPE, Prediction
from bot.training.thresholds import choose, write

INTENTS = ("fee", "papers", "hours", "forms")


def predictions(*groups):
    """`groups`: how many, confidence, place of the truth in the ranking (None: not in it)."""
    made = []
    for count, confidence, place in groups:
        rest = (1 - confidence) / 3
        ranking = [(name, confidence if n == 0 else rest) for n, name in enumerate(INTENTS)]
        truth = "other" if place is None else INTENTS[place]
        made += [Prediction("x", truth, tuple(ranking))] * count
    return made


def test_the_threshold_leaves_out_what_is_mostly_wrong():
    chosen = choose(predictions((900, 0.92, 0), (30, 0.58, 0), (60, 0.58, 1)))
    assert 0.58 < chosen.answer <= 0.92


def test_what_is_mostly_right_is_answered():
    assert choose(predictions((500, 0.92, 0), (490, 0.58, 0), (10, 0.58, 1))).answer <= 0.58


def test_enough_messages_are_answered_even_when_asking_would_cost_less():
    half_wrong = predictions((500, 0.97, 0), (250, 0.52, 0), (250, 0.52, 1))
    chosen = choose(half_wrong)
    answered = {t: share for t, share, *_ in chosen.curve}
    assert answered[chosen.answer] >= thresholds.LEAST_ANSWERED


def test_a_person_is_offered_where_the_readings_seldom_hold_the_truth():
    chosen = choose(predictions((900, 0.92, 0), (20, 0.30, None), (40, 0.45, 1)))
    assert 0.30 <= chosen.hand_over <= 0.45


def test_nobody_is_handed_over_while_the_readings_help():
    assert choose(predictions((900, 0.92, 0), (40, 0.30, 1))).hand_over == 0.0


def test_a_kind_word_about_what_is_out_of_scope_costs_nothing():
    outside = [Prediction("x", OUT_OF_SCOPE, ((OUT_OF_SCOPE, 0.9), ("fee", 0.1)))] * 100
    assert all(cost == 0 for *_, cost in choose([*outside, *predictions((100, 0.97, 0))]).curve)


def test_what_was_chosen_is_written_beside_its_reasons(tmp_path):
    config = tmp_path / "config.yml"
    config.write_text("pipeline:\n- name: FallbackClassifier\n  threshold: 0.1\n  ambiguity_threshold: 0.0\n")
    chosen = choose(predictions((900, 0.92, 0), (30, 0.58, 0), (60, 0.58, 1)))
    write(chosen, 990, 5, "2026-11-22", tmp_path / "thresholds.yml", config)
    kept = yaml.safe_load((tmp_path / "thresholds.yml").read_text(encoding="utf-8"))
    assert (kept["answer"], kept["hand_over"]) == (chosen.answer, chosen.hand_over)
    assert kept["curve"][chosen.answer] == pytest.approx(
        next(list(point[1:]) for point in chosen.curve if point[0] == chosen.answer), abs=0.001
    )
    fallback = yaml.safe_load(config.read_text())["pipeline"][0]
    assert (fallback["threshold"], fallback["ambiguity_threshold"]) == (chosen.answer, 0.0)


def test_the_bot_uses_what_was_chosen():
    kept = yaml.safe_load(Path(ROOT / "knowledge" / "thresholds.yml").read_text(encoding="utf-8"))
    assert in_config() == (kept["answer"], 0.0)
