"""Finds sentences that are copies, or nearly, of messages that only measure."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bot.text.normalise import fold, normalise

_ROUNDING = 1e-9


class Nearest:
    """Texts among which near-copies of others are found; tones and punctuation do not count.

    Args:
        too_near: Jaccard similarity of letter trigrams from which a text is a copy; 1 for exact copies alone.
    """

    def __init__(self, too_near: float) -> None:
        self._too_near = too_near
        self._exact: dict[str, int] = {}
        self._grams: list[frozenset[str]] = []
        self._having: defaultdict[str, list[int]] = defaultdict(list)

    def add(self, text: str) -> int:
        """Take up a text; returns its place, counted from 0."""
        place, own = len(self._grams), _trigrams(text)
        self._exact[plain(text)] = place
        self._grams.append(own)
        for gram in own:
            self._having[gram].append(place)
        return place

    def find(self, text: str) -> int | None:
        """The place of the text that this one copies most, None when there is none."""
        same = self._exact.get(plain(text))
        if same is not None:
            return same
        return min(self.near(text), key=lambda found: (-found[1], found[0]), default=(None, 0.0))[0]

    def near(self, text: str) -> Iterator[tuple[int, float]]:
        """The places of all texts that this one copies, and how alike they are."""
        own = _trigrams(text)
        # A copy has at least so many of the trigrams, so it has one of the rarest: looked up are these alone.
        least = self._too_near * len(own) - _ROUNDING
        rarest = sorted(own, key=lambda gram: (len(self._having.get(gram, ())), gram))
        for place in {p for gram in rarest[: len(own) - math.ceil(least) + 1] for p in self._having.get(gram, ())}:
            grams = self._grams[place]
            if len(grams) < least or len(grams) * self._too_near > len(own) + _ROUNDING:
                continue
            shared = len(own & grams)
            likeness = shared / (len(own) + len(grams) - shared)
            if likeness >= self._too_near - _ROUNDING:
                yield place, likeness


def copies(texts: Iterable[str], kept: Sequence[str], too_near: float) -> Iterator[tuple[str, str]]:
    """Pairs of a text and the kept message it copies; tones and punctuation do not count.

    Args:
        too_near: Jaccard similarity of letter trigrams from which a text is a copy; 1 for exact copies alone.
    """
    known = Nearest(too_near)
    for message in kept:
        known.add(message)
    for text in texts:
        place = known.find(text)
        if place is not None:
            yield text, kept[place]


def plain(text: str) -> str:
    """A text without tones, case and punctuation."""
    # Not `words`: to the classifier any two receipt codes are the same, here they are two sentences.
    return " ".join(re.findall(r"[^\W_]+", fold(normalise(text)))) or text


def _trigrams(text: str) -> frozenset[str]:
    padded = f"  {plain(text)} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))
