"""A reply cut to what a channel takes: long texts in parts, buttons it can't show as numbered lines."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.delivery import sentences
from bot.delivery.model import NUMBERED, TELEGRAM
from bot.delivery.numbering import numbers_for, own_numbers
from bot.delivery.outbox import Button, Reply

# How long a text is in a channel's own unit. A longer beginning of a text is never shorter.
Length = Callable[[str], int]

# Phones show about this much of a button's title on Telegram; what is longer becomes a numbered line.
LONGEST_TITLE = 40
_PARAGRAPH_END = re.compile(r"\n")
# Not after a digit: the dot of "1. Tờ khai" ends no sentence.
_SENTENCE_END = re.compile(r"(?:[!?…]|(?<!\d)\.)[\"'”’»)\]]*(?=\s)")
_WORD_END = re.compile(r"(?=\s)")
_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_TAGS = range(0xE0020, 0xE0080)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_MORE = "…"


@dataclass(frozen=True)
class Piece:
    """One message of a channel: text within its limit, and the buttons to show under it."""

    text: str
    buttons: tuple[Button, ...] = ()


def utf16_length(text: str) -> int:
    """Length in UTF-16 units, Telegram's."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def nfc_length(text: str) -> int:
    """Length in characters as they are sent, tones composed; Zalo's."""
    return len(unicodedata.normalize("NFC", text))


def render_pieces(reply: Reply, limit: int, length: Length, shown: int) -> list[Piece]:
    """The messages a reply becomes, in order; buttons sit on the last. Nothing for a reply without a text.

    Args:
        limit: the longest text, as `length` measures it.
        shown: buttons that the channel shows; the others are lines with their number among all of them.
    """
    parts = split_text(text_with_numbers(reply, shown), limit, length)
    pieces = [Piece(part) for part in parts]
    if pieces:
        pieces[-1] = Piece(parts[-1], reply.buttons[:shown])
    return pieces


def text_with_numbers(reply: Reply, shown: int) -> str:
    """The text, with a numbered line for each button after the first `shown`, and how to choose one."""
    titles = [button.title for button in reply.buttons]
    numbered = zip(titles, own_numbers(titles), numbers_for(titles, reply.first), strict=True)
    lines = [title if own else f"{number}. {title}" for title, own, number in numbered][shown:]
    if not lines or not reply.text.strip():
        return reply.text
    return "\n".join([reply.text.rstrip(), *lines, sentences.CHOOSE_BY_NUMBER])


def shows_numbers(channel: str, buttons: Sequence[Button]) -> bool:
    """Whether a channel shows these buttons as lines with their numbers; all of them or none."""
    if channel == TELEGRAM:
        return len(buttons) > 1 and any(utf16_length(button.title) > LONGEST_TITLE for button in buttons)
    return channel in NUMBERED


def split_text(text: str, limit: int, length: Length) -> list[str]:
    """The parts of a text, each not empty and within the limit; only white space at the cuts is lost.

    Cut where a paragraph, else a sentence, else a word ends, and never within a letter with its marks, unless these
    alone are too long.

    Args:
        limit: at least the length of any one character (2 for UTF-16 units).
    """
    parts = []
    rest = text.strip()
    while length(rest) > limit:
        cut = _find_cut(rest, _longest_beginning(rest, limit, length))
        parts.append(rest[:cut].rstrip())
        rest = rest[cut:].lstrip()
    return [*parts, rest] if rest else parts


def shorten(text: str, limit: int, length: Length) -> str:
    """The text when it is short enough, otherwise its beginning with "…", such as for the title of a button."""
    if length(text) <= limit:
        return text
    end = _letter_end(text, _longest_beginning(text, limit - length(_MORE), length))
    return text[:end].rstrip() + _MORE


def _longest_beginning(text: str, limit: int, length: Length) -> int:
    """How many characters fit; one at least."""
    least, most = 1, len(text)
    while least < most:
        middle = (least + most + 1) // 2
        if length(text[:middle]) <= limit:
            least = middle
        else:
            most = middle - 1
    return least


def _find_cut(text: str, most: int) -> int:
    # One character more, so that an end that just fits is seen by the white space after it.
    window = text[: most + 1]
    for pattern in (_PARAGRAPH_END, _SENTENCE_END, _WORD_END):
        # An end in the first half would leave a part that is hardly begun.
        ends = [found.end() for found in pattern.finditer(window, most // 2)]
        ends = [end for end in ends if 0 < len(text[:end].rstrip()) <= most]
        if ends:
            return ends[-1]
    last_space = max((found.start() for found in _WORD_END.finditer(window)), default=0)
    return last_space or _letter_end(text, most)


def _letter_end(text: str, most: int) -> int:
    """The last place up to `most` where no letter is cut, `most` when there is none."""
    for end in range(most, 0, -1):
        if end >= len(text) or _may_cut(text, end):
            return end
    return most


def _may_cut(text: str, at: int) -> bool:
    before, after = text[at - 1], text[at]
    code = ord(after)
    if unicodedata.category(after).startswith("M") or code in _SKIN_TONES or code in _TAGS:
        return False
    if _JOINER in (before, after):
        return False
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return False
    return not (code in _FLAG_LETTERS and _flag_letters_before(text, at) % 2)


def _flag_letters_before(text: str, at: int) -> int:
    start = at
    while start and ord(text[start - 1]) in _FLAG_LETTERS:
        start -= 1
    return at - start
