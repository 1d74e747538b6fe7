"""Processing times: which number can be trusted, and what may be shown.

Rules (docs/importing.md): a bare number is no time; 1 without a unit means "the same day" only when the text says so;
a number that the description or the sub-cases contradict is often that of the longest sub-case: the description counts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.catalogue.importing.node import Notes

SEE_NOTE = "xem mô tả"
SAME_DAY = "trong ngày"
UNIT_WORDS = {"WORKING_DAY": "ngày làm việc", "DAY": "ngày", "HOUR": "giờ", "MONTH": "tháng", "YEAR": "năm"}
UNITS = {word: unit for unit, word in UNIT_WORDS.items()}
_IN_DAYS = {"WORKING_DAY": 1.0, "DAY": 1.0, "HOUR": 1 / 8, "MONTH": 30.0, "YEAR": 365.0}

# "Sau 15 giờ" is an hour of the day.
_COUNT = re.compile(
    r"(?<!sau )(?<!trước )(?<!lúc )(?<![\d/.,])(\d{1,3}(?:[.,]\d{1,2})?)\s*(?:\([^()]{1,40}\)\s*)?"
    r"(ngày làm việc|ngày(?! \d)|giờ|tháng(?! \d))"
)
_SAME_DAY = re.compile(r"trong ngày(?! làm việc (?:tiếp|kế|sau)| (?:tiếp|kế|hôm|\d))", re.IGNORECASE)
_CELL = re.compile(r"(\d{1,3}(?:[.,]\d{1,2})?)\s+(ngày làm việc|ngày|giờ|tháng|năm)", re.IGNORECASE)


@dataclass(frozen=True)
class Time:
    """A time as a channel keeps it: what is shown, and quantity with unit where they can be trusted."""

    text: str = ""
    quantity: float | None = None
    unit: str | None = None


def read_time(
    quantity: float | None, unit: str, note: str, steps: str, notes: Notes, cases: tuple[tuple[float, str], ...] = ()
) -> Time:
    """The time of a channel.

    Args:
        quantity, unit: as the source gives them; unit is one of `UNIT_WORDS`, `OTHER` or empty.
        note: the channel's description.
        steps: the text of the steps, which may say that it is done the same day.
        cases: quantity and unit of the sub-cases.
    """
    see_note = SEE_NOTE if note else ""
    if not quantity:
        return Time(see_note)
    if unit not in UNIT_WORDS:
        notes.add("bare_time", f"{quantity:g} without a unit")
        same_day = quantity == 1 and (_SAME_DAY.search(note) or _SAME_DAY.search(steps))
        return Time(SAME_DAY if same_day else see_note)
    written = f"{quantity:g} {UNIT_WORDS[unit]}".replace(".", ",")
    told = {(float(number.replace(",", ".")), UNITS[word]) for number, word in _COUNT.findall(note.lower())}
    if told and (quantity, unit) not in told:
        notes.add("time_differs", f"{written}, but the description says otherwise: {note[:120]}")
        # Longer than all that is described, it is that of the longest case, or a sum; otherwise that of the plain one.
        longest = all(_days(quantity, unit) > _days(*one) for one in told)
        return Time(SEE_NOTE if longest else f"{written} ({SEE_NOTE})")
    if len(told) > 1:
        notes.add("several_times", f"{written} is one of several in the description: {note[:120]}")
        return Time(f"{written} ({SEE_NOTE})")
    if cases and not told and (quantity, unit) not in cases:
        notes.add("cases_differ", f"{written}, the sub-cases say {', '.join(f'{n:g} {u}' for n, u in cases)}")
        return Time(f"{written} ({SEE_NOTE})" if note else written)
    return Time(written, quantity, unit)


def _days(quantity: float, unit: str) -> float:
    return quantity * _IN_DAYS[unit]


def read_time_text(cell: str, note: str, steps: str, notes: Notes) -> Time:
    """The time of a channel whose cell is text: "10 Ngày làm việc", "5", or a sentence."""
    found = _CELL.fullmatch(cell.strip())
    if found:
        number = float(found.group(1).replace(",", "."))
        return read_time(number, UNITS[found.group(2).lower()], note, steps, notes)
    if re.fullmatch(r"\d{1,3}", cell.strip()):
        return read_time(float(cell), "OTHER", note, steps, notes)
    if not cell or cell.strip().lower() in ("theo mô tả", SEE_NOTE, "không quy định", "không"):
        return Time(SEE_NOTE if note else "")
    return Time(cell.strip())
