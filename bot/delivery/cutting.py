"""Long texts: how much of one message Rasa is given, and the few words by which one is named."""

from __future__ import annotations

import textwrap
from dataclasses import replace

from bot.delivery import sentences
from bot.delivery.attending import Attended
from bot.delivery.outbox import Reply
from bot.text.mask import find_personal_values

# Characters that Rasa is given of one message: the longest that Telegram and the web chat let anybody write.
MOST_READ = 4096
_WORDS_SHOWN, _MOST_SHOWN = 6, 60
_MORE = " …"
# Longer than any personal value.
_LONGEST_VALUE = 200


def cut(attended: Attended) -> Attended:
    """No more of a text than is read; the citizen is told up to where, as a form keeps no more than that either."""
    if attended.text is None or len(attended.text) <= MOST_READ:
        return attended
    text = readable(attended.text)
    end = " ".join(text.split()[-_WORDS_SHOWN:])[-_MOST_SHOWN:]
    told = Reply(sentences.CUT.format(limit=MOST_READ, end=end))
    return replace(attended, text=text, replies=(*attended.replies, told))


def beginning(text: str) -> str:
    """The first words of a text."""
    named = textwrap.shorten(text, _MOST_SHOWN, placeholder=_MORE)
    return named if named != _MORE.strip() else f"{text.strip()[:_MOST_SHOWN]}…"


def readable(text: str) -> str:
    """The beginning of a text, up to a word's end; a personal value is in it whole or not at all."""
    if len(text) <= MOST_READ:
        return text
    end = MOST_READ
    if not text[end].isspace():
        words = (text[:end].rsplit(None, 1) or [""])[0]
        # Something without spaces, as long as that, has no words.
        end = len(words) if len(words) > MOST_READ // 2 else end
    for value in find_personal_values(text[: MOST_READ + _LONGEST_VALUE]):
        if value.start < end < value.end:
            end = value.start
    return text[:end].rstrip()
