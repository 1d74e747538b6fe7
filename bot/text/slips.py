"""Typing as it happens: makes noisy copies of sentences, for training only."""

from __future__ import annotations

import random
import unicodedata

from bot.text.abbreviations import abbreviations
from bot.text.normalise import fold

# The keys that Telex leaves behind when a tone or a hat was not taken up.
_TELEX_TONES = {"\u0300": "f", "\u0301": "s", "\u0309": "r", "\u0303": "x", "\u0323": "j"}
_TELEX_HATS = {"â": "aa", "ê": "ee", "ô": "oo", "ă": "aw", "ơ": "ow", "ư": "uw", "đ": "dd"}
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")


class Noise:
    """Makes noisy copies of sentences; the same seed makes the same copies."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - noise, not secrets
        self._short = _shortenings()
        self._longest = max(len(meaning.split()) for meaning in self._short)

    def copies(self, text: str) -> list[str]:
        """Three copies: tones off, slips, abbreviated without tones."""
        return [fold(text), self.slip(text), fold(self.abbreviate(text))]

    def abbreviate(self, text: str, share: float = 0.6) -> str:
        """Some words or groups of words as chats shorten them."""
        words, out, place = text.split(), [], 0
        while place < len(words):
            for length in range(self._longest, 0, -1):
                options = self._short.get(" ".join(words[place : place + length]).lower())
                if options and self._random.random() < share:
                    out.append(self._random.choice(options))
                    place += length
                    break
            else:
                out.append(words[place])
                place += 1
        return " ".join(out)

    def slip(self, text: str, share: float = 0.15) -> str:
        """Typing errors in some words, now and then two words joined."""
        words = [self._slip_word(word) if self._random.random() < share else word for word in text.split()]
        if len(words) > 2 and self._random.random() < share:
            place = self._random.randrange(len(words) - 1)
            words[place : place + 2] = [words[place] + words[place + 1]]
        return " ".join(words)

    def _slip_word(self, word: str) -> str:
        if len(word) < 2 or not word.isalpha():
            return word
        place = self._random.randrange(len(word) - 1)
        kind = self._random.randrange(6)
        if kind == 0:
            return telex(word)
        if kind == 1:
            return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
        if kind == 2:
            return word[:place] + word[place + 1 :]
        if kind == 3:
            return word[: place + 1] + word[place:]
        if kind == 4:
            return fold(word)
        return word[:place] + self._neighbour(word[place]) + word[place + 1 :]

    def _neighbour(self, letter: str) -> str:
        for row in _ROWS:
            place = row.find(fold(letter).lower())
            if place >= 0:
                return self._random.choice(row[max(0, place - 1) : place + 2])
        return letter


def telex(word: str) -> str:
    """A word as raw Telex keys ("giấy" → "giaays")."""
    tone, letters = "", []
    for letter in word:
        kept = unicodedata.normalize("NFD", letter)
        mark = next((c for c in kept if c in _TELEX_TONES), "")
        tone = _TELEX_TONES.get(mark, tone)
        bare = unicodedata.normalize("NFC", kept.replace(mark, "")) if mark else letter
        letters.append(_TELEX_HATS.get(bare, bare))
    return "".join(letters) + tone


def _shortenings() -> dict[str, list[str]]:
    short: dict[str, list[str]] = {}
    for abbreviation, meaning in abbreviations().items():
        short.setdefault(meaning, []).append(abbreviation)
    return short
