"""Two models on the same messages: what got better, what got worse, and how sure that is; pure functions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from bot.training.measure import Prediction

RESAMPLES = 2000
# Of the resampling; the same predictions give the same intervals.
_SEED = 7
_LOW, _HIGH = 5.0, 95.0


@dataclass(frozen=True)
class Change:
    """How one group of messages changed; shares are of all its messages, from -1 to 1.

    Attributes:
        better, worse: messages that only the candidate, or only the live model, reads rightly.
        low, high: between them the change lies in nine of ten such blind sets (a message and its twins drawn as one).
        p: how often chance alone would part better from worse as far as this (exact McNemar test, two sides).
    """

    messages: int
    live: float
    candidate: float
    better: int
    worse: int
    low: float
    high: float
    p: float

    @property
    def difference(self) -> float:
        """The candidate's share right less the live model's."""
        return self.candidate - self.live


@dataclass(frozen=True)
class Reading:
    """One message that the two models read differently, one of them rightly."""

    text: str
    part: str
    truth: str
    live: str
    candidate: str


@dataclass(frozen=True)
class Comparison:
    """All of it; `parts` and `intents` by name.

    Attributes:
        sureness: how much more of a share the candidate gives to the true intent, on average.
    """

    overall: Change
    sureness: float
    parts: Mapping[str, Change]
    intents: Mapping[str, Change]
    better: tuple[Reading, ...]
    worse: tuple[Reading, ...]


def compare(live: Sequence[Prediction], candidate: Sequence[Prediction], sources: Sequence[str]) -> Comparison:
    """Compare predictions on the same messages in the same order.

    Args:
        sources: of each message, what it is a twin of, or itself: twins rise and fall together.

    Raises:
        ValueError: the messages are not the same.
    """
    if [(p.text, p.truth, p.part) for p in live] != [(p.text, p.truth, p.part) for p in candidate]:
        raise ValueError("predictions of different messages can't be compared")
    parts = {f"part:{p.part}": None for p in live}
    intents = {f"intent:{p.truth}": None for p in sorted(live, key=lambda p: p.truth)}
    groups = {name: place for place, name in enumerate(["overall", *parts, *intents])}
    members = [(groups["overall"], groups[f"part:{p.part}"], groups[f"intent:{p.truth}"]) for p in live]
    changes = _changes(live, candidate, sources, members, len(groups))
    found = dict(zip(groups, changes, strict=True))
    pairs = [(a, b) for a, b in zip(live, candidate, strict=True) if a.right != b.right]
    readings = [Reading(a.text, a.part, a.truth, a.intent, b.intent) for a, b in pairs]
    return Comparison(
        found["overall"],
        float(np.mean([_share_of_truth(b) - _share_of_truth(a) for a, b in zip(live, candidate, strict=True)])),
        {name.removeprefix("part:"): found[name] for name in parts},
        {name.removeprefix("intent:"): found[name] for name in intents},
        tuple(reading for reading in readings if reading.candidate == reading.truth),
        tuple(reading for reading in readings if reading.live == reading.truth),
    )


def compare_known(
    live: Sequence[Prediction | None], candidate: Sequence[Prediction | None], sources: Sequence[str]
) -> Comparison | None:
    """Compare on the messages that both have read, None where there is none; else as `compare`."""
    both = [one for one in zip(live, candidate, sources, strict=True) if one[0] is not None and one[1] is not None]
    if not both:
        return None
    return compare([b for b, _, _ in both if b], [a for _, a, _ in both if a], [source for *_, source in both])


def mcnemar(better: int, worse: int) -> float:
    """How often a fair coin would part so many disagreements at least as unevenly."""
    total = better + worse
    if total == 0:
        return 1.0
    return min(1.0, 2 * float(binom.cdf(min(better, worse), total, 0.5)))


def _share_of_truth(prediction: Prediction) -> float:
    return dict(prediction.ranking).get(prediction.truth, 0.0)


def _changes(
    live: Sequence[Prediction],
    candidate: Sequence[Prediction],
    sources: Sequence[str],
    members: Sequence[Iterable[int]],
    groups: int,
) -> list[Change]:
    clusters = {source: place for place, source in enumerate(dict.fromkeys(sources))}
    gained = np.zeros((len(clusters), groups))
    counted = np.zeros((len(clusters), groups))
    tallies = np.zeros((groups, 4), dtype=int)
    for before, after, source, own in zip(live, candidate, sources, members, strict=True):
        for group in own:
            gained[clusters[source], group] += after.right - before.right
            counted[clusters[source], group] += 1
            better, worse = after.right and not before.right, before.right and not after.right
            tallies[group] += (before.right, after.right, better, worse)
    low, high = _interval(gained, counted)
    totals = counted.sum(axis=0)
    return [
        Change(
            int(total),
            float(was / total),
            float(now / total),
            int(better),
            int(worse),
            float(low[group]),
            float(high[group]),
            mcnemar(int(better), int(worse)),
        )
        for group, (total, (was, now, better, worse)) in enumerate(zip(totals, tallies, strict=True))
    ]


def _interval(gained: NDArray[np.float64], counted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Percentiles of the change of each group over resampled sources."""
    drawn = np.random.default_rng(_SEED).multinomial(len(gained), np.full(len(gained), 1 / len(gained)), RESAMPLES)
    messages = drawn @ counted
    changes = np.divide(drawn @ gained, messages, out=np.full(messages.shape, math.nan), where=messages > 0)
    found: NDArray[np.float64] = np.nanpercentile(changes, [_LOW, _HIGH], axis=0)
    return found
