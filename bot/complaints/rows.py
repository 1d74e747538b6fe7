"""Reads small YAML files row by row, so that a row that is wrong is refused alone, by name, with file and line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import yaml


class Rows:
    """One file.

    Attributes:
        problems: what was refused so far, each a sentence that begins with file and line.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._path = folder / name
        self.problems: list[str] = []

    def root(self) -> dict[str, yaml.Node]:
        """The file's top keys; empty when it can't be read."""
        try:
            node = yaml.compose(self._path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
            line = getattr(getattr(error, "problem_mark", None), "line", 0) + 1
            self.problems.append(f"{self._name}:{line}: not readable as YAML in UTF-8; nothing of it counts")
            return {}
        return dict(self.pairs(node)) if node is not None else {}

    def refuse(self, node: yaml.Node, why: str) -> None:
        """Say why a row does not count."""
        self.problems.append(f"{self._name}:{node.start_mark.line + 1}: {why}")

    def pairs(self, node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
        """The entries of a mapping; a key that stands twice leaves it open which counts, so neither does."""
        if not isinstance(node, yaml.MappingNode):
            self.refuse(node, "here 'name: value' is needed")
            return
        times = Counter(str(key.value) for key, _ in node.value)
        for key, value in node.value:
            if times[str(key.value)] > 1:
                self.refuse(key, f"'{key.value}' stands there twice")
            else:
                yield str(key.value), value

    def rows(self, node: yaml.Node | None) -> list[yaml.Node]:
        """The rows of a list; none when the list is empty or not there."""
        if node is None or node.tag == "tag:yaml.org,2002:null":
            return []
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self.refuse(node, "here a list is needed")
        return []

    def known(self, row: yaml.Node, allowed: frozenset[str], needed: frozenset[str]) -> Mapping[str, yaml.Node] | None:
        """A row's fields, None (refused) when one is unknown, missing or stands twice."""
        before = len(self.problems)
        fields = dict(self.pairs(row))
        if len(self.problems) > before:
            return None
        for name in fields:
            if name not in allowed:
                self.refuse(row, f"'{name}' is not a field; it has {', '.join(sorted(allowed))}")
                return None
        for name in sorted(needed - set(fields)):
            self.refuse(row, f"'{name}' is missing")
            return None
        return fields

    def whole(self, node: yaml.Node, what: str, most: int) -> int | None:
        """A whole number from 1, None (refused) when it is none."""
        text = text_of(node)
        plain = node.tag == "tag:yaml.org,2002:int" and re.fullmatch("[1-9][0-9]{0,4}", text, re.ASCII)
        if plain and int(text) <= most:
            return int(text)
        self.refuse(node, f"{what} must be a whole number, 1 to {most}, not '{_shown(node)}'")
        return None

    def day(self, node: yaml.Node, what: str) -> date | None:
        """A day, None (refused) when it is none."""
        text = text_of(node)
        try:
            if re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
                return date.fromisoformat(text)
        except ValueError:
            pass
        self.refuse(node, f"{what} must be a day like 2026-11-24, not '{_shown(node)}'")
        return None


def text_of(node: yaml.Node) -> str:
    """The text of a single value as it was written; empty when it is a list or a mapping."""
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""


def _shown(node: yaml.Node) -> str:
    return text_of(node) if isinstance(node, yaml.ScalarNode) else "a list or mapping"
