"""Phrases that stand for a kind of thing ("giấy khai sinh" is a procedure): a message with them marked by the kind."""

from __future__ import annotations

from collections.abc import Mapping


class Lookup:
    """Finds known phrases in words without tones.

    Args:
        kinds: phrase without tones, its words parted by one space → what kind of thing it is.
    """

    def __init__(self, kinds: Mapping[str, str]) -> None:
        self.kinds = dict(kinds)
        self._longest = max((phrase.count(" ") + 1 for phrase in self.kinds), default=0)

    def mark(self, folded: list[str]) -> list[str]:
        """The words, the longest known phrases from the left replaced by `<kind>`."""
        marked: list[str] = []
        place = 0
        while place < len(folded):
            for length in range(min(self._longest, len(folded) - place), 0, -1):
                kind = self.kinds.get(" ".join(folded[place : place + length]))
                if kind is not None:
                    marked.append(f"<{kind}>")
                    place += length
                    break
            else:
                marked.append(folded[place])
                place += 1
        return marked
