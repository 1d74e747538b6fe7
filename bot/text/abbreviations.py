"""Chat abbreviations and dialect words written out; the list is data, in `abbreviations.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def abbreviations() -> Mapping[str, str]:
    """Abbreviation → what it stands for, both in normal form."""
    with Path(__file__).with_suffix(".json").open(encoding="utf-8") as file:
        known: dict[str, str] = json.load(file)
    return known


def expand(words: list[str]) -> list[str]:
    """The words with every known abbreviation written out."""
    known = abbreviations()
    return [part for word in words for part in known.get(word, word).split(" ")]
