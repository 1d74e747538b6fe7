"""Whatever the gate says is told in Vietnamese: its own sentences are made here, so that none is forgotten."""

from dataclasses import replace

import pytest

from bot.console.gate_words import in_vietnamese
from bot.training.gate import Evidence, judge
from bot.training.sentences import Contradicted
from tests.training.test_gate import BOUNDS, CHANGES, COMPARISON, SAME, doubtful, fallen

ALL_WRONG = replace(
    COMPARISON,
    overall=replace(fallen(4), low=-0.05),
    sureness=-0.2,
    parts={"slips": fallen(9)},
    intents={"ask_human": replace(fallen(60), high=-0.3), "greet": replace(fallen(10), high=-0.02)},
)
COPIED = tuple((f"câu (mới) {number}", "câu 'đo'") for number in range(4))
CROWD = tuple(Contradicted(f"câu {number}", "greet", "ask_human") for number in range(4))
CHANGED = replace(
    CHANGES,
    known=False,
    gone={"greet": 147},
    lost={"report_emergency": True, "thank": False},
    had={"greet": 150, "ask_human": 180, "report_emergency": 10, "thank": 10},
    relabelled=doubtful(9),
    contradicted=CROWD,
    copied=COPIED,
)


def said(changes=CHANGED, conversations=None):
    verdict = judge(Evidence(ALL_WRONG, changes, conversations, unread=2), BOUNDS)
    return (*verdict.reasons, *verdict.warnings)


def told(sentence):
    return in_vietnamese(sentence, lambda intent: f"<{intent}>", lambda part: f"[{part}]")


@pytest.mark.parametrize(
    "sentence", [*said(), *said(replace(CHANGED, copied=COPIED[:1]), ["test_a", "test_b", "test_c", "test_d"])]
)
def test_every_sentence_of_the_gate_is_known(sentence):
    assert told(sentence), sentence


def test_names_and_figures_are_those_of_vietnam():
    first, *rest = map(told, said())
    overall = "Mọi câu: −4,0 điểm, có thể tới −5,0 (giới hạn −1); "
    assert first == f"{overall}{SAME.better} câu tốt lên, {SAME.worse} câu kém đi"
    assert "[slips]: −9,0 điểm (giới hạn −1,25); 3 câu tốt lên, 3 câu kém đi" in rest
    assert "“câu 0”: <ask_human> → <greet>, trong khi các câu giống nó không đổi" in rest


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("greet: only 12 sentences", "<greet>: chỉ có 12 câu"),
        ("greet and thank have nearly the same sentences (2: 'a' and 'b')", "<greet> và <thank> có câu gần như nhau"),
        (
            "greet and thank are not told apart: 3 messages of the first were taken for the second, 4 the other way",
            "3 câu của ý định đầu bị đọc là ý định sau, 4 câu ngược lại",
        ),
    ],
)
def test_what_is_to_be_mended_in_the_data_is_told(sentence, words):
    assert words in told(sentence)


def test_what_is_not_known_is_left_to_the_page():
    assert told("something else") is None
