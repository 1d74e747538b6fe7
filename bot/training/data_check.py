"""Checks training sentences before Rasa sees them; every finding names file and line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.text.copies import copies, plain

# Jaccard similarity of letter trigrams without tones from which two sentences are near-copies.
TOO_NEAR = 0.85


@dataclass(frozen=True)
class Example:
    """One training sentence and where it stands."""

    text: str
    intent: str
    place: str


def check_checkout(root: Path) -> list[str]:
    """What is wrong with the training sentences of a checkout."""
    intents = yaml.safe_load((root / "domain.yml").read_text(encoding="utf-8"))["intents"]
    lines = (root / "tests" / "heldout" / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    return check_training_data(root / "data" / "nlu", intents, [json.loads(line)["text"] for line in lines])


def check_training_data(folder: Path, intents: Collection[str], held_out: Sequence[str]) -> list[str]:
    """Everything that is wrong with `folder`/*.yml, one line each.

    Args:
        intents: those of the domain.
        held_out: messages of the blind set, which training must not see.
    """
    problems: list[str] = []
    examples: list[Example] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            for found in _read(path):
                if isinstance(found, Example):
                    examples.append(found)
                else:
                    problems.append(found)
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            problems.append(f"{path.name}: not readable as YAML in UTF-8: {str(error).splitlines()[0]}")
    problems += _unknown(examples, intents)
    problems += _twice(examples)
    problems += _held_out(examples, held_out)
    return problems


def _read(path: Path) -> Iterator[Example | str]:
    root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    blocks: list[Any] = next((value.value for key, value in root.value if key.value == "nlu"), []) if root else []
    for block in blocks:
        fields = {key.value: value for key, value in block.value}
        intent, listed = fields.get("intent"), fields.get("examples")
        if intent is None:
            continue
        place = f"{path.name}:{block.start_mark.line + 1}"
        # A block scalar begins on the line after its "|".
        lines = listed.value.splitlines() if listed is not None else []
        first = listed.start_mark.line + 2 if listed is not None else 0
        if not any(line.removeprefix("-").strip() for line in lines):
            yield f"{place}: intent '{intent.value}' has no sentence"
        for number, line in enumerate(lines, first):
            text = line.removeprefix("-").strip()
            if text:
                yield Example(text, intent.value, f"{path.name}:{number}")


def _unknown(examples: Iterable[Example], intents: Collection[str]) -> Iterator[str]:
    first = {example.intent: example.place for example in reversed(list(examples))}
    for intent, place in first.items():
        if intent not in intents:
            yield f"{place}: intent '{intent}' is not in domain.yml"


def _twice(examples: Iterable[Example]) -> Iterator[str]:
    seen: dict[str, Example] = {}
    for example in examples:
        earlier = seen.setdefault(plain(example.text), example)
        if earlier is not example:
            where = "in" if earlier.intent == example.intent else f"in intent '{earlier.intent}',"
            yield f"{example.place}: '{example.text}' stands already {where} {earlier.place}"


def _held_out(examples: Sequence[Example], held_out: Sequence[str]) -> Iterator[str]:
    places = {example.text: example.place for example in examples}
    for text, message in copies(places, held_out, TOO_NEAR):
        kind = "is" if plain(text) == plain(message) else "is nearly"
        yield f"{places[text]}: '{text}' {kind} a message of the blind set"
