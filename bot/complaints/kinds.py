"""The kinds of feedback, read from `knowledge/complaint_kinds.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.text.normalise import fold, normalise


@dataclass(frozen=True)
class Kind:
    """One kind of feedback.

    Attributes:
        hints: words in a text that point to it.
        questions: what is asked for, unless it was told already.
        joinable: whether it may concern many (systems, fees, rules), so that citizens may join an open one.
        route: the way it goes ("phan_anh", "kien_nghi", "khen").
    """

    key: str
    label: str
    hints: tuple[str, ...]
    questions: tuple[str, ...]
    joinable: bool = False
    route: str = "phan_anh"


def load_kinds(folder: Path) -> dict[str, Kind]:
    """Every kind by its key, in the order citizens are shown them."""
    content = yaml.safe_load((folder / "complaint_kinds.yml").read_text(encoding="utf-8"))
    return {
        key: Kind(
            key,
            given["label"],
            tuple(given["hints"]),
            tuple(given["questions"]),
            given.get("joinable", False),
            given.get("route", "phan_anh"),
        )
        for key, given in content.items()
    }


@dataclass(frozen=True)
class Form:
    """The form's buttons (question → value → title) and the words that name its parts."""

    buttons: dict[str, dict[str, str]]
    parts: dict[str, list[str]]

    def find_part(self, text: str) -> str | None:
        """The part of the form that a text names, None when it names none."""
        plain = f" {_plain(text)} "
        named = ((part, word) for part, words in self.parts.items() for word in words)
        return next((part for part, word in named if f" {_plain(word)} " in plain), None)


def load_form(folder: Path) -> Form:
    """The form's buttons and part names, from `knowledge/complaint_form.yml`."""
    content = yaml.safe_load((folder / "complaint_form.yml").read_text(encoding="utf-8"))
    return Form(content["buttons"], content["parts"])


def find_kind(kinds: dict[str, Kind], answer: str) -> Kind | None:
    """The kind that an answer names: its key, its label, or some of its words."""
    wanted = _plain(answer)
    for kind in kinds.values():
        label = _plain(kind.label)
        # One word alone says too little: "không" stands in a label too.
        if wanted in (_plain(kind.key), label) or (" " in wanted and f" {wanted} " in f" {label} "):
            return kind
    return guess_kind(kinds, answer)


def guess_kind(kinds: dict[str, Kind], text: str) -> Kind | None:
    """The kind whose hints a text has most of, None when it has none."""
    plain = f" {_plain(text)} "
    scores = {kind.key: sum(f" {_plain(hint)} " in plain for hint in kind.hints) for kind in kinds.values()}
    best = max(scores, key=lambda key: scores[key])
    return kinds[best] if scores[best] else None


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in fold(normalise(text))).split())
