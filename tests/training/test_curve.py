from datetime import date
from itertools import pairwise

import pytest

from bot.training import curve
from bot.training.curve import Point, Step, draw
from bot.training.measure import Prediction

DAY = date(2026, 11, 22)
SENTENCES = [(f"{intent} {number}", intent) for intent in ("fee", "time", "rare") for number in range(80)][:-76]
MESSAGES = [(f"m{number}", "fee" if number % 2 else "time") for number in range(40)]


def knows_more_with_more(chosen):
    """Reads as many messages of the blind set rightly as it has sentences of `fee`."""
    known = sum(intent == "fee" for _, intent in chosen)
    return [
        Prediction(text, truth, ((truth if place < known else "other", 0.9), ("greet", 0.1)))
        for place, (text, truth) in enumerate(MESSAGES)
    ]


def measured(learn=knows_more_with_more, whole=None, told=None):
    return draw(SENTENCES, learn, whole, [].append if told is None else told.append)


def test_each_point_has_twice_the_sentences_and_few_are_never_halved():
    found = measured()
    assert [point.sentences for point in found.points] == [10 + 10 + 4, 20 + 20 + 4, 40 + 40 + 4, 80 + 80 + 4]
    assert [point.accuracy for point in found.points] == [0.25, 0.5, 1.0, 1.0]
    assert all(point.low < point.accuracy <= point.high for point in found.points)


def test_each_share_holds_the_smaller_ones():
    seen = []
    measured(lambda chosen: seen.append(set(chosen)) or knows_more_with_more(chosen))
    assert all(small < large for small, large in pairwise(seen))
    assert seen[-1] == set(SENTENCES)


def test_a_step_tells_what_a_doubling_brought_and_whether_more_would_help():
    found = measured()
    assert [(step.better, step.worse) for step in found.steps] == [(10, 0), (20, 0), (0, 0)]
    assert found.steps[0].low > 0
    assert not found.climbs
    assert found.intents == ()


def test_the_intents_that_the_last_doubling_moved_are_named_the_most_first():
    worse = [
        Prediction(text, truth, (("fee" if place < 30 else truth, 0.9),))
        for place, (text, truth) in enumerate(MESSAGES)
    ]
    found = measured(whole=worse)
    assert [(one.intent, one.sentences, one.before, one.after) for one in found.intents] == [("time", 80, 20, 5)]


def test_what_the_model_of_all_makes_of_the_messages_is_not_learnt_again():
    told = []
    measured(whole=knows_more_with_more(SENTENCES), told=told)
    assert len(told) == 3


def test_a_curve_is_kept_beside_its_model(tmp_path):
    found = measured()
    path = curve.save(found, tmp_path, "motcua-a", DAY)
    assert list(tmp_path.glob("*.json")) == []
    assert curve.load(tmp_path, "motcua-a") == (found, DAY)
    assert curve.load(tmp_path, "motcua-b") is None
    path.write_text('{"points": [{"x": 1}]}')
    assert curve.load(tmp_path, "motcua-a") is None


@pytest.mark.parametrize(("low", "climbs"), [(0.01, True), (0.0, False)])
def test_more_would_help_when_the_last_doubling_surely_did(low, climbs):
    found = curve.Curve((Point(1, 0.5, 0.4, 0.6, 10),), (Step(2, 1, 0.1, low, 0.2),), ())
    assert found.climbs == climbs
