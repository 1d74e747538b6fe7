"""Feedback as a spreadsheet: CSV or XLSX, written a batch at a time, in place only when it is whole."""

from __future__ import annotations

import contextlib
import csv
import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from sqlalchemy import func, select

from bot.accounts import audit
from bot.complaints import queries, reading
from bot.complaints.cells import cell_text, csv_text
from bot.complaints.errors import ComplaintError
from bot.complaints.lifecycle import ANSWERED, END_REASONS, STATE_LABELS
from bot.complaints.masking import has_tokens, mask_values
from bot.complaints.model import Complaint, Evidence
from bot.complaints.queries import Wanted
from bot.complaints.reading import CONTACT, Look
from bot.complaints.rules import Rules
from bot.complaints.workdays import VIET_NAM
from bot.database import Database
from bot.delivery import vault

BATCH = 500
# What Excel takes a CSV apart by where Vietnamese settings have the comma in numbers.
SEPARATOR = ";"
# Excel reads a CSV as UTF-8 only with this mark in front.
_CSV_ENCODING = "utf-8-sig"
_ERASED = "(đã xóa theo yêu cầu)"
_SHEET = "Phản ánh"


@dataclass(frozen=True)
class _Filled:
    """A complaint with all that its line needs."""

    row: Complaint
    kind: str
    contact: str
    files: int
    given: int
    overdue: bool
    open_text: Callable[[str], str]

    def told(self, text: str | None) -> str:
        return self.open_text(text) if text else ""

    def answer(self) -> Any:
        return next((move for move in reversed(self.row.moves) if move.to_state == ANSWERED), None)


@dataclass(frozen=True)
class _Column:
    """A column: what stands above it, how wide it is in letters, and what it has of a complaint."""

    title: str
    width: int
    value: Callable[[_Filled], str]
    # Whether people wrote it; what we wrote is known to be harmless to a spreadsheet.
    free: bool = False


COLUMNS = (
    _Column("Mã", 19, lambda f: f.row.code),
    _Column("Ngày nhận", 17, lambda f: _moment(f.row.created_at)),
    _Column("Kênh", 8, lambda f: f.row.conversation.partition(":")[0], free=True),
    _Column("Loại", 30, lambda f: f.kind, free=True),
    _Column("Đường đi", 11, lambda f: f.row.route, free=True),
    _Column("Tỉnh", 12, lambda f: f.row.province or "", free=True),
    _Column("Trạng thái", 22, lambda f: STATE_LABELS[f.row.state]),
    _Column("Kết thúc vì", 22, lambda f: END_REASONS.get(f.row.end_reason or "", "")),
    _Column("Hạn trả lời", 12, lambda f: f.row.due_on.isoformat() if f.row.due_on else ""),
    _Column("Quá hạn", 9, lambda f: "có" if f.overdue else "không"),
    _Column("Đơn vị", 25, lambda f: f.row.unit or "", free=True),
    _Column("Người xử lý", 20, lambda f: f.row.assignee or "", free=True),
    _Column("Việc gì", 60, lambda f: _ERASED if f.row.erased_at else f.told(f.row.description), free=True),
    _Column("Ở đâu", 30, lambda f: f.told(f.row.office), free=True),
    _Column("Khi nào", 16, lambda f: f.told(f.row.happened), free=True),
    _Column("Ai", 20, lambda f: f.told(f.row.person), free=True),
    _Column("Mã hồ sơ", 22, lambda f: f.told(f.row.dossier_code), free=True),
    _Column("Liên hệ", 22, lambda f: f.contact, free=True),
    _Column("Số tệp", 7, lambda f: str(f.files)),
    _Column("Ngày trả lời", 17, lambda f: _moment(f.answer().moved_at) if f.answer() else ""),
    _Column("Câu trả lời", 60, lambda f: f.told(f.answer().note) if f.answer() else "", free=True),
    _Column("Tệp kèm trả lời", 9, lambda f: str(f.given)),
    _Column("Mở lại", 7, lambda f: str(f.row.reopened)),
    _Column("Điểm", 6, lambda f: str(f.row.rating or "")),
    _Column("Lời đánh giá", 30, lambda f: f.told(f.row.rating_words), free=True),
)


class _Sheet(Protocol):
    """A file that takes lines."""

    def add(self, values: list[str]) -> None:
        """One line more, in the order of `COLUMNS`."""

    def finish(self) -> None:
        """All lines are there."""

    def give_up(self) -> None:
        """No line more comes; leave nothing behind."""


def export_complaints(
    database: Database,
    rules: Rules,
    wanted: Wanted,
    look: Look,
    path: Path,
    today: date,
    *,
    separator: str = SEPARATOR,
    batch: int = BATCH,
    progress: Callable[[int], object] = lambda lines: None,
) -> int:
    """Write complaints to a .csv or .xlsx that only its owner can read; returns how many. Denunciations never go.

    Args:
        look: with `contact`, contacts and personal values are readable; that is recorded for each complaint.
        batch: how many complaints are in memory at a time.
        progress: called with the number of lines of each batch.

    Raises:
        MissingTextError: contacts are asked for without a reason.
        ComplaintError: the file's name ends otherwise, or it can't be written.
    """
    look = replace(look, restricted=False)
    look.check()
    if path.suffix.lower() not in (".csv", ".xlsx"):
        raise ComplaintError(f"{path.name} must end in .csv or .xlsx.")
    try:
        with _in_place_when_whole(path) as unfinished:
            sheet: _Sheet = _Xlsx(unfinished) if path.suffix.lower() == ".xlsx" else _Csv(unfinished, separator)
            lines = _write(sheet, _lines(database, rules, wanted, look, today, batch), progress)
            with database.transaction() as session:
                what = "with contacts" if look.contact else "contacts masked"
                audit.record(session, look.by, "complaint.export", detail=f"{lines} lines, {what}")
            return lines
    except OSError as error:
        raise ComplaintError(f"{path.name} can't be written: {error.strerror}.") from error


def _write(sheet: _Sheet, batches: Iterator[list[list[str]]], progress: Callable[[int], object]) -> int:
    lines = 0
    with contextlib.ExitStack() as unless_whole:
        unless_whole.callback(sheet.give_up)
        for batch in batches:
            for line in batch:
                sheet.add(line)
            lines += len(batch)
            progress(len(batch))
        unless_whole.pop_all()
    sheet.finish()
    return lines


def _lines(
    database: Database, rules: Rules, wanted: Wanted, look: Look, today: date, batch: int
) -> Iterator[list[list[str]]]:
    wanted, after = replace(wanted, restricted=False, viewer=look.viewer), 0
    while rows := queries.list_complaints(database, wanted, after, batch):
        yield _batch(database, rules, rows, look, today)
        after = rows[-1].id


def _batch(database: Database, rules: Rules, rows: list[Complaint], look: Look, today: date) -> list[list[str]]:
    # What is opened is on record before it is in the file.
    with database.transaction() if look.contact else database.reading() as session:
        counted = (
            select(Evidence.complaint_id, func.count(Evidence.id))
            .where(Evidence.complaint_id.in_([row.id for row in rows]), Evidence.removed_at.is_(None))
            .group_by(Evidence.complaint_id)
        )
        files = dict(session.execute(counted.where(Evidence.given_by.is_(None))).all())
        given = dict(session.execute(counted.where(Evidence.move_id.is_not(None))).all())
        lines = []
        for row in rows:
            if look.contact and _holds_personal_values(row):
                reading.record_opening(session, row, look, CONTACT)
            filled = _Filled(
                row,
                rules.kinds[row.kind].label if row.kind in rules.kinds else row.kind,
                _contact(database, row, look),
                files.get(row.id, 0),
                given.get(row.id, 0),
                reading.is_overdue(row, today),
                functools.partial(vault.reveal, session, row.conversation) if look.contact else mask_values,
            )
            lines.append([column.value(filled) for column in COLUMNS])
        return lines


def _contact(database: Database, row: Complaint, look: Look) -> str:
    if not row.contact:
        return ""
    return database.cipher.unseal(row.contact) if look.contact else reading.masked_contact(database, row)


def _holds_personal_values(row: Complaint) -> bool:
    told = (row.description, row.office, row.happened, row.person, row.dossier_code, row.rating_words)
    notes = [move.note for move in row.moves if move.note]
    return bool(row.contact) or any(map(has_tokens, told)) or not all(map(vault.is_plain, notes))


def _moment(moment: datetime) -> str:
    # The one way of writing a day that Excel reads alike in every country.
    return f"{moment.astimezone(VIET_NAM):%Y-%m-%d %H:%M}"


class _Csv:
    """CSV in UTF-8 with its mark; every cell in quotes."""

    def __init__(self, path: Path, separator: str) -> None:
        self._file = path.open("w", encoding=_CSV_ENCODING, newline="")
        self._writer = csv.writer(self._file, delimiter=separator, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        self._writer.writerow([column.title for column in COLUMNS])

    def add(self, values: list[str]) -> None:
        """One line more."""
        line = [csv_text(v) if c.free else v for c, v in zip(COLUMNS, values, strict=True)]
        self._writer.writerow(line)

    def finish(self) -> None:
        """Close the file."""
        self._file.close()

    give_up = finish


class _Xlsx:
    """XLSX whose cells are all texts; nothing is calculated when it is opened."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._book = Workbook(write_only=True)
        self._sheet = self._book.create_sheet(_SHEET)
        self._sheet.freeze_panes = "B2"
        for number, column in enumerate(COLUMNS, 1):
            self._sheet.column_dimensions[get_column_letter(number)].width = column.width
        self._sheet.auto_filter.ref = f"A1:{get_column_letter(len(COLUMNS))}1"
        self._sheet.append([self._cell(column.title, bold=True) for column in COLUMNS])
        self._cells = [self._cell("") for _ in COLUMNS]

    def add(self, values: list[str]) -> None:
        """One line more; cells are used again, because making their style is what takes the time."""
        for cell, value in zip(self._cells, values, strict=True):
            cell.value = cell_text(value)
            cell.data_type = "s"
        self._sheet.append([cell if cell.value else None for cell in self._cells])

    def finish(self) -> None:
        """Put the parts together."""
        self._book.save(self._path)

    def give_up(self) -> None:
        """Remove what openpyxl keeps beside until a book is saved."""
        self._sheet.close()
        self._sheet._writer.cleanup()

    def _cell(self, value: str, bold: bool = False) -> Any:
        cell = WriteOnlyCell(self._sheet, value)
        # "@" is Excel's format for text: it stays text, too, when somebody edits it.
        cell.number_format = "@"
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if bold:
            cell.font = Font(bold=True)
        return cell


@contextlib.contextmanager
def _in_place_when_whole(path: Path) -> Iterator[Path]:
    # Made for its owner only, from its first byte on.
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.", suffix=path.suffix)
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        with unfinished.open("rb") as file:
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
