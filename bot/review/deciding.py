"""What an item is, by what people say of it; pure functions.

A label counts by itself when it surprises nobody and comes from somebody whose labels have proved right. Everything
else takes two people who agree, at least one of them proven. Who is not proven can neither decide nor hinder others.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.review.model import ACCEPTED, DISPUTED, SECOND, UNUSABLE, WAITING
from bot.review.rules import ReviewRules

SKIP, UNFIT = "skip", "unusable"
# Why a second person is asked.
FEW, PROTECTED, UNEXPECTED, AGAINST, UNPROVEN, DRAWN, NEW = (
    "few",
    "protected",
    "unexpected",
    "against",
    "unproven",
    "drawn",
    "new",
)
_GUESSES = 3


@dataclass(frozen=True)
class Vote:
    """What one person says an item is.

    Attributes:
        counts: whether their labels count by themselves.
        over_cap: whether it is beyond the labels of one week that count; then it decides nothing, nor helps to.
    """

    by: str
    intent: str
    procedure: str | None = None
    counts: bool = True
    over_cap: bool = False


@dataclass(frozen=True)
class Facts:
    """What is known of an item besides the labels.

    Attributes:
        ranking: the model's readings, best first.
        denied: a citizen said that the answer was not what they meant.
        drawn: it was drawn by lot.
    """

    ranking: Sequence[tuple[str, float]] = ()
    denied: bool = False
    drawn: bool = False


@dataclass(frozen=True)
class Decision:
    """The state of an item, and why a second person is asked."""

    state: str
    intent: str | None = None
    procedure: str | None = None
    asks: tuple[str, ...] = ()


def decide(votes: Iterable[Vote], facts: Facts, rules: ReviewRules, sentences: Mapping[str, int]) -> Decision:
    """What becomes of an item.

    Args:
        votes: at most one of each person.
        sentences: how many training sentences each intent has.
    """
    said = [vote for vote in votes if vote.intent != SKIP]
    if any(vote.intent == UNFIT for vote in said):
        # One is enough to hide what may name somebody.
        return Decision(UNUSABLE)
    if not said:
        return Decision(WAITING)
    agreed = [
        intent
        for intent, count in Counter(vote.intent for vote in said if not vote.over_cap).most_common()
        if count > 1 and (not rules.leads or any(vote.counts for vote in said if vote.intent == intent))
    ]
    counting = list(dict.fromkeys(vote.intent for vote in said if vote.counts))
    if len(agreed) == 1 and (set(counting) <= set(agreed) or _outvoted(said, agreed[0])):
        return Decision(ACCEPTED, agreed[0], _procedure(said, agreed[0]))
    if len(counting) > 1 or len(agreed) > 1:
        return Decision(DISPUTED)
    asks = _asks(counting[0], facts, rules, sentences) if counting else (UNPROVEN,)
    if not counting and not rules.leads and len({vote.intent for vote in said}) > 1:
        return Decision(DISPUTED)
    return Decision(SECOND, asks=asks) if asks else Decision(ACCEPTED, counting[0], _procedure(said, counting[0]))


def proven(labels: Iterable[tuple[int, str, str]], rules: ReviewRules) -> frozenset[str]:
    """People whose labels count by themselves: the leads, and who agreed with somebody who is proven often enough.

    Args:
        labels: item, person and intent of every label.
    """
    shared = _shared(labels)
    known = set(rules.leads)
    people = {by for said in shared for by in said}
    while True:
        more = {by for by in people - known if _has_proved(by, shared, known, rules)}
        if not more:
            return frozenset(known)
        known |= more


def agreements(labels: Iterable[tuple[int, str, str]]) -> dict[str, tuple[int, int]]:
    """Of each person how many items somebody else labelled, too, and how many of them somebody labelled alike."""
    together: Counter[str] = Counter()
    alike: Counter[str] = Counter()
    for said in _shared(labels):
        for by, intent in said.items():
            together[by] += 1
            alike[by] += any(said[other] == intent for other in said if other != by)
    return {by: (count, alike[by]) for by, count in together.items()}


def _shared(labels: Iterable[tuple[int, str, str]]) -> list[dict[str, str]]:
    """What was said of each item that several people labelled."""
    by_item: dict[int, dict[str, str]] = {}
    for item, by, intent in labels:
        if intent not in (SKIP, UNFIT):
            by_item.setdefault(item, {})[by] = intent
    return [said for said in by_item.values() if len(said) > 1]


def _has_proved(by: str, shared: Iterable[Mapping[str, str]], known: Collection[str], rules: ReviewRules) -> bool:
    together = [said for said in shared if by in said and any(other in known for other in said)]
    alike = sum(any(said[other] == said[by] for other in said if other in known) for said in together)
    return len(together) >= rules.proven and alike >= rules.agreement * len(together)


def _outvoted(said: Sequence[Vote], intent: str) -> bool:
    """Whether two proven people agree against one."""
    return sum(vote.counts for vote in said if vote.intent == intent) > 1


def _asks(intent: str, facts: Facts, rules: ReviewRules, sentences: Mapping[str, int]) -> tuple[str, ...]:
    best = facts.ranking[0] if facts.ranking else ("", 0.0)
    differs = intent != best[0]
    found = {
        NEW: intent not in sentences,
        DRAWN: facts.drawn,
        PROTECTED: differs and bool({intent, best[0]} & rules.protected),
        FEW: 0 < sentences.get(intent, 0) < rules.few,
        UNEXPECTED: intent not in [name for name, _ in facts.ranking[:_GUESSES]],
        AGAINST: differs and best[1] >= rules.sure and not facts.denied,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _procedure(said: Sequence[Vote], intent: str) -> str | None:
    named = Counter(vote.procedure for vote in said if vote.intent == intent and vote.procedure)
    return named.most_common(1)[0][0] if named else None
