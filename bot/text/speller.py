"""Mends what is no Vietnamese syllable: Telex leftovers, joined words, one wrong key; after the words it has seen."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from bot.text.normalise import fold
from bot.text.syllables import decode_telex, is_syllable

# Rarer words are no model for others' slips.
LEAST_SEEN = 2
LONGEST_JOINED = 24
# Of shorter words too many others are one key away.
LEAST_LETTERS = 3
_SHORTEST_PART = 2


class Speller:
    """Mends words.

    Args:
        seen: word in normal form → how often it was seen.
        pairs: pairs of words, without tones, that were seen side by side.
    """

    def __init__(self, seen: dict[str, int], pairs: Iterable[tuple[str, str]]) -> None:
        self.seen = seen
        self.pairs = frozenset(pairs)
        self._counts: Counter[str] = Counter()
        self._toned: dict[str, str] = {}
        for word, count in sorted(seen.items(), key=lambda item: item[1]):
            self._counts[fold(word)] += count
            self._toned[fold(word)] = word
        self._total = sum(self._counts.values())
        self._by_deletion: dict[str, list[str]] = {}
        for word in self._counts:
            for shorter in _deletions(word):
                self._by_deletion.setdefault(shorter, []).append(word)

    @classmethod
    def learn(cls, messages: Iterable[Sequence[str]]) -> Speller:
        """A speller of the words of many messages, abbreviations written out."""
        counts: Counter[str] = Counter()
        pairs: set[tuple[str, str]] = set()
        for message in messages:
            counts.update(message)
            pairs.update(pairwise(fold(word) for word in message))
        kept = {word: count for word, count in counts.items() if count >= LEAST_SEEN and word.isalpha()}
        known = {fold(word) for word in kept}
        return cls(kept, {pair for pair in pairs if pair[0] in known and pair[1] in known})

    def mend(self, words: Sequence[str]) -> list[str]:
        """The words with what is no syllable mended; words it can do nothing with stay."""
        mended: list[str] = []
        for place, word in enumerate(words):
            following = words[place + 1] if place + 1 < len(words) else ""
            mended += self._mend_word(word, mended[-1] if mended else "", following)
        return mended

    def _mend_word(self, word: str, before: str, after: str) -> list[str]:
        plain = fold(word)
        if plain in self._counts or not word.isalpha() or len(word) < _SHORTEST_PART or is_syllable(word):
            return [word]
        decoded = decode_telex(word)
        if decoded and fold(decoded) in self._counts:
            # Half a tone is often lost with the rest: "nopj" is "nộp", which was seen, not "nọp".
            return [decoded if decoded in self.seen else self._toned[fold(decoded)]]
        parts = self._split(plain)
        if parts:
            return [self._toned[part] for part in parts]
        near = self._nearest(plain, fold(before), fold(after)) if len(plain) >= LEAST_LETTERS else None
        return [self._toned[near]] if near else [word]

    def _split(self, joined: str) -> list[str] | None:
        """The likeliest words that a joined word is made of, None when it is made of none."""
        if len(joined) > LONGEST_JOINED:
            return None
        best: list[tuple[float, list[str]] | None] = [(0.0, [])] + [None] * len(joined)
        for end in range(_SHORTEST_PART, len(joined) + 1):
            for start in range(max(0, end - 7), end - _SHORTEST_PART + 1):
                part, so_far = joined[start:end], best[start]
                if so_far is None or part not in self._counts:
                    continue
                score = so_far[0] + math.log(self._counts[part] / self._total)
                current = best[end]
                if current is None or score > current[0]:
                    best[end] = (score, [*so_far[1], part])
        found = best[-1]
        return found[1] if found and len(found[1]) > 1 else None

    def _nearest(self, word: str, before: str, after: str) -> str | None:
        candidates = {seen for shorter in _deletions(word) for seen in self._by_deletion.get(shorter, ())}
        near = [seen for seen in candidates if _one_key_apart(word, seen)]
        if not near:
            return None
        return max(
            near, key=lambda seen: ((before, seen) in self.pairs, (seen, after) in self.pairs, self._counts[seen], seen)
        )


def _deletions(word: str) -> Iterator[str]:
    yield word
    for place in range(len(word)):
        yield word[:place] + word[place + 1 :]


def _one_key_apart(word: str, other: str) -> bool:
    """Whether one wrong, missing, extra or swapped key makes one of the other."""
    if abs(len(word) - len(other)) > 1:
        return False
    if len(word) == len(other):
        wrong = [place for place in range(len(word)) if word[place] != other[place]]
        if len(wrong) == 2:
            first, second = wrong
            return second == first + 1 and word[first] == other[second] and word[second] == other[first]
        return len(wrong) == 1
    shorter, longer = sorted((word, other), key=len)
    return any(longer[:place] + longer[place + 1 :] == shorter for place in range(len(longer)))
