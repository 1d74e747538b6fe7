"""Texts for spreadsheets: nothing in a cell is calculated, steers anything, or is cut off unsaid."""

from __future__ import annotations

import re
import unicodedata

# Excel's own limit is 32,767 UTF-16 units; what is longer spills into other cells.
MOST_UNITS = 32_000
CUT = "… (dài quá, phần còn lại xem trong hệ thống)"
# What spreadsheets take for the beginning of a formula, also full-width and small forms of it.
_SIGNS = frozenset("=+-@\t\r\n")
_MARK = "'"
# Figures with these alone make what a spreadsheet takes for a number, a day or a time.
_LIKE_A_NUMBER = re.compile(r"(?=\D*\d)[\d\s.,:/()%eE+-]+")
_NO_CHARACTER = re.compile("[\ufdd0-\ufdef\ufffe\uffff]")
_BREAKS = re.compile("\r\n?|[\u2028\u2029\u0085\v\f]")


def cell_text(text: str) -> str:
    """A text as it may stand in a cell: without control characters, never the beginning of a formula."""
    cleaned = text if text.isprintable() else "".join(_kept(c) for c in _BREAKS.sub("\n", text))
    return _cut(_MARK + cleaned if _begins_formula(cleaned) else cleaned)


def csv_text(text: str) -> str:
    """The same for a file without types: numbers of phones and dossiers keep their zeros."""
    cell = cell_text(text)
    return _MARK + cell if _LIKE_A_NUMBER.fullmatch(cell) else cell


def _kept(character: str) -> str:
    if character == "\n":
        return character
    if character == "\t":
        return " "
    # Cc steers, Cs is half a letter, Cf turns text round or hides in it.
    if unicodedata.category(character) in ("Cc", "Cs", "Cf") or _NO_CHARACTER.match(character):
        return ""
    # Beyond Unicode's first plane there are non-characters at the end of every plane.
    return "" if ord(character) & 0xFFFE == 0xFFFE else character


def _begins_formula(text: str) -> bool:
    first = next((c for c in text if not c.isspace()), "")
    return any(c in _SIGNS for c in unicodedata.normalize("NFKC", first)) or text[:1] in _SIGNS


def _cut(text: str) -> str:
    if len(text) * 2 <= MOST_UNITS or len(text.encode("utf-16-le")) // 2 <= MOST_UNITS:
        return text
    room = (MOST_UNITS - len(CUT)) * 2
    return text.encode("utf-16-le")[:room].decode("utf-16-le", errors="ignore") + CUT
