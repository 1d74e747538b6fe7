"""The drills of the retraining loop: small ones, and what they make of what they find."""

import numpy as np
import pytest

from benchmarks import retraining_swap
from benchmarks.retraining_gate import Result, holds, show
from benchmarks.retraining_lab import Fitted
from bot.training.gate import Verdict

PASSED, REFUSED = Verdict(True, (), ()), Verdict(False, ("slips: -3.0 points (bound -1.25)",), ())


@pytest.mark.server
@pytest.mark.timeout(600)
def test_a_model_goes_live_and_back_while_citizens_write_and_no_turn_is_lost(bot, tmp_path):
    course = retraining_swap.drill(tmp_path, bot.settings.models, seconds=12, changes=2)
    assert dict(course.wrong) == {}
    assert len(course.sent) > 100
    assert (len(course.promotions), len(course.rollbacks)) == (1, 1)
    assert "| lost, doubled, unanswered, wrong | none |" in retraining_swap.show(course)


def test_one_bad_candidate_that_passes_breaks_the_promise():
    good = Result("more sentences", True, [PASSED] * 9 + [REFUSED], [0.01] * 10, 1.0)
    assert holds([Result("leak", False, [REFUSED] * 10, [], 1.0), good])
    assert not holds([Result("leak", False, [REFUSED] * 9 + [PASSED], [], 1.0), good])


def test_one_good_candidate_in_ten_may_be_refused_and_not_two():
    bad = Result("leak", False, [REFUSED], [], 1.0)
    assert not holds([bad, Result("more", True, [PASSED] * 8 + [REFUSED] * 2, [], 1.0)])


def test_the_table_says_how_many_and_what_stood_against_them():
    lines = show([Result("leak", False, [REFUSED, REFUSED], [], 1.0), Result("more", True, [PASSED], [0.012], 1.0)])
    assert "| leak | 2 of 2 | – | slips (2) |" in lines
    assert "| more | 1 of 1 | +1.2 | – |" in lines
    assert "| **good** | **1 of 1 passed** | | |" in lines


def test_a_model_of_the_lab_shares_out_one_whole():
    model = Fitted(("fee", "hours"), np.eye(2), np.zeros(2), 0.5)
    assert model.shares(np.eye(2)).sum(axis=1) == pytest.approx([1, 1])
    assert model.shares(np.eye(2)).argmax(axis=1).tolist() == [0, 1]
