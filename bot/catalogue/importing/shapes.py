"""Tells from its content what a JSON object is, and reads the records in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.catalogue.importing.defence import read_defence
from bot.catalogue.importing.detail import read_detail
from bot.catalogue.importing.flat import read_flat
from bot.catalogue.importing.listing import read_list_row
from bot.catalogue.importing.node import Node, Notes
from bot.catalogue.importing.normalised import read_normalised
from bot.catalogue.importing.police import read_police, read_police_source
from bot.catalogue.importing.record import Record, RefusedError

# The longest record of the portal has about 200 kB.
LARGEST_RECORD = 1_000_000

# Keys that only one shape has, in the order they are tried: any of them will do.
_MARKS: tuple[tuple[tuple[str, ...], Callable[[Node], Record]], ...] = (
    (("executionMethods", "executionSteps", "executionCases"), read_detail),
    (("checklist_raw", "steps_raw", "source_id"), read_normalised),
    (("ma_thu_tuc",), read_flat),
    (("thu_tuc_id",), read_defence),
    (("codeNotation", "departmentPromulgate", "formalityTargetType"), read_list_row),
)


@dataclass(frozen=True)
class Found:
    """What was read at one place: a record with what looked suspicious, or why it is refused."""

    place: str
    record: Record | None = None
    notes: tuple[tuple[str, str], ...] = ()
    refusal: str = ""


def read_value(value: Any, whole_is_large: bool = True) -> Iterator[Found]:
    """The records in a JSON value: one, a list of them, a page of the portal's list, or a police's file.

    Args:
        whole_is_large: whether the value may hold a record that is too large.
    """
    try:
        yield from _read_value(value, whole_is_large)
    except RefusedError as error:
        yield Found("", refusal=str(error))


def _read_value(value: Any, large: bool) -> Iterator[Found]:
    if isinstance(value, list):
        for number, item in enumerate(value, 1):
            yield _read_one(item, f"item {number}", large)
        return
    notes = Notes()
    node = Node(value, notes, "the file")
    if node.has("procedures", "source_name"):
        for number, procedure in enumerate(read_police_source(node), 1):
            yield _refusable(f"procedure {number}", procedure, lambda one: read_police(node, one))
    elif node.has("code", "data", "message") and isinstance(value["data"], dict) and "items" in value["data"]:
        for number, item in enumerate(value["data"]["items"] or (), 1):
            yield _read_one(item, f"item {number}", large)
    else:
        yield _read_one(value, "", large)


def _read_one(value: Any, place: str, large: bool) -> Found:
    try:
        node = Node(value, Notes(), place or "the file")
        if large and (size := len(json.dumps(value, ensure_ascii=False).encode(errors="replace"))) > LARGEST_RECORD:
            raise RefusedError(f"the record has {size / 1e6:.1f} MB, more than {LARGEST_RECORD / 1e6:.0f} MB")
        reader = _reader_of(node)
    except RefusedError as error:
        return Found(place, refusal=str(error))
    return _refusable(place, node, reader)


def _reader_of(node: Node) -> Callable[[Node], Record]:
    if node.has("data", "code", "message"):
        return read_detail
    for marks, reader in _MARKS:
        if any(node.has(mark) for mark in marks):
            return reader
    if node.has("name") and node.has("code"):
        return read_list_row
    raise RefusedError(f"it is no known kind of record; it holds {node.keys_shown()}")


def _refusable(place: str, node: Node, reader: Callable[[Node], Record]) -> Found:
    # Each record has notes of its own.
    node = node.with_notes(Notes())
    try:
        return Found(place, reader(node), tuple(node.notes))
    except RefusedError as error:
        return Found(place, refusal=str(error))
