"""What the ledger keeps of a verdict: the same judgement, and no sentence."""

from bot.training.data_warnings import DataWarnings, Overlap
from bot.training.gate import Evidence, judge
from bot.training.sentences import Contradicted, Relabelled, SentenceChanges
from bot.training.wordless import judge_wordless
from tests.training.test_gate import BOUNDS, COMPARISON

SAID = "nhà tôi cạnh chợ"
CHANGES = SentenceChanges(
    known=True,
    new=9,
    gone={},
    lost={},
    relabelled=tuple(Relabelled(f"{SAID} {n}", "ask_human", "greet", True) for n in range(200)),
    contradicted=tuple(Contradicted(f"{SAID} {n}", "greet", "ask_human") for n in range(200)),
    copied=tuple((f"{SAID} {n}", SAID) for n in range(200)),
    had={"ask_human": 200, "greet": 200},
)
DATA = DataWarnings(overlaps=(Overlap(("fee", "hours"), ((SAID, SAID),)),))


def test_what_is_kept_judges_alike_and_quotes_nobody():
    evidence = Evidence(COMPARISON, CHANGES, (), data=DATA)
    shown, kept = judge(evidence, BOUNDS), judge_wordless(evidence, BOUNDS)
    assert SAID in str(shown.reasons)
    assert SAID in str(shown.warnings)
    assert SAID not in str(kept)
    assert (kept.passed, len(kept.reasons)) == (shown.passed, len(shown.reasons))
    assert "fee and hours have nearly the same sentences (1: '…' and '…')" in kept.warnings
