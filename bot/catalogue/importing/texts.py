"""Texts as the portal keeps them made fit to be read: no markup, no invisible characters, no blank lines."""

from __future__ import annotations

import html
import re

from bot.text.normalise import clean

NO_INFORMATION = "Không có thông tin"

_SCRIPT = re.compile(r"<(script|style)\b[^<>]*>.*?(?:</\1\s*>|$)", re.IGNORECASE | re.DOTALL)
_BREAK = re.compile(r"<\s*(?:br|/p|/div|/li|/tr|/h\d)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>|<!--.*?(?:-->|$)", re.DOTALL)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[a-zA-Z]{2,31});")
# Bullets of a symbol font, which no other font has.
_BULLETS = re.compile("[\uf02d\uf0a7\uf0b7\uf0d8\uf0fc\uf076]\\s*")
# Letters of one font only, and halves of letters, which no file can hold.
_PRIVATE = re.compile("[\ud800-\udfff\ue000-\uf8ff]")
_SPACES = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\s*\n\s*")


def tidy(text: str) -> tuple[str, bool]:
    """A text for people, and whether markup was taken out of it.

    A blank line would cut a message in two (Rasa's REST channel), so none is left.
    """
    plain = _without_markup(text) if "<" in text or "&" in text else text
    marked = plain != text
    plain = _PRIVATE.sub(" ", _BULLETS.sub("- ", clean(plain.replace("\r", "\n"))))
    plain = _LINES.sub("\n", _SPACES.sub(" ", plain)).strip()
    return ("" if plain.rstrip(".") == NO_INFORMATION else plain), marked


def listed(text: str) -> tuple[str, ...]:
    """The items of a list with commas; a comma inside brackets is part of its item."""
    items, start, depth = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")" and depth > 0)
        if letter in ",;" and not depth:
            items.append(text[start:place])
            start = place + 1
    return unique([*items, text[start:]])


def unique(texts: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Each text once, in the order they came, without empty ones."""
    return tuple(dict.fromkeys(text for text in (text.strip() for text in texts) if text))


def _without_markup(text: str) -> str:
    # Twice: what was escaped once too often is markup, too.
    for _ in range(2):
        text = _SCRIPT.sub(" ", text)
        text = _TAG.sub(" ", _BREAK.sub("\n", text))
        text = _ENTITY.sub(lambda found: html.unescape(found.group()), text)
    return _TAG.sub(" ", text)
