"""Tables of the portal's page that were glued into one text, taken apart again at words that only their cells hold."""

from __future__ import annotations

import re

from bot.catalogue.importing.fees import currency_of, number_of, read_fee
from bot.catalogue.importing.node import Notes
from bot.catalogue.importing.record import Channel, Fee, Paper
from bot.catalogue.importing.texts import NO_INFORMATION
from bot.catalogue.importing.times import read_time_text

METHODS = {"Trực tuyến": "ONLINE", "Dịch vụ bưu chính": "POSTAL", "Trực tiếp": "DIRECT"}
CHANNELS_HEADING = "Hình thức nộpThời gianPhí, lệ phíMô tả"
PAPERS_HEADING = "Tên giấy tờMẫu đơn, tờ khaiSố lượng"

_LABEL = "|".join(METHODS)
_MONEY = r"\d[\d.,]* ?(?:VNĐ|Việt Nam Đồng|USD|EUR)"
_FEE_CELL = rf"(?:Miễn phí|{NO_INFORMATION}|{_MONEY})"
_TIME_CELL = (
    r"\d{1,3}(?:[.,]\d{1,2})? (?:Ngày làm việc|Ngày|Giờ|Tháng|Năm)"
    rf"|{NO_INFORMATION}|\d{{1,3}}(?=Miễn phí|{NO_INFORMATION})"
)
# A sentence instead of a time begins at once, with a capital letter, and reaches to the fee without another label.
_SENTENCE = rf"[A-ZĐÀ-Ỹ](?:(?!{_LABEL}|Miễn phí|{NO_INFORMATION}|\d+ (?:Ngày|Giờ|Tháng)).){{0,200}}?"
# "125 VNĐ": the bare time 1 and 25 VNĐ, or 12 and 5, or 125: nobody can tell.
_ROW = re.compile(rf"({_LABEL})(?:({_TIME_CELL}|{_SENTENCE})(?={_FEE_CELL})|(?={_MONEY}))")
_FEE = re.compile(rf"(Miễn phí|{NO_INFORMATION})|(\d[\d.,]*) ?(VNĐ|Việt Nam Đồng|USD|EUR)")

# The number of a cell is one figure, glued to what stands before; "01 bản chính" belongs to the paper's own words.
_QUANTITY = re.compile(r"(?<!\D0)(?<!^0)(\d) bản (chính|sao)(?:,\s*(\d) bản (sao|chính))?")
_FORM_END = re.compile(r"\.(?:docx?|pdf|xlsx?|rtf|odt|jpe?g|png|zip|rar)$", re.IGNORECASE)
# A file's name begins where a letter follows the end of a sentence or a bracket at once.
_FORM_START = re.compile(r"(?<=[.;:)”\"])(?=[^\W\d_])")
_LONGEST_FORM = 120
_EMPTY_GROUP = re.compile(r"[\s:.*+-]*")


def read_channels(text: str, steps: str, notes: Notes) -> tuple[Channel, ...]:
    """The channels of "Hình thức nộp…", split at the labels that a time and a fee follow."""
    text = text.removeprefix(CHANNELS_HEADING)
    starts = list(_ROW.finditer(text))
    if text.strip() and not starts:
        notes.add("channels_unread", text[:120])
    ends = [row.start() for row in starts] + [len(text)]
    return tuple(
        _channel(row.group(1), row.group(2), text[row.end() : end], steps, notes)
        for row, end in zip(starts, ends[1:], strict=True)
    )


def _channel(label: str, time_cell: str | None, rest: str, steps: str, notes: Notes) -> Channel:
    fees, note = _fees(rest, notes, glued=time_cell is None)
    cell = "" if time_cell in (None, NO_INFORMATION) else str(time_cell)
    time = read_time_text(cell, note, steps, notes)
    return Channel(METHODS[label], time.text, time.quantity, time.unit, note, fees)


def _fees(text: str, notes: Notes, glued: bool) -> tuple[tuple[Fee, ...], str]:
    """The fees at the start of a text, each with what stands in brackets behind it, and the description after them."""
    fees = []
    while found := _FEE.match(text):
        bracket, rest = _bracketed(text[found.end() :])
        if glued or (found.group(2) and number_of(found.group(2)) is None):
            notes.add("glued_number", f"{found.group()} {bracket[:80]}")
            fees.append(read_fee(None, bracket, notes))
        elif found.group(1) == NO_INFORMATION:
            fees += [read_fee(None, bracket, notes)] if bracket else []
        elif found.group(1):
            # The page shows 0 as "Miễn phí"; only what stands behind it tells.
            fees.append(read_fee(0, bracket, notes))
        else:
            fees.append(read_fee(number_of(found.group(2)), bracket, notes, currency_of(found.group(3))))
        text, glued = rest, False
    return tuple(fees), text.strip()


def _bracketed(text: str) -> tuple[str, str]:
    """What stands in the brackets that a text begins with, and the text behind them."""
    if not text.startswith("("):
        return "", text
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return text[1:place].strip(), text[place + 1 :]
    return text[1:].strip(), ""


def read_papers(text: str, notes: Notes) -> tuple[Paper, ...]:
    """The papers of "Thành phần hồ sơ…": a case, its heading, then rows that end with "1 bản chính"."""
    papers: list[Paper] = []
    group, *tables = text.split(PAPERS_HEADING)
    if not tables:
        if not _group(group):
            return ()
        notes.add("papers_unread", text[:120])
        return (Paper(group.strip()),)
    for table in tables:
        start, rows = 0, list(_QUANTITY.finditer(table))
        for row in rows:
            papers += _paper(table[start : row.start()], group, row)
            start = row.end()
        group_next = table[start:]
        if not rows and group_next.strip():
            papers += [Paper(group_next.strip(), _group(group))]
        group = group_next
    if _group(group) and tables and _QUANTITY.search(tables[-1]):
        papers.append(Paper(_group(group)))
    return tuple(papers)


def _paper(text: str, group: str, row: re.Match[str]) -> list[Paper]:
    told = {row.group(2): int(row.group(1)), **({row.group(4): int(row.group(3))} if row.group(4) else {})}
    name, forms = _without_form(text.strip())
    if not name:
        return []
    if not any(told.values()):
        return [Paper(name, _group(group), forms=forms)]
    return [Paper(name, _group(group), told.get("chính", 0), told.get("sao", 0), forms)]


def _without_form(text: str) -> tuple[str, tuple[str, ...]]:
    """A paper's name and the name of the form that is glued to it; what can't be told apart stays in the name."""
    end = _FORM_END.search(text)
    if not end:
        return text, ()
    starts = [found.start() for found in _FORM_START.finditer(text, 0, end.start())]
    if not starts or len(text) - starts[-1] > _LONGEST_FORM:
        return text, ()
    return text[: starts[-1]].strip(), (text[starts[-1] :],)


def _group(text: str) -> str:
    return "" if _EMPTY_GROUP.fullmatch(text) else text.strip()
