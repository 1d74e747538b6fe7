"""Tells English messages from Vietnamese ones typed without tones."""

from __future__ import annotations

from bot.text.normalise import words

_ENGLISH = frozenset(
    [
        *(
            "the",
            "i",
            "my",
            "is",
            "are",
            "am",
            "do",
            "does",
            "how",
            "what",
            "where",
            "when",
            "which",
            "can",
            "need",
            "for",
        ),
        *(
            "to",
            "of",
            "and",
            "in",
            "a",
            "me",
            "it",
            "you",
            "get",
            "have",
            "want",
            "please",
            "help",
            "with",
            "documents",
        ),
        *("register", "birth", "marriage", "passport", "license", "permit", "someone", "vietnam", "foreigner"),
    ]
)


def is_english(text: str) -> bool:
    """Whether at least half of a message's words, and no fewer than two, are common English ones."""
    found = words(text)
    english = sum(word in _ENGLISH for word in found)
    return text.isascii() and english >= 2 and english * 2 >= len(found)
