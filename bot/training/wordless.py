"""A verdict without the sentences it speaks of: they may be a citizen's, who may take them back."""

from __future__ import annotations

from dataclasses import replace

from bot.training.data_warnings import DataWarnings
from bot.training.gate import Bounds, Evidence, Verdict, judge
from bot.training.sentences import SentenceChanges

# Stands where a sentence stood; the report of the comparison has them.
NO_WORDS = "…"


def judge_wordless(evidence: Evidence, bounds: Bounds) -> Verdict:
    """The verdict that `judge` gives, with figures and intents only."""
    found = judge(replace(evidence, changes=_changes(evidence.changes), data=_data(evidence.data)), bounds)
    # Without its sentence one reason may be as another.
    return Verdict(found.passed, tuple(dict.fromkeys(found.reasons)), tuple(dict.fromkeys(found.warnings)))


def _changes(changes: SentenceChanges) -> SentenceChanges:
    return replace(
        changes,
        relabelled=tuple(replace(one, text=NO_WORDS) for one in changes.relabelled),
        contradicted=tuple(replace(one, text=NO_WORDS) for one in changes.contradicted),
        copied=tuple((NO_WORDS, NO_WORDS) for _ in changes.copied),
    )


def _data(data: DataWarnings) -> DataWarnings:
    return replace(
        data,
        overlaps=tuple(
            replace(one, sentences=tuple((NO_WORDS, NO_WORDS) for _ in one.sentences)) for one in data.overlaps
        ),
        indistinct=tuple(replace(one, texts=()) for one in data.indistinct),
    )
