"""What a citizen who looks at the state of their feedback is told besides, from `knowledge/complaint_status.yml`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

# When a step is of use: while it is open, after its date has passed, when it was answered, when it has ended.
OPEN, LATE, ANSWERED, CLOSED = "open", "late", "answered", "closed"


@dataclass(frozen=True)
class Step:
    """Something a citizen may do next.

    Attributes:
        when: some of OPEN, LATE, ANSWERED, CLOSED.
        kinds: the kinds of feedback it is for; empty for all.
        link: label and address, both empty when there is none.
        reopens: it opens the feedback again, so it is left out where that was done before.
        legal_basis: law it rests on, with the day that was checked; empty when it rests on none.
    """

    text: str
    when: tuple[str, ...]
    kinds: tuple[str, ...] = ()
    link: tuple[str, str] = ("", "")
    legal_basis: str = ""
    checked_on: date | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    reopens: bool = False

    def holds(self, when: str, kind: str, day: date) -> bool:
        """Whether the step is of use for this kind of feedback at this time."""
        begun = self.valid_from is None or self.valid_from <= day
        over = self.valid_until is not None and self.valid_until < day
        return when in self.when and (not self.kinds or kind in self.kinds) and begun and not over


@dataclass(frozen=True)
class Guidance:
    """What each state means, the note on every page, and the steps."""

    states: dict[str, str]
    note: str
    steps: tuple[Step, ...]

    def next_steps(self, when: str, kind: str, day: date, may_reopen: bool = True) -> list[Step]:
        """What a citizen may do next, in order."""
        return [step for step in self.steps if step.holds(when, kind, day) and (may_reopen or not step.reopens)]


def load_guidance(folder: Path) -> Guidance:
    """The guidance of `knowledge/`."""
    content = yaml.safe_load((folder / "complaint_status.yml").read_text(encoding="utf-8"))
    return Guidance(content["states"], content["note"], tuple(_step(given) for given in content["steps"]))


def _step(given: dict) -> Step:
    link = given.get("link") or {}
    return Step(
        given["text"],
        tuple(given["when"]),
        tuple(given.get("kinds", ())),
        (link.get("label", ""), link.get("url", "")),
        given.get("legal_basis", ""),
        given.get("checked_on"),
        given.get("valid_from"),
        given.get("valid_until"),
        given.get("reopens", False),
    )
