"""The table of rooms in docs/architecture.md, held: who imports whom, which library stays behind which door."""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
OURS = ("bot", "actions")
EVERYTHING = "everything of ours"
MOST_LINES = 500


@dataclass(frozen=True)
class Room:
    rooms: frozenset[str]
    libraries: frozenset[str]

    def lets_in(self, module: str) -> bool:
        return EVERYTHING in self.rooms or any(belongs(module, room) for room in self.rooms)


def belongs(module: str, room: str) -> bool:
    return module == room or module.startswith(f"{room}.")


def in_backticks(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([\w.]+)`", cell))


def read_table(text: str) -> dict[str, Room]:
    section = text.split("## Rooms", 1)[1].split("\n## ", 1)[0]
    rooms = {}
    for line in section.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 4 and re.fullmatch(r"`[\w.]+`", cells[0]):
            may = frozenset({EVERYTHING}) if cells[2] == EVERYTHING else in_backticks(cells[2])
            rooms[cells[0].strip("`")] = Room(may, in_backticks(cells[3]))
    return rooms


ROOMS = read_table((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"))
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for folder in OURS
    for path in sorted((ROOT / folder).rglob("*.py"))
}


def room_of(module: str) -> str:
    return module if module == "actions" else next((room for room in ROOMS if belongs(module, room)), module)


def imports_of(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            for name in node.names:
                whole = f"{node.module}.{name.name}"
                yield whole if whole in MODULES else str(node.module)


def parsed(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


def reached(module: str) -> tuple[set[str], set[str]]:
    """Modules of other rooms and libraries that a module imports."""
    imported = set(imports_of(parsed(module)))
    ours = {name for name in imported if name.split(".")[0] in OURS and room_of(name) != room_of(module)}
    tops = {name.split(".")[0] for name in imported}
    return ours, tops - set(OURS) - set(sys.stdlib_module_names)


CONTENTS = [module for module in MODULES if module != "bot"]


@pytest.mark.parametrize("module", CONTENTS)
def test_every_module_stands_in_a_room_of_the_table(module: str) -> None:
    assert room_of(module) in ROOMS


@pytest.mark.parametrize("module", CONTENTS)
def test_a_module_imports_only_rooms_its_own_may_import(module: str) -> None:
    room = ROOMS[room_of(module)]
    assert {name for name in reached(module)[0] if not room.lets_in(name)} == set()


@pytest.mark.parametrize("module", CONTENTS)
def test_a_module_imports_only_libraries_behind_its_own_door(module: str) -> None:
    assert reached(module)[1] - ROOMS[room_of(module)].libraries == set()


def test_the_table_allows_nothing_that_no_module_uses() -> None:
    used: dict[str, tuple[set[str], set[str]]] = {room: (set(), set()) for room in ROOMS}
    for module in CONTENTS:
        for kind, names in zip(used[room_of(module)], reached(module), strict=True):
            kind.update(names)
    idle = {(room, library) for room in ROOMS for library in ROOMS[room].libraries - used[room][1]}
    for room in ROOMS:
        allowed = ROOMS[room].rooms - {EVERYTHING}
        idle |= {(room, wanted) for wanted in allowed if not any(belongs(name, wanted) for name in used[room][0])}
    assert idle == set()


def test_imports_between_rooms_run_in_one_direction() -> None:
    graph: dict[str, set[str]] = {}
    for module in CONTENTS:
        graph.setdefault(room_of(module), set()).update(room_of(name) for name in reached(module)[0])
    in_order = TopologicalSorter(graph).static_order()
    assert set(in_order) == set(ROOMS)


def test_only_the_entry_imports_the_commands() -> None:
    importers = {room_of(name) for name in CONTENTS if any(belongs(one, "bot.commands") for one in reached(name)[0])}
    assert importers == {"bot.cli"}


def test_no_module_of_ours_is_imported_relatively() -> None:
    relative = [
        module
        for module in MODULES
        for node in ast.walk(parsed(module))
        if isinstance(node, ast.ImportFrom) and node.level
    ]
    assert relative == []


def test_only_the_settings_read_the_environment() -> None:
    readers = {
        module
        for module in MODULES
        for node in ast.walk(parsed(module))
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv"))
        or (isinstance(node, ast.alias) and node.name in ("environ", "getenv"))
    }
    assert readers == {"bot.settings"}


@pytest.mark.parametrize("module", MODULES)
def test_a_module_is_short_enough_to_read(module: str) -> None:
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= MOST_LINES


@pytest.mark.parametrize("module", MODULES)
def test_no_name_of_a_module_is_given_twice(module: str) -> None:
    names = [
        target.id
        for node in parsed(module).body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []


def dotted_paths(content: object) -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from dotted_paths(key)
            yield from dotted_paths(value)
    elif isinstance(content, list):
        for value in content:
            yield from dotted_paths(value)
    elif isinstance(content, str) and re.fullmatch(r"(bot|actions)(\.\w+)+", content):
        yield content


NAMED = [
    (name, path)
    for name in ("config.yml", "credentials.yml", "endpoints.yml")
    for path in dotted_paths(yaml.safe_load((ROOT / name).read_text(encoding="utf-8")))
]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("file", "path"), NAMED)
def test_a_class_that_rasa_is_told_to_load_exists(file: str, path: str) -> None:
    module, name = path.rsplit(".", 1)
    assert isinstance(getattr(importlib.import_module(module), name), type)


def test_rasa_is_told_to_load_our_component() -> None:
    assert ("config.yml", "bot.nlu.intent_classifier.VietnameseIntentClassifier") in NAMED
