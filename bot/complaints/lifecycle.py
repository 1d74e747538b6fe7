"""The life of a complaint: its states, who may move it from where to where, and how it may end; all of it in tables."""

from __future__ import annotations

RECEIVED, NEEDS_INFORMATION, ACCEPTED, FORWARDED = "received", "needs_information", "accepted", "forwarded"
IN_PROGRESS, ANSWERED, CLOSED = "in_progress", "answered", "closed"
STAFF, CITIZEN, SYSTEM = "staff", "citizen", "system"

_ANYBODY = frozenset({STAFF, CITIZEN, SYSTEM})
_STAFF, _CITIZEN = frozenset({STAFF}), frozenset({CITIZEN})
_BOTH = _STAFF | _CITIZEN

# From → to → who may. A citizen closes by withdrawing, and reopens what was answered; nothing closes but what was
# answered or withdrawn.
MOVES: dict[str, dict[str, frozenset[str]]] = {
    RECEIVED: {NEEDS_INFORMATION: _STAFF, ACCEPTED: _STAFF, FORWARDED: _STAFF, CLOSED: _CITIZEN},
    NEEDS_INFORMATION: {
        RECEIVED: _CITIZEN,
        ACCEPTED: _BOTH,
        FORWARDED: _BOTH,
        IN_PROGRESS: _BOTH,
        ANSWERED: _STAFF,
        CLOSED: _CITIZEN,
    },
    ACCEPTED: {
        NEEDS_INFORMATION: _STAFF,
        FORWARDED: _STAFF,
        IN_PROGRESS: _STAFF,
        ANSWERED: _STAFF,
        CLOSED: _CITIZEN,
    },
    FORWARDED: {NEEDS_INFORMATION: _STAFF, IN_PROGRESS: _STAFF, ANSWERED: _STAFF, CLOSED: _CITIZEN},
    IN_PROGRESS: {NEEDS_INFORMATION: _STAFF, FORWARDED: _STAFF, ANSWERED: _STAFF, CLOSED: _CITIZEN},
    ANSWERED: {IN_PROGRESS: _BOTH, CLOSED: _ANYBODY},
    CLOSED: {IN_PROGRESS: _CITIZEN},
}
STATES = tuple(MOVES)
OPEN = frozenset(STATES) - {ANSWERED, CLOSED}

STATE_LABELS = {
    RECEIVED: "Đã nhận",
    NEEDS_INFORMATION: "Chờ bổ sung thông tin",
    ACCEPTED: "Đã tiếp nhận xử lý",
    FORWARDED: "Đã chuyển cơ quan có trách nhiệm",
    IN_PROGRESS: "Đang xử lý",
    ANSWERED: "Đã trả lời",
    CLOSED: "Đã kết thúc",
}

# How often "not solved" opens a complaint again.
MOST_REOPENINGS = 1
WITHDRAWN = "withdrawn"
# How it ended; all but the last are chosen with the answer.
END_REASONS = {
    "solved": "Đã giải quyết",
    "explained": "Đã giải thích",
    "not_responsible": "Không thuộc trách nhiệm của trung tâm",
    "duplicate": "Trùng với phản ánh khác",
    "other_route": "Phải đi theo đường khác",
    "no_contact": "Không liên lạc được để bổ sung",
    WITHDRAWN: "Người gửi đã rút",
}
ANSWER_REASONS = tuple(reason for reason in END_REASONS if reason != WITHDRAWN)


def may_move(from_state: str, to_state: str, actor: str) -> bool:
    """Whether this actor may take a complaint from one state to the other."""
    return actor in MOVES[from_state].get(to_state, frozenset())


def ways_on(from_state: str, actor: str) -> list[str]:
    """Where this actor may take a complaint from a state."""
    return [state for state, actors in MOVES[from_state].items() if actor in actors]
