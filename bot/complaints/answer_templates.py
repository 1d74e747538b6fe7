"""Where officers begin an answer or a question, read from `knowledge/answer_templates.yml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.complaints.errors import ComplaintError
from bot.complaints.lifecycle import ANSWER_REASONS, ANSWERED, NEEDS_INFORMATION
from bot.complaints.texts import plain

FILE = "answer_templates.yml"
_FIELD = re.compile(r"\[([^\[\]\n]{2,60})\]")
# Of an answer's words, how many have to be its own: a day, a place and what was done are more.
_FEWEST_OWN_WORDS = 6


@dataclass(frozen=True)
class Template:
    """One beginning.

    Attributes:
        state: where the words take a complaint: "answered" or "needs_information".
        text: the words, with fields in square brackets.
        kinds: kinds of feedback it is for; empty is all.
        reason: how it ended, empty where nothing ends.
        denunciation: whether it is for denunciations, and for nothing else.
    """

    key: str
    title: str
    state: str
    text: str
    kinds: frozenset[str] = frozenset()
    reason: str = ""
    denunciation: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """What the officer fills in, each once, in the order of the text."""
        return tuple(dict.fromkeys(_FIELD.findall(self.text)))

    def fits(self, kind: str, state: str, denunciation: bool = False) -> bool:
        """Whether it is offered for a kind, or for denunciations, and what its words are for."""
        about = denunciation == self.denunciation and (not self.kinds or kind in self.kinds)
        return about and self.state == state


def load_templates(folder: Path) -> dict[str, Template]:
    """Every template by its key, in the order they are offered.

    Raises:
        ComplaintError: one of them is for a state or a reason that does not exist; the message names it.
    """
    content = yaml.safe_load((folder / FILE).read_text(encoding="utf-8"))
    found = {}
    for key, given in content.items():
        reason = given.get("reason", "")
        if given["state"] not in (ANSWERED, NEEDS_INFORMATION) or (given["state"] == ANSWERED) != bool(reason):
            raise ComplaintError(f"{FILE}: '{key}' is for an answer with its reason, or for a question without one.")
        if reason and reason not in ANSWER_REASONS:
            raise ComplaintError(f"{FILE}: '{key}' ends as '{reason}'; there are: {', '.join(ANSWER_REASONS)}.")
        kinds, text = frozenset(given.get("kinds", ())), given["text"].strip()
        denunciation = given.get("denunciation", False)
        found[key] = Template(key, given["title"], given["state"], text, kinds, reason, denunciation)
    return found


def fill(text: str, fields: Sequence[str], values: Sequence[str]) -> str:
    """A text with what was typed in place of its fields; those without a value stay.

    What was typed is never looked through for fields itself.
    """
    typed = {field: value for field, value in zip(fields, values, strict=False) if value}
    return _FIELD.sub(lambda found: typed.get(found.group(1), found.group(0)), text)


def unfilled(text: str) -> tuple[str, ...]:
    """Fields that are left in a text."""
    return tuple(dict.fromkeys(_FIELD.findall(text)))


def copies(text: str, templates: Iterable[Template]) -> bool:
    """Whether a text says hardly more than a template does without what is to be filled in."""
    words = plain(text).split()
    if not words:
        return False
    for template in templates:
        if not template.fields:
            continue
        left = plain(_FIELD.sub(" ", template.text)).split()
        shared = 0
        own = []
        for word in words:
            if word in left:
                left.remove(word)
                shared += 1
            else:
                own.append(word)
        if shared > len(words) / 2 and len(own) < _FEWEST_OWN_WORDS:
            return True
    return False
