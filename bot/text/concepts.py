"""A small lexicon of what public administration is asked about: fee, papers, where, late …; data in `concepts.json`."""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import pairwise
from pathlib import Path


def find_concepts(folded: list[str]) -> list[str]:
    """The concepts that words without tones name, in order, the longest phrases first, and each pair that follows."""
    known, longest = _lexicon()
    found: list[str] = []
    place = 0
    while place < len(folded):
        for length in range(min(longest, len(folded) - place), 0, -1):
            concepts = known.get(" ".join(folded[place : place + length]))
            if concepts:
                found += concepts
                place += length
                break
        else:
            place += 1
    return [*found, *(f"{first}>{second}" for first, second in pairwise(found))]


@lru_cache(maxsize=1)
def _lexicon() -> tuple[dict[str, tuple[str, ...]], int]:
    """Phrase → its concepts, and the number of words of the longest phrase."""
    with Path(__file__).with_suffix(".json").open(encoding="utf-8") as file:
        concepts: dict[str, list[str]] = json.load(file)
    phrases: dict[str, tuple[str, ...]] = {}
    for concept, wordings in concepts.items():
        for wording in wordings:
            phrases[wording] = (*phrases.get(wording, ()), concept)
    return phrases, max(phrase.count(" ") + 1 for phrase in phrases)
