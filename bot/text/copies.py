"""Finds sentences that are copies, or nearly, of messages that only measure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bot.text.normalise import fold, normalise


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
        """The place of a text that this one copies, None when there is none."""
        same = self._exact.get(plain(text))
        if same is not None:
            return same
        own = _trigrams(text)
        shared = Counter(place for gram in own for place in self._having.get(gram, ()))
        for place, common in shared.most_common(5):
            if common >= self._too_near * len(own | self._grams[place]):
                return place
        return None


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
