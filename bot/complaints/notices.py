"""What citizens are told when their feedback moves."""

from __future__ import annotations

from bot.complaints.model import STATE_LABELS
from bot.delivery.outbox import Reply

_MOVED = "Phản ánh {code}: {state}."
_NOTE = "Trung tâm nhắn: {note}"


def moved(code: str, state: str, note: str) -> Reply:
    """The notice of one move, with the officer's note when there is one."""
    lines = [_MOVED.format(code=code, state=STATE_LABELS[state].lower())]
    if note:
        lines.append(_NOTE.format(note=note))
    return Reply("\n".join(lines))
