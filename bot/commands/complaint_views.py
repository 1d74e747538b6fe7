"""How feedback looks on a terminal and as JSON."""

from __future__ import annotations

from datetime import date
from typing import Any

from bot.commands.officers import one_line, safe, shown_day, shown_moment
from bot.complaints.labels import ABOUT, ACTORS, DELIVERY, ERASED, MARKS, OPENED, QUESTIONS, REASONS, why_undelivered
from bot.complaints.lifecycle import END_REASONS, STATE_LABELS
from bot.complaints.masking import mask_tokens
from bot.complaints.model import Complaint
from bot.complaints.reading import Seen, is_overdue
from bot.complaints.rules import Rules
from bot.complaints.workdays import VIET_NAM

_TOLD = 50
HEAD = ("Mã", "Ngày nhận", "Loại", "Trạng thái", "Hạn", "Đơn vị / người xử lý", "Liên hệ", "Nội dung")


def _mark(row: Complaint) -> str:
    return f" [{MARKS[row.route]}]" if row.route in MARKS else ""


def _kind(row: Complaint, rules: Rules) -> str:
    return rules.kinds[row.kind].label if row.kind in rules.kinds else str(row.kind)


def cells(row: Complaint, contact: str, rules: Rules, day: date) -> tuple[str, ...]:
    """A complaint as a line of the table, in the order of `HEAD`."""
    late = " (quá hạn)" if is_overdue(row, day) else " (tạm dừng)" if row.waiting_since else ""
    told = ERASED if row.erased_at else mask_tokens(row.description or "")
    worked_by = " / ".join(part for part in (row.unit, row.assignee) if part)
    return (
        row.code,
        shown_moment(row.created_at),
        one_line(_kind(row, rules), 30),
        STATE_LABELS[row.state] + _mark(row),
        shown_day(row.due_on) + late,
        one_line(worked_by, 40) or "–",
        one_line(contact, 30) or "–",
        one_line(told, _TOLD),
    )


def record(row: Complaint, contact: str | None, rules: Rules, day: date) -> dict[str, Any]:
    """A complaint as JSON has it in a list."""
    return {
        "code": row.code,
        "filed_at": _moment(row.created_at),
        "route": row.route,
        "kind": row.kind,
        "kind_label": _kind(row, rules),
        "state": row.state,
        "state_label": STATE_LABELS[row.state],
        "end_reason": row.end_reason,
        "due_on": row.due_on.isoformat() if row.due_on else None,
        "overdue": is_overdue(row, day),
        "paused": row.waiting_since is not None,
        "province": row.province,
        "unit": row.unit,
        "assignee": row.assignee,
        "restricted": row.restricted,
        "erased": row.erased_at is not None,
        "contact": contact or None,
        "description": mask_tokens(row.description) if row.description else None,
        "version": row.version,
    }


def whole_record(seen: Seen, rules: Rules, day: date) -> dict[str, Any]:
    """A complaint as JSON with all that is kept."""
    told = seen.told
    return {
        **record(seen.complaint, told.contact, rules, day),
        "description": told.description or None,
        "office": told.office,
        "happened": told.happened,
        "person": told.person,
        "dossier_code": told.dossier_code,
        "words": [{"question": q, "text": text, "said_at": _moment(at)} for q, text, at in seen.words],
        "moves": [
            {
                "at": _moment(move.moved_at),
                "by": move.moved_by,
                "from": move.from_state,
                "to": move.to_state,
                "reason": move.reason,
                "note": move.note,
            }
            for move in seen.moves
        ],
        "notices": [{"about": one.about, "at": _moment(one.at), "state": one.state} for one in seen.notices],
        "openings": [
            {"what": one.what, "by": one.opened_by, "at": _moment(one.opened_at), "why": one.why}
            for one in seen.openings
        ],
        "remarks": [{"by": by, "at": _moment(at), "text": text} for by, at, text in seen.remarks],
        "files": seen.files[0],
        "files_removed": seen.files[1],
        "joined": seen.joined,
        "joined_to": seen.joined_to,
        "rating": seen.complaint.rating,
        "rating_words": mask_tokens(seen.complaint.rating_words or "") or None,
        "link": seen.link,
    }


def page_lines(seen: Seen, rules: Rules, day: date) -> list[str]:
    """A complaint as a page of lines."""
    row, told = seen.complaint, seen.told
    ended = f" ({END_REASONS.get(row.end_reason, row.end_reason)})" if row.end_reason else ""
    late = " – quá hạn" if is_overdue(row, day) else " – tạm dừng, chờ người dân" if row.waiting_since else ""
    files = f"{seen.files[0]}" + (f" (đã gỡ {seen.files[1]})" if seen.files[1] else "")
    fields = {
        "Mã": row.code + _mark(row),
        "Loại": f"{_kind(row, rules)} ({row.route})",
        "Ngày nhận": shown_moment(row.created_at),
        "Trạng thái": STATE_LABELS[row.state] + ended,
        "Hạn trả lời": shown_day(row.due_on) + late,
        "Đơn vị": row.unit,
        "Người xử lý": row.assignee,
        "Tỉnh": row.province,
        "Liên hệ": told.contact,
        "Việc gì": ERASED if row.erased_at else told.description,
        "Ở đâu": told.office,
        "Khi nào": told.happened,
        "Ai": told.person,
        "Mã hồ sơ": told.dossier_code,
        "Tệp đính kèm": files,
        "Cùng theo dõi": str(seen.joined),
        "Gộp vào": seen.joined_to,
        "Đánh giá": f"{row.rating}/5 {mask_tokens(row.rating_words or '')}".strip() if row.rating else None,
        "Chuỗi": seen.link,
    }
    lines = [f"{name:14} {_indented(value or '–')}" for name, value in fields.items()]
    lines += ["", "Lời người dân, nguyên văn:"]
    lines += [f"  {shown_moment(at)}  {QUESTIONS.get(q, q)}: {_indented(text)}" for q, text, at in seen.words] or [
        "  –"
    ]
    lines += ["", "Quá trình:"]
    lines += [_history_line(move) for move in seen.moves]
    lines += ["", "Ghi chú nội bộ:"]
    lines += [f"  {shown_moment(at)}  {safe(by)}: {_indented(text)}" for by, at, text in seen.remarks] or ["  –"]
    lines += ["", "Tin đã nhắn người dân:"]
    told_lines = [
        f"  {shown_moment(one.at)}  {ABOUT.get(one.about, one.about)}: {DELIVERY.get(one.state, one.state)}"
        f"{f' ({why_undelivered(one.reason)})' if one.reason and not one.arrived_at else ''}"
        for one in seen.notices
    ]
    lines += told_lines or ["  –"]
    lines += ["", "Ai đã mở thông tin:"]
    opened = [
        f"  {shown_moment(o.opened_at)}  {safe(o.opened_by)} ({OPENED.get(o.what, o.what)}): {o.why or '–'}"
        for o in seen.openings
    ]
    return lines + (opened or ["  –"])


def _history_line(move: Any) -> str:
    what = STATE_LABELS[move.to_state] if move.to_state != move.from_state else "(giữ nguyên)"
    reason = f" [{REASONS.get(move.reason, move.reason)}]" if move.reason else ""
    note = f": {_indented(move.note)}" if move.note else ""
    return f"  {shown_moment(move.moved_at)}  {safe(ACTORS.get(move.moved_by, move.moved_by))} → {what}{reason}{note}"


def _indented(text: str) -> str:
    return safe(text).replace("\n", "\n" + " " * 15)


def _moment(moment: Any) -> str:
    return str(moment.astimezone(VIET_NAM).isoformat(timespec="seconds"))
