"""Finds and reads files; what is wrong with one is said beside its name, and the others go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bot.catalogue.importing.codes import checked_code
from bot.catalogue.importing.encoding import decode
from bot.catalogue.importing.node import Notes
from bot.catalogue.importing.record import Record, RefusedError
from bot.catalogue.importing.shapes import LARGEST_RECORD, Found, read_value
from bot.catalogue.importing.tables import (
    ALIAS,
    LAND,
    Row,
    read_csv_rows,
    read_land,
    read_sheet,
    read_sheet_rows,
)

ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".xlsx")
LARGEST_FILE = 200_000_000


@dataclass(frozen=True)
class Alias:
    """A code that was replaced; `new_code` is empty when only the new name is known."""

    old_code: str
    new_code: str = ""
    name: str = ""


@dataclass(frozen=True)
class Entry:
    """One thing read: a record, an alias, or a refusal.

    Attributes:
        file: the file's name below the folder that was given, with the place in it.
        notes: pairs of rule and what was seen.
    """

    file: str
    record: Record | None = None
    alias: Alias | None = None
    notes: tuple[tuple[str, str], ...] = ()
    refusal: str = ""


@dataclass(frozen=True)
class Source:
    """A file to read, and the name it goes by in reports and in the database: no path of this machine."""

    path: Path
    name: str


def find_files(paths: tuple[Path, ...]) -> tuple[list[Source], int]:
    """The files of paths and folders, sorted, and how many others lie in the folders.

    A file that is named is taken whatever its ending; in a folder those that may hold records.
    """
    found: dict[Path, Source] = {}
    skipped = 0
    for path in paths:
        if not path.is_dir():
            found.setdefault(path.resolve(), Source(path, path.name))
            continue
        for file in sorted(file for file in path.rglob("*") if file.is_file()):
            if file.suffix.lower() in ENDINGS:
                found.setdefault(file.resolve(), Source(file, file.relative_to(path).as_posix()))
            else:
                skipped += 1
    return list(found.values()), skipped


def read_file(source: Source) -> Iterator[Entry]:
    """Everything in one file."""
    try:
        content = _content(source.path)
        if content.startswith(b"PK\x03\x04"):
            yield from _sheet_entries(source, content)
        else:
            yield from _text_entries(source, decode(content))
    except RefusedError as error:
        yield Entry(source.name, refusal=str(error))


def _content(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise RefusedError(f"it has {size / 1e6:.0f} MB, more than {LARGEST_FILE // 1_000_000} MB")
        content = path.read_bytes()
    except OSError as error:
        raise RefusedError(f"it can't be read ({error.strerror})") from error
    if not content.strip(b"\x00\xef\xbb\xbf\xff\xfe \t\r\n"):
        raise RefusedError("it is empty")
    return content


def _text_entries(source: Source, text: str) -> Iterator[Entry]:
    start = text.lstrip()[:1]
    if start not in ("{", "["):
        yield from _csv_entries(source, text)
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        if not (isinstance(error, json.JSONDecodeError) and error.msg == "Extra data" and start == "{"):
            raise RefusedError(f"it is not whole JSON ({_short(error)})") from error
        yield from _line_entries(source, text)
        return
    for found in read_value(value, whole_is_large=len(text) * 4 > LARGEST_RECORD):
        yield _entry(source, found)


def _line_entries(source: Source, text: str) -> Iterator[Entry]:
    # Not splitlines: it also cuts at signs that stand inside a text.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield Entry(f"{source.name}:{number}", refusal=f"it is not whole JSON ({_short(error)})")
            continue
        for found in read_value(value, whole_is_large=len(line) * 4 > LARGEST_RECORD):
            yield _entry(Source(source.path, f"{source.name}:{number}"), found)


def _short(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:100]


def _entry(source: Source, found: Found) -> Entry:
    name = f"{source.name}, {found.place}" if found.place else source.name
    # A reason may quote halves of letters, which no report can hold.
    refusal = found.refusal.encode(errors="replace").decode()
    return Entry(name, found.record, notes=found.notes, refusal=refusal)


def _sheet_entries(source: Source, content: bytes) -> Iterator[Entry]:
    for row in read_sheet_rows(content):
        yield _row_entry(source, row, "sheet")


def _csv_entries(source: Source, text: str) -> Iterator[Entry]:
    shape, rows = read_csv_rows(text)
    for row in rows:
        yield _row_entry(source, row, shape)


def _row_entry(source: Source, row: Row, shape: str) -> Entry:
    name, notes = f"{source.name}:{row.number}", Notes()
    try:
        if shape == ALIAS:
            return Entry(name, alias=_alias(row))
        record = read_land(row, notes) if shape == LAND else read_sheet(row, notes)
    except RefusedError as error:
        return Entry(name, refusal=str(error))
    return Entry(name, record, notes=tuple(notes))


def _alias(row: Row) -> Alias:
    new_code = row.cells["new_code"].strip()
    return Alias(
        checked_code(row.cells["old_code"]),
        checked_code(new_code) if new_code else "",
        row.cells.get("name", "").strip(),
    )
