from dataclasses import replace

import pytest
import yaml

from bot.settings import ROOT
from bot.training.compare import Change, Comparison
from bot.training.data_warnings import DataWarnings, Few, Indistinct
from bot.training.gate import Evidence, judge, load_bounds
from bot.training.sentences import Contradicted, Relabelled, SentenceChanges
from bot.training.train import TrainingError

BOUNDS = load_bounds(ROOT / "knowledge")
SAME = Change(messages=500, live=0.95, candidate=0.95, better=3, worse=3, low=-0.004, high=0.004, p=1.0)
COMPARISON = Comparison(
    SAME, 0.0, {"clean": SAME, "slips": SAME}, {**dict.fromkeys(BOUNDS.protected, SAME), "greet": SAME}, (), ()
)
CHANGES = SentenceChanges(True, 100, {}, {}, (), (), (), {"ask_human": 180, "greet": 150})


def verdict(comparison=COMPARISON, changes=CHANGES, conversations=(), other_pipeline=False):
    return judge(Evidence(comparison, changes, conversations, other_pipeline), BOUNDS)


def refused(**evidence):
    found = verdict(**evidence)
    assert not found.passed
    assert len(found.reasons) == 1
    return found.reasons[0]


def fallen(points, change=SAME):
    return replace(change, candidate=change.live - points / 100)


def doubtful(count, before="ask_human", after="greet", doubted=True):
    return tuple(Relabelled(f"câu {number}", before, after, doubted) for number in range(count))


def test_as_good_and_nothing_suspicious_passes():
    assert verdict() == verdict(changes=replace(CHANGES, relabelled=doubtful(30, doubted=False)))
    assert verdict().passed


def test_what_is_to_be_mended_in_the_sentences_is_said_and_stands_against_nobody():
    data = DataWarnings(few=(Few("ask_pets", 7),), indistinct=(Indistinct(("fee", "hours"), (3, 2), ("a",)),))
    found = judge(Evidence(COMPARISON, CHANGES, (), data=data), BOUNDS)
    assert (found.passed, found.warnings) == (True, tuple(data.lines()))
    assert found.warnings[0] == "ask_pets: only 7 sentences"


def test_worse_overall_at_the_unlucky_end_is_refused():
    worse = replace(COMPARISON, overall=replace(fallen(0.4), low=-0.013))
    assert refused(comparison=worse).startswith("overall: -0.4 points, and it may be -1.3 (bound -1)")


def test_one_part_that_falls_is_refused_however_good_the_rest():
    better = replace(SAME, candidate=0.99, low=0.02, high=0.06)
    worse = replace(COMPARISON, overall=better, parts={"clean": better, "slips": fallen(3)})
    assert refused(comparison=worse).startswith("slips: -3.0 points")


@pytest.mark.parametrize(
    ("messages", "lost", "high", "passes"),
    [
        (30, 1, 0.0, True),
        (30, 3, 0.02, True),
        (30, 3, -0.01, False),
        (30, 4, 0.02, False),
        (556, 6, 0.02, True),
        (556, 7, 0.02, False),
    ],
)
def test_a_few_messages_of_a_small_part_are_chance_unless_it_surely_fell(messages, lost, high, passes):
    part = Change(messages, 0.9, 0.9 - lost / messages, 0, lost, -0.2, high, 0.5)
    found = verdict(comparison=replace(COMPARISON, parts={"reviewed": part}))
    assert (found.passed, len(found.reasons)) == (passes, not passes)


@pytest.mark.parametrize("other_pipeline", [False, True])
@pytest.mark.parametrize("messages", [500, 556, 731])
def test_in_parts_as_large_as_the_drills_only_the_bound_counts(messages, other_pipeline):
    bound = BOUNDS.other_pipeline if other_pipeline else BOUNDS.other_sentences
    for lost in range(1, 20):
        part = Change(messages, 0.9, 0.9 - lost / messages, 0, lost, -0.2, 0.0, 0.5)
        found = verdict(comparison=replace(COMPARISON, parts={"slips": part}), other_pipeline=other_pipeline)
        assert found.passed == (lost / messages * 100 <= bound.part)


def test_a_true_intent_that_gets_less_of_the_share_is_refused():
    assert refused(comparison=replace(COMPARISON, sureness=-0.02)).startswith("overall: the true intent gets -2.0")


def test_a_model_that_learnt_in_another_way_has_to_be_nearer():
    a_little = replace(COMPARISON, parts={"clean": SAME, "slips": fallen(1)})
    assert verdict(comparison=a_little).passed
    assert refused(comparison=a_little, other_pipeline=True).startswith("slips: -1.0 points (bound -0.75)")


def test_a_protected_intent_below_its_floor_is_refused_even_when_it_was_so_before():
    low = {**COMPARISON.intents, "ask_human": replace(SAME, live=0.6, candidate=0.6)}
    assert refused(comparison=replace(COMPARISON, intents=low)) == "ask_human: read rightly in 60.0%, its floor is 85 %"


def test_a_protected_intent_may_not_fall_far_above_its_floor():
    low = {**COMPARISON.intents, "ask_human": fallen(11, replace(SAME, live=0.99))}
    assert refused(comparison=replace(COMPARISON, intents=low)) == "ask_human: -11.0 points (bound -10)"


def test_a_protected_intent_that_nothing_measures_is_refused():
    rest = {name: change for name, change in COMPARISON.intents.items() if name != "ask_human"}
    assert "no message of it" in refused(comparison=replace(COMPARISON, intents=rest))


def test_another_intent_that_falls_is_told_and_passes():
    low = {**COMPARISON.intents, "greet": replace(fallen(10), high=-0.02)}
    found = verdict(comparison=replace(COMPARISON, intents=low))
    assert (found.passed, found.warnings) == (True, ("greet: -10.0 points (3 better, 3 worse)",))


@pytest.mark.parametrize("intent", ["greet", "report_emergency"])
def test_an_intent_lost_that_rules_use_is_refused(intent):
    assert refused(changes=replace(CHANGES, lost={intent: True})).startswith(f"{intent}: has no sentence any more")


def test_an_intent_that_no_rule_uses_may_go_and_is_told():
    found = verdict(changes=replace(CHANGES, lost={"greet": False}))
    assert (found.passed, found.warnings) == (True, ("greet: has no sentence any more",))


def test_most_sentences_of_an_intent_left_out_is_as_if_it_were_lost():
    assert refused(changes=replace(CHANGES, gone={"greet": 147})) == "greet: 147 of its 150 sentences were left out"
    assert verdict(changes=replace(CHANGES, gone={"greet": 30})).passed


def test_of_a_protected_intent_less_may_be_left_out():
    assert refused(changes=replace(CHANGES, gone={"ask_human": 20})).startswith("ask_human: 20 of its 180")


@pytest.mark.parametrize(("before", "after"), [("ask_human", "greet"), ("greet", "ask_human")])
def test_sentences_taken_out_of_a_protected_intent_or_into_it_are_refused(before, after):
    reason = refused(changes=replace(CHANGES, relabelled=doubtful(3, before, after)))
    assert reason.startswith("ask_human: 3 sentences were taken out of it or into it")


def test_two_such_sentences_are_told_and_borne():
    found = verdict(changes=replace(CHANGES, relabelled=doubtful(2)))
    assert (found.passed, len(found.warnings)) == (True, 2)


def test_many_doubtful_intents_are_refused_wherever_they_are():
    changes = replace(CHANGES, relabelled=doubtful(5, "greet", "thank"))
    assert refused(changes=changes).startswith("5 sentences have another intent than before")


def test_new_sentences_that_are_surely_of_a_protected_intent_are_refused_under_others():
    wrong = tuple(Contradicted(f"câu {number}", "greet", "submit_complaint") for number in range(3))
    assert refused(changes=replace(CHANGES, contradicted=wrong)).startswith("submit_complaint: 3 new sentences")
    assert verdict(changes=replace(CHANGES, contradicted=wrong, new=300)).passed


def test_blind_messages_among_the_new_sentences_are_refused_a_chance_likeness_is_told():
    copied = tuple((f"câu {number} ạ", f"câu {number}") for number in range(3))
    assert refused(changes=replace(CHANGES, copied=copied)).startswith("leak: 3 of 100 new sentences ('câu 0 ạ' like")
    found = verdict(changes=replace(CHANGES, copied=copied[:1]))
    assert found.passed
    assert found.warnings[0].startswith("these look like messages of the blind set")


def test_conversations_must_have_been_tried_and_all_be_good():
    assert refused(conversations=None) == "conversations: not tried"
    failed = [f"test_{number}" for number in range(5)]
    assert refused(conversations=failed) == "conversations: 5 failed: test_0, test_1, test_2 …"


def test_messages_that_only_the_candidate_has_read_are_told():
    found = judge(Evidence(COMPARISON, CHANGES, (), unread=2), BOUNDS)
    assert (found.passed, found.warnings[0][:25]) == (True, "not compared on 2 message")


def test_every_reason_is_named_at_once():
    found = verdict(comparison=replace(COMPARISON, sureness=-0.02), conversations=None)
    assert len(found.reasons) == 2


def test_protected_intents_are_intents_and_the_blind_set_has_them():
    intents = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))["intents"]
    assert set(BOUNDS.protected) <= set(intents)
    assert {"submit_complaint", "report_emergency", "ask_human"} <= set(BOUNDS.protected)


@pytest.mark.parametrize(
    "text", ["", "protected: [", "overall: 1", "protected: {a: {floor: x}}", "other_sentences: viel\nprotected: {}"]
)
def test_by_a_gate_that_cant_be_read_nothing_goes_live(tmp_path, text):
    (tmp_path / "gate.yml").write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError, match=r"knowledge/gate\.yml can't be read"):
        load_bounds(tmp_path)
