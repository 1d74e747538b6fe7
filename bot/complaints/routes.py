"""The ways a matter may go: question, feedback, formal complaint, denunciation … (`knowledge/complaint_routes.yml`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from bot.complaints.kinds import Kind
from bot.text.answers import is_question
from bot.text.phrases import Said

QUESTION = "question"
# A longer text tells a story, whatever it ends with.
LONGEST_QUESTION = 20


@dataclass(frozen=True)
class Route:
    """One way.

    Attributes:
        hints: phrases in a text that point to it; `unless` are phrases that speak against it.
        kinds: kinds of feedback that look like it whatever the words.
        why: why it looks so, and `means`: deadline, identity, where; both are read by citizens.
        asks: whether the citizen chooses before anything else is asked.
        goes_on_as: the route of the note when the citizen sends one all the same; empty: as its kind says.
        choices: what stands on the buttons, by what they do.
        topics: keys of topics that tell more.
    """

    key: str
    label: str
    hints: tuple[str, ...]
    unless: tuple[str, ...]
    kinds: tuple[str, ...]
    why: str
    means: str
    asks: bool
    goes_on_as: str
    choices: Mapping[str, str]
    topics: tuple[str, ...]
    legal_basis: tuple[str, ...]
    source: str
    checked_on: date

    @property
    def basis(self) -> str:
        """What it rests on: the law, otherwise the source."""
        return "; ".join(self.legal_basis) or self.source


def load_routes(folder: Path) -> dict[str, Route]:
    """Every route by its key; of several that fit a text the first counts."""
    content = yaml.safe_load((folder / "complaint_routes.yml").read_text(encoding="utf-8"))
    return {key: _route(key, given) for key, given in content.items()}


def _route(key: str, given: dict[str, Any]) -> Route:
    return Route(
        key,
        given["label"],
        tuple(given.get("hints", ())),
        tuple(given.get("unless", ())),
        tuple(given.get("kinds", ())),
        given["why"].strip(),
        given["means"].strip(),
        given.get("asks", False),
        given.get("goes_on_as", ""),
        given.get("choices", {}),
        tuple(given.get("topics", ())),
        tuple(given["legal_basis"]),
        given["source"]["name"],
        date.fromisoformat(given["checked_on"]),
    )


def find_pointed(routes: Mapping[str, Route], text: str, kind: Kind | None) -> Route | None:
    """The first way that a text or its kind points to; None when nothing does."""
    said = Said(text)
    for route in routes.values():
        if kind and kind.key in route.kinds:
            return route
        if any(said.affirms(hint) for hint in route.hints) and not any(said.has(word) for word in route.unless):
            return route
    return None


def guess_route(routes: dict[str, Route], text: str, kind: Kind | None) -> Route:
    """What a text looks like; feedback of its kind when nothing points elsewhere."""
    pointed = find_pointed(routes, text, kind)
    if pointed:
        return pointed
    if kind is None and is_question(text) and len(text.split()) <= LONGEST_QUESTION:
        return routes[QUESTION]
    return routes[kind.route if kind else "phan_anh"]
