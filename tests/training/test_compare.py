import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.training.compare import compare, mcnemar
from bot.training.measure import Prediction

MESSAGES = ("lệ phí bao nhiêu", "mấy giờ mở cửa", "cho gặp người thật")


def read(text, truth, taken_for, share=0.9, part="clean"):
    return Prediction(text, truth, ((taken_for, share), ("other", 1 - share)), part)


def both(*pairs, part="clean"):
    """Predictions of two models on messages; a pair says whether each of them is right."""
    live = [read(f"câu {n}", "fee", "fee" if was else "time", part=part) for n, (was, _) in enumerate(pairs)]
    candidate = [read(f"câu {n}", "fee", "fee" if now else "time", part=part) for n, (_, now) in enumerate(pairs)]
    return live, candidate, [str(n) for n in range(len(pairs))]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60))
def test_a_change_lies_in_its_interval_and_counts_what_changed(pairs):
    found = compare(*both(*pairs)).overall
    assert found.low - 0.2 <= found.difference <= found.high + 0.2
    assert found.better - found.worse == round(found.difference * len(pairs))
    assert found.messages == len(pairs)


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_paired_test_knows_no_sides_and_is_a_probability(better, worse):
    assert mcnemar(better, worse) == mcnemar(worse, better)
    assert 0 < mcnemar(better, worse) <= 1


def test_the_paired_test_is_the_one_of_the_books():
    assert mcnemar(0, 8) == pytest.approx(2 / 256)
    assert mcnemar(5, 5) == 1
    assert mcnemar(0, 0) == 1


def test_the_same_readings_change_nothing():
    live, _, sources = both((True, True), (False, False))
    found = compare(live, live, sources)
    assert (found.overall.difference, found.overall.low, found.overall.high) == (0, 0, 0)
    assert (found.better, found.worse, found.sureness) == ((), (), 0)


def test_what_got_better_and_worse_is_named():
    found = compare(*both((True, False), (False, True), (True, True)))
    assert [(one.text, one.live, one.candidate) for one in found.worse] == [("câu 0", "fee", "time")]
    assert [one.text for one in found.better] == ["câu 1"]


def test_parts_and_intents_are_counted_for_themselves():
    live = [read(text, "fee", "fee", part=part) for part in ("clean", "slips") for text in MESSAGES]
    candidate = [*live[:3], *(read(text, "fee", "time", part="slips") for text in MESSAGES)]
    found = compare(live, candidate, ["a", "b", "c", "a", "b", "c"])
    assert {part: change.difference for part, change in found.parts.items()} == {"clean": 0, "slips": -1}
    assert found.intents["fee"].messages == 6


def test_twins_rise_and_fall_together():
    pairs = [(True, False)] * 10 + [(True, True)] * 90
    live, candidate, alone = both(*pairs)
    together = [str(number // 10) for number in range(100)]
    apart = compare(live, candidate, alone).overall
    assert compare(live, candidate, together).overall.low < apart.low


def test_less_of_a_share_for_the_truth_shows_before_a_message_is_read_wrongly():
    live, candidate = [read("x", "fee", "fee", 0.9)], [read("x", "fee", "fee", 0.6)]
    found = compare(live, candidate, ["x"])
    assert (found.overall.difference, found.sureness) == (0, pytest.approx(-0.3))


def test_predictions_of_different_messages_are_refused():
    live, _, _ = both((True, True))
    with pytest.raises(ValueError, match="different messages"):
        compare(live, [read("khác", "fee", "fee")], ["0"])
