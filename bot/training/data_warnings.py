"""What is to be mended in the sentences, whoever wins a comparison: few, said twice, not told apart; pure functions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import comb

from scipy.stats import binom

from bot.text.copies import Nearest
from bot.training.measure import Prediction

# How many pairs of intents may be named of a model that only errs by chance.
_BY_CHANCE = 0.05
_SHOWN = 3


@dataclass(frozen=True)
class Few:
    """An intent with few sentences."""

    intent: str
    sentences: int


@dataclass(frozen=True)
class Overlap:
    """Two intents with sentences that are nearly the same, and those pairs: of the first intent, of the second."""

    intents: tuple[str, str]
    sentences: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Indistinct:
    """Two intents that are taken for each other more often than chance would have it.

    Attributes:
        times: how many messages of the first were read as the second, and of the second as the first.
        texts: these messages.
    """

    intents: tuple[str, str]
    times: tuple[int, int]
    texts: tuple[str, ...]


@dataclass(frozen=True)
class DataWarnings:
    """All of it."""

    few: tuple[Few, ...] = ()
    overlaps: tuple[Overlap, ...] = ()
    indistinct: tuple[Indistinct, ...] = ()

    def lines(self) -> Iterator[str]:
        """One sentence for each."""
        for few in self.few:
            yield f"{few.intent}: only {few.sentences} sentences"
        for one in self.overlaps:
            shown = "; ".join(f"'{first}' and '{second}'" for first, second in one.sentences[:_SHOWN])
            yield f"{' and '.join(one.intents)} have nearly the same sentences ({len(one.sentences)}: {shown})"
        for pair in self.indistinct:
            first, second = pair.intents
            yield (
                f"{first} and {second} are not told apart: {pair.times[0]} messages of the first were taken for the "
                f"second, {pair.times[1]} the other way"
            )


def find_warnings(
    rows: Sequence[tuple[str, str]], predictions: Sequence[Prediction], few: float, alike: float
) -> DataWarnings:
    """What is to be mended in sentences and their intents.

    Args:
        predictions: what a model of them made of messages it had not seen; those of the part "clean" count, as twins
            are wrong together.
        few: an intent with fewer sentences is named.
        alike: Jaccard similarity of letter trigrams without tones from which two sentences are nearly the same.
    """
    return DataWarnings(
        tuple(find_few(rows, few)),
        tuple(find_overlaps(rows, alike)),
        tuple(find_indistinct([p for p in predictions if p.part == "clean"])),
    )


def find_few(rows: Iterable[tuple[str, str]], least: float) -> Iterator[Few]:
    """The intents with fewer sentences than that, the fewest first."""
    counts = Counter(intent for _, intent in rows)
    yield from (
        Few(intent, count)
        for intent, count in sorted(counts.items(), key=lambda one: (one[1], one[0]))
        if count < least
    )


def find_overlaps(rows: Sequence[tuple[str, str]], alike: float) -> Iterator[Overlap]:
    """The pairs of intents with sentences that are nearly the same, those with most of them first."""
    known = Nearest(alike)
    found: defaultdict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for text, intent in rows:
        for place, _ in sorted(known.near(text)):
            other, its_intent = rows[place]
            if its_intent < intent:
                found[its_intent, intent].append((other, text))
            elif its_intent > intent:
                found[intent, its_intent].append((text, other))
        known.add(text)
    for intents, sentences in sorted(found.items(), key=lambda one: (-len(one[1]), one[0])):
        yield Overlap(intents, tuple(sentences))


def find_indistinct(predictions: Sequence[Prediction]) -> Iterator[Indistinct]:
    """The pairs of intents that are taken for each other, in both directions, more often than chance would have it.

    By chance a wrong reading falls on each other intent alike. Both directions together have to be so rare then, that
    among all pairs there would hardly be one.
    """
    of = Counter(p.truth for p in predictions)
    wrong = [p for p in predictions if not p.right]
    if len(of) < 3 or not wrong:
        return
    chance = len(wrong) / len(predictions) / (len(of) - 1)
    taken = Counter((p.truth, p.intent) for p in wrong)
    for first, second in combinations(sorted(of), 2):
        times = taken[first, second], taken[second, first]
        rare = [float(binom.sf(n - 1, of[truth], chance)) for n, truth in zip(times, (first, second), strict=True)]
        if all(times) and rare[0] * rare[1] * comb(len(of), 2) < _BY_CHANCE:
            texts = tuple(p.text for p in wrong if {p.truth, p.intent} == {first, second})
            yield Indistinct((first, second), times, texts)
