import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.review.deciding import SKIP, UNFIT, Facts, Vote, decide, proven
from tests.review.conftest import HOA, LEAD, NAM, RULES, SENTENCES, UNSURE

FACTS = Facts(UNSURE)
INTENTS = sorted(SENTENCES)


def decided(*votes, facts=FACTS, rules=RULES):
    return decide([Vote(by, intent, None, by == LEAD) for by, intent in votes], facts, rules, SENTENCES)


def test_an_unsurprising_label_of_a_proven_person_counts_by_itself():
    assert decided((LEAD, "ask_hotline")).state == "accepted"


@pytest.mark.parametrize(
    ("intent", "facts", "asks"),
    [
        ("bot_identity", Facts((("bot_identity", 0.4), ("greet", 0.3))), ("few",)),
        ("submit_complaint", Facts((("ask_forms", 0.4), ("submit_complaint", 0.3))), ("protected",)),
        ("ask_forms", Facts((("submit_complaint", 0.4), ("ask_forms", 0.3))), ("protected",)),
        ("greet", FACTS, ("unexpected",)),
        ("ask_hotline", Facts((("ask_forms", 0.9), ("ask_hotline", 0.1))), ("against",)),
        ("ask_hotline", Facts(UNSURE, drawn=True), ("drawn",)),
        ("ask_weather", FACTS, ("new", "unexpected")),
    ],
)
def test_what_surprises_waits_for_a_second_person(intent, facts, asks):
    one = decided((LEAD, intent), facts=facts)
    assert (one.state, one.asks) == ("second", asks)
    both = decided((LEAD, intent), (HOA, intent), facts=facts)
    assert (both.state, both.intent) == ("accepted", intent)


def test_where_the_citizen_said_no_the_model_being_sure_is_no_reason():
    assert (
        decided((LEAD, "ask_hotline"), facts=Facts((("ask_forms", 0.9), ("ask_hotline", 0.1)), denied=True)).state
        == "accepted"
    )


def test_who_is_not_proven_needs_somebody_who_is():
    assert decided((HOA, "ask_forms")).asks == ("unproven",)
    assert decided((HOA, "ask_forms"), (NAM, "ask_forms")).state == "second"
    assert decided((HOA, "ask_forms"), (LEAD, "ask_forms")).state == "accepted"


def test_who_is_not_proven_keeps_nobody_from_deciding():
    decision = decided((HOA, "greet"), (NAM, "greet"), (LEAD, "ask_forms"))
    assert (decision.state, decision.intent) == ("accepted", "ask_forms")


def test_two_proven_people_who_differ_leave_it_open_until_a_third_agrees_with_one():
    votes = [Vote(LEAD, "ask_forms"), Vote(HOA, "ask_hotline")]
    assert decide(votes, FACTS, RULES, SENTENCES).state == "disputed"
    decision = decide([*votes, Vote(NAM, "ask_hotline")], FACTS, RULES, SENTENCES)
    assert (decision.state, decision.intent) == ("accepted", "ask_hotline")


def test_where_nobody_leads_two_people_label_everything():
    from dataclasses import replace

    alone = replace(RULES, leads=())
    assert decided((HOA, "ask_forms"), rules=alone).state == "second"
    assert decided((HOA, "ask_forms"), (NAM, "ask_forms"), rules=alone).state == "accepted"
    assert decided((HOA, "ask_forms"), (NAM, "greet"), rules=alone).state == "disputed"


def test_one_word_hides_what_may_name_somebody():
    assert decided((HOA, UNFIT), (LEAD, "ask_forms"), (NAM, "ask_forms")).state == "unusable"


def test_a_skip_is_no_label():
    assert decided((LEAD, SKIP)).state == "waiting"


def together(count, alike, by=HOA):
    labels = [(item, LEAD, "greet") for item in range(count)]
    return labels + [(item, by, "greet" if item < alike else "ask_forms") for item in range(count)]


@pytest.mark.parametrize(("count", "alike", "known"), [(2, 2, False), (3, 3, True), (5, 4, True), (5, 3, False)])
def test_people_prove_by_agreeing_with_somebody_who_is_proven(count, alike, known):
    assert (HOA in proven(together(count, alike), RULES)) == known


def test_two_people_who_agree_with_each_other_alone_prove_nothing():
    labels = [(item, by, "greet") for item in range(50) for by in (HOA, NAM)]
    assert proven(labels, RULES) == {LEAD}


def test_who_was_proven_and_turns_is_not_any_more():
    turned = [
        *together(5, 5),
        *((item, LEAD, "greet") for item in range(10, 15)),
        *((item, HOA, "ask_forms") for item in range(10, 15)),
    ]
    assert proven(turned, RULES) == {LEAD}


@given(st.lists(st.sampled_from([*INTENTS, SKIP]), min_size=1, max_size=9))
def test_people_who_are_not_proven_decide_nothing_alone(said):
    decision = decided(*((f"người {number}", intent) for number, intent in enumerate(said)))
    assert decision.state in ("waiting", "second")


@given(st.permutations([(LEAD, "ask_forms"), (HOA, "greet"), (NAM, "greet"), ("Tư", SKIP)]))
def test_the_order_of_labels_decides_nothing(votes):
    assert decided(*votes).intent == "ask_forms"
