"""The kinds of feedback, read from `knowledge/complaint_kinds.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.text.normalise import fold, normalise
from bot.text.phrases import Said


@dataclass(frozen=True)
class Kind:
    """One kind of feedback.

    Attributes:
        hints: words in a text that point to it.
        questions: what is asked for, unless it was told already.
        joinable: whether it may concern many (systems, fees, rules), so that citizens may join an open one.
        route: the way it goes ("phan_anh", "kien_nghi", "khen").
        about_person: whether it is about somebody's conduct, so that a supervisor first confirms who is named.
    """

    key: str
    label: str
    hints: tuple[str, ...]
    questions: tuple[str, ...]
    joinable: bool = False
    route: str = "phan_anh"
    about_person: bool = False


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
            given.get("about_person", False),
        )
        for key, given in content.items()
    }


@dataclass(frozen=True)
class Form:
    """Short texts of the form, read by citizens.

    Attributes:
        buttons: question → value → title.
        parts: the words that name its parts.
        labels: what stands before a part in the summary.
        acts: what citizens may do with what they filed → title.
        lines: parts of sentences, with `{names}`.
    """

    buttons: dict[str, dict[str, str]]
    parts: dict[str, list[str]]
    labels: dict[str, str]
    acts: dict[str, str]
    lines: dict[str, str]

    def find_part(self, text: str) -> str | None:
        """The part of the form that a text names, None when it names none."""
        plain = f" {_plain(text)} "
        named = ((part, word) for part, words in self.parts.items() for word in words)
        return next((part for part, word in named if f" {_plain(word)} " in plain), None)


def load_form(folder: Path) -> Form:
    """The form's short texts, from `knowledge/complaint_form.yml`."""
    content = yaml.safe_load((folder / "complaint_form.yml").read_text(encoding="utf-8"))
    return Form(**content)


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
    scores = _scores(kinds, text)
    best = max(scores, key=lambda key: scores[key])
    return kinds[best] if scores[best] else None


def clear_kind(kinds: dict[str, Kind], text: str) -> Kind | None:
    """The kind of a text that needs no asking: one kind has more of its hints than any other."""
    scores = _scores(kinds, text)
    best, second, *_ = sorted(scores, key=lambda key: -scores[key])
    return kinds[best] if scores[best] > scores[second] else None


def _scores(kinds: dict[str, Kind], text: str) -> dict[str, int]:
    said = Said(text)
    return {kind.key: sum(said.has(hint) for hint in kind.hints) for kind in kinds.values()}


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " for c in fold(normalise(text))).split())
