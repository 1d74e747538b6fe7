from datetime import date, timedelta

import pytest
import yaml

from bot.complaints.guidance import ANSWERED, CLOSED, LATE, OPEN, Step, load_guidance
from bot.complaints.kinds import load_kinds
from bot.complaints.lifecycle import STATES
from bot.settings import ROOT

KNOWLEDGE = ROOT / "knowledge"
GUIDANCE = load_guidance(KNOWLEDGE)
GIVEN = yaml.safe_load((KNOWLEDGE / "complaint_status.yml").read_text(encoding="utf-8"))
TODAY = date(2026, 11, 22)
LAWFUL = [step for step in GIVEN["steps"] if "legal_basis" in step]


def test_every_state_is_explained():
    assert set(GUIDANCE.states) == set(STATES)


@pytest.mark.parametrize("step", GIVEN["steps"], ids=lambda step: step["text"][:30])
def test_a_step_is_for_times_and_kinds_that_there_are(step):
    assert set(step["when"]) <= {OPEN, LATE, ANSWERED, CLOSED}
    assert set(step.get("kinds", ())) <= set(load_kinds(KNOWLEDGE))
    assert set(step.get("link") or {"label", "url"}) == {"label", "url"}


@pytest.mark.parametrize("step", LAWFUL, ids=lambda step: step["legal_basis"])
def test_a_step_of_law_says_where_it_stands_and_when_that_was_checked(step):
    assert step["checked_on"] <= TODAY
    assert set(step["source"]) == {"name", "url"}
    assert {"valid_from", "valid_until"} <= set(step)


@pytest.mark.parametrize("when", [OPEN, LATE, ANSWERED, CLOSED])
def test_there_is_always_something_to_do_next(when):
    assert any("90 ngày" in step.text for step in GUIDANCE.next_steps(when, "attitude", TODAY))


def test_a_step_is_given_while_it_is_valid():
    step = Step("a", (OPEN,), valid_from=TODAY, valid_until=TODAY)
    days = [TODAY + timedelta(days=n) for n in (-1, 0, 1)]
    assert [step.holds(OPEN, "late", day) for day in days] == [False, True, False]
