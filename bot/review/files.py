"""Sentences in the files of a checkout: added to their intent's block, taken out again; all else is left as it is."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.review.errors import ReviewError
from bot.text.copies import plain

# Messages that only measure, besides those that were written for it.
BLIND_FILE = Path("tests/heldout/reviewed.jsonl")


@dataclass(frozen=True)
class Block:
    """The sentences of one intent in one file: their lines, counted from 0, and how they are indented."""

    file: Path
    intent: str
    lines: tuple[int, ...]
    indent: str


@dataclass
class DataFiles:
    """The data files of a checkout, read once; nothing is written before `save`.

    Raises:
        ReviewError: a file is not as it should be; the message names it.
    """

    root: Path
    lines: dict[Path, list[str]] = field(default_factory=dict)
    _before: dict[Path, list[str]] = field(default_factory=dict)
    # Reading a file's YAML takes long enough to be done once; until its lines change.
    _known: dict[Path, list[Block]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        folder = self.root / "data" / "nlu"
        for path in sorted(folder.glob("*.yml")):
            self.lines[path] = _read(path).splitlines(keepends=True)
        if not self.lines:
            raise ReviewError(f"There is no sentence below {folder.relative_to(self.root)}.")
        blind = self.root / BLIND_FILE
        self.lines[blind] = _read(blind).splitlines(keepends=True) if blind.exists() else []
        self._before = {path: list(lines) for path, lines in self.lines.items()}
        self.blocks()

    def blocks(self) -> dict[str, list[Block]]:
        """Intent → its blocks."""
        found: dict[str, list[Block]] = {}
        for path, lines in self.lines.items():
            if path.suffix == ".yml" and path not in self._known:
                self._known[path] = list(_blocks(path, lines))
            for block in self._known.get(path, ()):
                found.setdefault(block.intent, []).append(block)
        return found

    def sentences(self) -> dict[str, list[str]]:
        """Intent → its sentences."""
        return {
            intent: [_sentence(self.lines[block.file][number]) for block in blocks for number in block.lines]
            for intent, blocks in self.blocks().items()
        }

    def blind(self) -> list[str]:
        """Every message that only measures, its twins left out."""
        written = self.root / BLIND_FILE.parent / "messages.jsonl"
        texts = [_json(line, written)["text"] for line in (_read(written).splitlines() if written.exists() else ())]
        return texts + [_json(line, BLIND_FILE)["text"] for line in self.lines[self.root / BLIND_FILE]]

    def add(self, sentences: Iterable[tuple[str, str]]) -> dict[str, str]:
        """Add sentences (text, intent) at the end of their intents' longest blocks; returns intent → file."""
        wanted: dict[str, list[str]] = {}
        for text, intent in sentences:
            wanted.setdefault(intent, []).append(text)
        blocks = self.blocks()
        longest = [max(blocks[intent], key=lambda one: len(one.lines)) for intent in wanted]
        # From below, so that no line moves that is still to be found.
        for block in sorted(longest, key=lambda one: -one.lines[-1]):
            lines, last = self.lines[block.file], block.lines[-1]
            if not lines[last].endswith("\n"):
                lines[last] += "\n"
            lines[last + 1 : last + 1] = [f"{block.indent}- {text}\n" for text in wanted[block.intent]]
            self._known.pop(block.file, None)
        return {block.intent: block.file.relative_to(self.root).as_posix() for block in longest}

    def add_blind(self, rows: Iterable[Mapping[str, Any]]) -> None:
        """Add messages that only measure."""
        self.lines[self.root / BLIND_FILE] += [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]

    def remove(self, sentences: Sequence[tuple[str, str]]) -> list[bool]:
        """Take sentences (text, intent) out of their intents, and of what measures; returns which of them stood."""
        wanted = [(plain(text), intent) for text, intent in sentences]
        found: set[tuple[str, str]] = set()
        gone: dict[Path, set[int]] = {}
        blocks = self.blocks()
        for own, intent in wanted:
            for block in blocks.get(intent, ()):
                lines = self.lines[block.file]
                here = {number for number in block.lines if plain(_sentence(lines[number])) == own}
                gone.setdefault(block.file, set()).update(here)
                found |= {(own, intent)} if here else set()
        blind = self.root / BLIND_FILE
        measuring = [plain(_json(line, BLIND_FILE)["text"]) for line in self.lines[blind]]
        texts = {own for own, _ in wanted}
        gone[blind] = {number for number, own in enumerate(measuring) if own in texts}
        for path, numbers in gone.items():
            if numbers:
                self.lines[path] = [line for number, line in enumerate(self.lines[path]) if number not in numbers]
                self._known.pop(path, None)
        return [one in found or one[0] in measuring for one in wanted]

    def diff(self) -> str:
        """What `save` would change."""
        shown: list[str] = []
        for path in self._changed():
            name = path.relative_to(self.root).as_posix()
            shown += difflib.unified_diff(self._before[path], self.lines[path], f"a/{name}", f"b/{name}")
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in shown)

    def save(self) -> list[str]:
        """Write what changed, each file whole or not at all; returns their names.

        Raises:
            ReviewError: a file was changed by somebody else meanwhile, or can't be written; nothing is half-written.
        """
        changed = self._changed()
        for path in changed:
            if path.exists() and _read(path).splitlines(keepends=True) != self._before[path]:
                raise ReviewError(f"{path.relative_to(self.root)} was changed meanwhile; nothing was written.")
        new = {path: path.with_name(f".{path.name}.new") for path in changed}
        try:
            for path, beside in new.items():
                _write_whole(beside, "".join(self.lines[path]))
            for path, beside in new.items():
                beside.replace(path)
        except OSError as error:
            raise ReviewError(f"The data files can't be written: {error.strerror}.") from error
        finally:
            for beside in new.values():
                beside.unlink(missing_ok=True)
        self._before = {path: list(lines) for path, lines in self.lines.items()}
        return [path.relative_to(self.root).as_posix() for path in changed]

    def _changed(self) -> list[Path]:
        return [path for path, lines in self.lines.items() if lines != self._before[path]]


def read_blind(root: Path) -> list[str]:
    """Every message of a checkout that only measures, its twins left out.

    Raises:
        ReviewError: a file is not as it should be.
    """
    paths = [root / BLIND_FILE.parent / "messages.jsonl", root / BLIND_FILE]
    return [_json(line, path)["text"] for path in paths if path.exists() for line in _read(path).splitlines()]


def as_sentence(text: str) -> str:
    """A message as one line of training data, in which nothing means anything to Rasa or YAML."""
    text = " ".join(text.translate(str.maketrans("[]{}", "()()")).split())
    return text.lstrip("/-# ").strip()


def _blocks(path: Path, lines: Sequence[str]) -> Iterable[Block]:
    try:
        root = yaml.compose("".join(lines), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ReviewError(f"{path.name} is no YAML any more: {' '.join(str(error).split())}") from error
    blocks = _fields(root).get("nlu")
    if not isinstance(blocks, yaml.SequenceNode):
        raise ReviewError(f"{path.name}: there is no list of blocks under 'nlu'.")
    for node in blocks.value:
        fields = _fields(node)
        intent, listed = fields.get("intent"), fields.get("examples")
        if intent is None:
            continue
        place = f"{path.name}:{node.start_mark.line + 1}"
        if not isinstance(intent, yaml.ScalarNode) or not isinstance(listed, yaml.ScalarNode) or listed.style != "|":
            raise ReviewError(f"{place}: the sentences are not lines after 'examples: |'.")
        first = listed.start_mark.line + 1
        numbers = [first + n for n, line in enumerate(listed.value.splitlines()) if line.removeprefix("-").strip()]
        if numbers:
            line = lines[numbers[-1]]
            yield Block(path, intent.value, tuple(numbers), line[: len(line) - len(line.lstrip())])


def _fields(node: yaml.Node | None) -> dict[str, yaml.Node]:
    pairs = node.value if isinstance(node, yaml.MappingNode) else ()
    return {key.value: value for key, value in pairs if isinstance(key, yaml.ScalarNode)}


def _sentence(line: str) -> str:
    return line.strip().removeprefix("-").strip()


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ReviewError(f"{path.name} can't be read as text in UTF-8.") from error


def _json(line: str, path: Path) -> dict[str, Any]:
    try:
        row = json.loads(line)
        if isinstance(row, dict) and isinstance(row.get("text"), str):
            return row
    except ValueError:
        pass
    raise ReviewError(f"{path.name}: a line is no JSON object with a text.")


def _write_whole(path: Path, content: str) -> None:
    with path.open("wb") as file:
        file.write(content.encode())
        file.flush()
        os.fsync(file.fileno())
