"""Finds sentences that are copies, or nearly, of messages that only measure."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from bot.text.normalise import fold, normalise


def copies(texts: Iterable[str], kept: Sequence[str], too_near: float) -> Iterator[tuple[str, str]]:
    """Pairs of a text and the kept message it copies; tones and punctuation do not count.

    Args:
        too_near: Jaccard similarity of letter trigrams from which a text is a copy; 1 for exact copies alone.
    """
    exact = {plain(text): text for text in kept}
    grams = [_trigrams(text) for text in kept]
    having: defaultdict[str, list[int]] = defaultdict(list)
    for number, own in enumerate(grams):
        for gram in own:
            having[gram].append(number)
    for text in texts:
        same = exact.get(plain(text))
        if same is not None:
            yield text, same
            continue
        own = _trigrams(text)
        shared = Counter(number for gram in own for number in having[gram])
        near = [number for number, common in shared.most_common(5) if common >= too_near * len(own | grams[number])]
        if near:
            yield text, kept[near[0]]


def plain(text: str) -> str:
    """A text without tones, case and punctuation."""
    # Not `words`: to the classifier any two receipt codes are the same, here they are two sentences.
    return " ".join(re.findall(r"[^\W_]+", fold(normalise(text)))) or text


def _trigrams(text: str) -> frozenset[str]:
    padded = f"  {plain(text)} "
    return frozenset(padded[start : start + 3] for start in range(len(padded) - 2))
