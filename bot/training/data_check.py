"""Checks training sentences before Rasa sees them; every finding names file and line."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from bot.text.copies import copies, plain
from bot.training.sentences import used_intents

# Jaccard similarity of letter trigrams without tones from which two sentences are near-copies.
TOO_NEAR = 0.85
# Rasa's own, which no domain lists.
OF_RASA = {"nlu_fallback"}


@dataclass(frozen=True)
class Example:
    """One training sentence and where it stands."""

    text: str
    intent: str
    place: str


def check_checkout(root: Path) -> list[str]:
    """What is wrong with the training sentences of a checkout, and with the rules that use them."""
    intents = yaml.safe_load((root / "domain.yml").read_text(encoding="utf-8"))["intents"]
    held_out_files = [root / "tests" / "heldout" / name for name in ("messages.jsonl", "twins.jsonl")]
    # It appears with the first reviewed message.
    reviewed = root / "tests" / "heldout" / "reviewed.jsonl"
    files = [*held_out_files, *([reviewed] if reviewed.exists() else [])]
    texts = [json.loads(line)["text"] for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    # Many twins differ in tones and capitals only, which count for nothing here.
    held_out = {plain(text): text for text in reversed(texts)}
    unknown = sorted(used_intents(root / "data" / "rules") - set(intents) - OF_RASA)
    problems = [f"data/rules: intent '{intent}' is used, and is not in domain.yml" for intent in unknown]
    return problems + check_training_data(root / "data" / "nlu", intents, list(held_out.values()))


def check_training_data(folder: Path, intents: Collection[str], held_out: Sequence[str]) -> list[str]:
    """Everything that is wrong with `folder`/*.yml, one line each.

    Args:
        intents: those of the domain.
        held_out: messages of the blind set and their twins, which training must not see.
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
    blocks = _fields(root).get("nlu")
    for node, kind in ((root, yaml.MappingNode), (blocks, yaml.SequenceNode)):
        if node and not isinstance(node, kind):
            yield f"{path.name}:{node.start_mark.line + 1}: not a list of blocks under 'nlu'"
            return
    for block in blocks.value if blocks else ():
        place, fields = f"{path.name}:{block.start_mark.line + 1}", _fields(block)
        if not fields:
            yield f"{place}: not a block with its fields, such as 'intent' and 'examples'"
        elif "intent" in fields:
            yield from _sentences(path.name, place, fields["intent"], fields.get("examples"))


def _sentences(name: str, place: str, intent: yaml.Node, listed: yaml.Node | None) -> Iterator[Example | str]:
    if not isinstance(intent, yaml.ScalarNode):
        yield f"{place}: the intent is not one word"
        return
    if listed is None or not listed.value:
        yield f"{place}: intent '{intent.value}' has no sentence"
        return
    if not isinstance(listed, yaml.ScalarNode) or listed.style != "|":
        yield f"{place}: the sentences of intent '{intent.value}' are not lines after 'examples: |'"
        return
    lines = listed.value.splitlines()
    if not any(line.removeprefix("-").strip() for line in lines):
        yield f"{place}: intent '{intent.value}' has no sentence"
    # A block scalar begins on the line after its "|".
    for number, line in enumerate(lines, listed.start_mark.line + 2):
        text = line.removeprefix("-").strip()
        if text:
            yield Example(text, intent.value, f"{name}:{number}")


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}


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
