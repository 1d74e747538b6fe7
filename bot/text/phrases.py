"""Looks for phrases in what a citizen wrote: tones count where the text has any, abbreviations are read out."""

from __future__ import annotations

from bot.text.abbreviations import expand
from bot.text.normalise import fold, words

# "không phải khiếu nại", "chưa có biên lai": the phrase is named and denied.
_DENIALS = ("không", "chưa", "không phải", "chưa phải", "không có", "chưa có", "không muốn", "không hề", "chẳng")


class Said:
    """A text, made ready to be asked for phrases."""

    def __init__(self, text: str) -> None:
        plain = " ".join(expand(words(text)))
        self._toned = any(word != fold(word) for word in words(text))
        self._text = f" {plain if self._toned else fold(plain)} "

    def has(self, phrase: str) -> bool:
        """Whether a phrase stands in it as whole words, denied or not."""
        return self._spelled(phrase) in self._text

    def affirms(self, phrase: str) -> bool:
        """Whether a phrase stands in it and is not denied right before."""
        spelled = self._spelled(phrase)
        denied = sum(self._text.count(f"{self._spelled(word)[:-1]}{spelled}") for word in _DENIALS)
        return self._text.count(spelled) > denied

    def _spelled(self, phrase: str) -> str:
        plain = " ".join(words(phrase))
        return f" {plain if self._toned else fold(plain)} "
