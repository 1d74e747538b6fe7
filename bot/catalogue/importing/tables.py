"""Shapes that are tables: `sheet` (a ministry's list from the portal, xlsx), `land` and `alias` (CSV)."""

from __future__ import annotations

import csv
import io
import lzma
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from bot.catalogue.importing.codes import checked_code, checked_name, find_uuid
from bot.catalogue.importing.fees import read_fee
from bot.catalogue.importing.node import Node, Notes, moment_of
from bot.catalogue.importing.record import Channel, Record, RefusedError
from bot.catalogue.importing.texts import unique
from bot.catalogue.importing.times import SEE_NOTE

SHEET, LAND, ALIAS = "sheet", "land", "alias"
LAND_COLUMNS = ("province", "code", "name", "time_text", "fee_text", "url")
ALIAS_COLUMNS = ("old_code", "new_code")
# A heading row is looked for so far down; a sheet unpacks to so many bytes at the most.
_HEADING_WITHIN = 10
_LARGEST_UNPACKED = 200_000_000
_CUT_AT = 490
# What zip, XML and openpyxl raise on damaged bytes; they have no error in common.
_NOT_XLSX = (
    InvalidFileException, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, ParseError,
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError, EOFError, OSError, RuntimeError,
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of a table: its number in the file, counted from 1, and its cells by the name of their column."""

    number: int
    cells: dict[str, str]


def read_sheet_rows(content: bytes) -> Iterator[Row]:
    """The rows below the heading row of a spreadsheet's first sheet.

    Raises:
        RefusedError: it is no spreadsheet, or has no heading row with "Mã số" and "Tên".
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if "xl/workbook.xml" not in archive.namelist():
                raise RefusedError("it is an archive, not a spreadsheet")
            if sum(part.file_size for part in archive.infolist()) > _LARGEST_UNPACKED:
                raise RefusedError(f"it unpacks to more than {_LARGEST_UNPACKED // 1_000_000} MB")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0] if book.worksheets else None
        rows = (
            [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]
            if sheet
            else []
        )
        book.close()
    except _NOT_XLSX as error:
        raise RefusedError(f"it can't be read as a spreadsheet ({type(error).__name__})") from error
    place = next(
        (n for n, row in enumerate(rows[:_HEADING_WITHIN]) if {"Mã số", "Tên"} <= {c.strip() for c in row}), None
    )
    if place is None:
        seen = ", ".join(cell.strip()[:30] for row in rows[:3] for cell in row if cell.strip()) or "nothing"
        raise RefusedError(f"no row holds the headings 'Mã số' and 'Tên'; the first rows hold {seen[:150]}")
    names = [cell.strip() for cell in rows[place]]
    for number, row in enumerate(rows[place + 1 :], place + 2):
        if any(cell.strip() for cell in row):
            yield Row(number, dict(zip(names, row, strict=False)))


def read_sheet(row: Row, notes: Notes) -> Record:
    """The record of one row of a ministry's list."""
    node = Node(row.cells, notes)
    return Record(
        code=checked_code(node.text("Mã số")),
        name=checked_name(node.text("Tên")),
        shape=SHEET,
        publisher=node.text("Cơ quan ban hành"),
        fields=unique([node.text("Lĩnh vực")]),
        agencies=unique(node.text("Cơ quan thực hiện").split("\n")),
    )


def read_csv_rows(text: str) -> tuple[str, Iterator[Row]]:
    """The shape of a CSV file by its headings, and its rows.

    Raises:
        RefusedError: other headings.
    """
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=False)
    try:
        names = tuple(name.strip() for name in reader.fieldnames or ())
    except csv.Error as error:
        raise RefusedError(f"it can't be read as CSV ({error})") from error
    for shape, wanted in ((LAND, LAND_COLUMNS), (ALIAS, ALIAS_COLUMNS)):
        if set(wanted) <= set(names):
            return shape, _csv_rows(reader)
    raise RefusedError(f"it is no known kind of table; its first line is {', '.join(names)[:150] or 'empty'}")


def _csv_rows(reader: csv.DictReader[str]) -> Iterator[Row]:
    try:
        for cells in reader:
            # A row that is too short has None, one that is too long a list under the key None.
            yield Row(reader.line_num, {key: value or "" for key, value in cells.items() if key is not None})
    except csv.Error as error:
        raise RefusedError(f"line {reader.line_num}: it can't be read as CSV ({error})") from error


def read_land(row: Row, notes: Notes) -> Record:
    """The record of one row of the table of land matters by province.

    Several cases are joined by " || "; long texts were cut. The column `kind` was filled by keyword and is not used.
    """
    node = Node(row.cells, notes)
    updated = moment_of(node.text("updated_at"))
    fee = _whole(node.text("fee_text"), notes)
    cases = [part.strip() for part in node.text("time_text").split("||") if part.strip()] or ([""] if fee else [])
    fees = (read_fee(None, fee, notes),) if fee else ()
    return Record(
        code=checked_code(node.text("code")),
        name=checked_name(node.text("name")),
        shape=LAND,
        uuid=find_uuid(node.text("url")),
        publisher=_publisher(node.text("province")),
        url=node.text("url"),
        updated_at=updated,
        agencies=unique([node.text("executing_agency")]),
        channels=tuple(Channel(None, SEE_NOTE if case else "", note=_whole(case, notes), fees=fees) for case in cases),
        decision=node.text("local_legal"),
        type="SPECIFIC",
    )


def _publisher(province: str) -> str:
    return f"UBND {province}" if province and not province.startswith("UBND") else province


def _whole(text: str, notes: Notes) -> str:
    """A text, with "…" where the table's maker cut it."""
    if len(text) < _CUT_AT or text.endswith((".", ";", ")", "…")):
        return text
    notes.add("cut_text", text[-80:])
    return f"{text} …"
