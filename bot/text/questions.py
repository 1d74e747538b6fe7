"""Splits a message into the questions it asks: "cần giấy gì và mất bao lâu" asks two."""

from __future__ import annotations

import re

from bot.text.abbreviations import expand
from bot.text.normalise import fold, words

_SENTENCE = re.compile(r"(?<=[?!;\n])\s*|(?<=\.)\s+")
_JOINTS = ("và", "với lại", "ngoài ra", "đồng thời", "tiện thể", "cho hỏi thêm", "rồi")
_JOINT = re.compile(
    rf"\s*,\s*(?:(?:{'|'.join({*_JOINTS, *map(fold, _JOINTS), 'còn'})})\s+)?"
    rf"|\s+(?:{'|'.join({*_JOINTS, *map(fold, _JOINTS)})})\s+",
    re.IGNORECASE,
)
# "Với" joins two things, and a thing to its own: "kết hôn với người nước ngoài".
_ALSO = re.compile(rf"{_JOINT.pattern}|\s+(?:với|voi)\s+", re.IGNORECASE)
_ASKS = re.compile(r"\b(?:gi|dau|nao|sao|bao nhieu|bao lau|bao gio|may|ai)\b|\b(?:khong|chua)$")
# Fewer words ask nothing of their own.
LEAST_WORDS = 2


def split_parts(text: str) -> list[str]:
    """The parts of a message between full stops, commas and words such as "và", whether they ask something or not."""
    return [part.strip() for sentence in _SENTENCE.split(text) for part in _ALSO.split(sentence) if part.strip()]


def split_questions(text: str) -> list[str]:
    """The parts of a message that ask something, in order; one part, or none, when it is one question or a story."""
    asked: list[str] = []
    for sentence in _SENTENCE.split(text):
        pending = ""
        for part in _JOINT.split(sentence):
            pending = f"{pending}, {part}" if pending else part
            if _asks(pending):
                asked.append(pending.strip())
                pending = ""
    return asked


def _asks(text: str) -> bool:
    found = [fold(word) for word in expand(words(text))]
    return len(found) >= LEAST_WORDS and _ASKS.search(" ".join(found)) is not None
