import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.training.measure import (
    Prediction,
    accuracy,
    calibration_error,
    confused_pairs,
    coverage_at,
    is_answered,
    per_intent,
    scope_auroc,
    wilson_interval,
)


def predicted(truth, *ranking):
    return Prediction("text", truth, ranking)


SURE_RIGHT = predicted("fee", ("fee", 0.9), ("time", 0.1))
SURE_WRONG = predicted("time", ("fee", 0.8), ("time", 0.2))
UNSURE_RIGHT = predicted("fee", ("fee", 0.4), ("time", 0.38))
OUTSIDE = predicted("out_of_scope", ("out_of_scope", 0.9), ("fee", 0.1))


@given(st.integers(0, 500).flatmap(lambda total: st.tuples(st.integers(0, total), st.just(total))))
def test_an_interval_holds_its_share(counts):
    right, total = counts
    low, high = wilson_interval(right, total)
    assert 0 <= low <= high <= 1
    if total:
        assert low <= right / total <= high


def test_more_messages_make_the_interval_narrower():
    few, many = wilson_interval(9, 10), wilson_interval(900, 1000)
    assert many[1] - many[0] < few[1] - few[0]


def test_accuracy_counts_what_is_right():
    assert accuracy([SURE_RIGHT, SURE_WRONG])["accuracy"] == 0.5


def test_each_intent_has_its_recall_and_precision():
    found = per_intent([SURE_RIGHT, SURE_WRONG, UNSURE_RIGHT])
    assert found["fee"]["recall"] == 1
    assert found["fee"]["precision"] == pytest.approx(2 / 3)
    assert found["time"]["recall"] == 0


def test_a_confused_pair_comes_with_its_messages():
    pair = confused_pairs([SURE_RIGHT, SURE_WRONG])[0]
    assert (pair["truth"], pair["taken_for"], pair["times"], pair["texts"]) == ("time", "fee", 1, ["text"])


def test_a_model_as_sure_as_it_is_right_has_no_calibration_error():
    right, wrong = predicted("a", ("a", 0.75)), predicted("b", ("a", 0.75))
    assert calibration_error([right, right, right, wrong]) == pytest.approx(0)
    assert calibration_error([wrong]) == pytest.approx(0.75)


@pytest.mark.parametrize("prediction, answered", [(SURE_RIGHT, True), (UNSURE_RIGHT, False), (OUTSIDE, False)])
def test_only_what_is_sure_and_in_scope_is_answered(prediction, answered):
    assert is_answered(prediction, threshold=0.5, ambiguity=0.1) is answered


def test_two_near_readings_are_not_answered():
    assert not is_answered(UNSURE_RIGHT, threshold=0.3, ambiguity=0.1)


def test_coverage_stops_where_too_many_are_wrong():
    assert coverage_at([SURE_RIGHT, SURE_WRONG], 1.0) == 0.5
    assert coverage_at([SURE_WRONG], 0.95) == 0


def test_scope_is_told_apart_by_the_best_intent_in_scope():
    assert scope_auroc([SURE_RIGHT], [OUTSIDE]) == 1
