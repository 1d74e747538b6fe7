"""Tables, states and the moves between them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import relationship

from bot.database import Base, UtcDateTime, now
from bot.delivery.model import RowId

RECEIVED, NEEDS_INFORMATION, ACCEPTED, FORWARDED = "received", "needs_information", "accepted", "forwarded"
IN_PROGRESS, ANSWERED, CLOSED = "in_progress", "answered", "closed"

# From → where it may go next.
MOVES: dict[str, frozenset[str]] = {
    RECEIVED: frozenset({NEEDS_INFORMATION, ACCEPTED, FORWARDED}),
    NEEDS_INFORMATION: frozenset({ACCEPTED, FORWARDED, ANSWERED}),
    ACCEPTED: frozenset({NEEDS_INFORMATION, FORWARDED, IN_PROGRESS, ANSWERED}),
    FORWARDED: frozenset({NEEDS_INFORMATION, IN_PROGRESS, ANSWERED}),
    IN_PROGRESS: frozenset({NEEDS_INFORMATION, FORWARDED, ANSWERED}),
    ANSWERED: frozenset({IN_PROGRESS, CLOSED}),
    CLOSED: frozenset(),
}

STATE_LABELS = {
    RECEIVED: "Đã nhận",
    NEEDS_INFORMATION: "Chờ bổ sung thông tin",
    ACCEPTED: "Đã tiếp nhận xử lý",
    FORWARDED: "Đã chuyển cơ quan có trách nhiệm",
    IN_PROGRESS: "Đang xử lý",
    ANSWERED: "Đã trả lời",
    CLOSED: "Đã kết thúc",
}


class Complaint(Base):
    """One piece of feedback. Personal values in its texts are tokens of the vault; only `contact` is encrypted here."""

    __tablename__ = "complaints"

    id = Column(RowId, primary_key=True)
    code = Column(String(20), nullable=False, unique=True)
    # The inbox row whose turn filed it: the same turn run again finds what it filed before.
    filed_by_inbox_id = Column(BigInteger, nullable=False, unique=True)
    conversation = Column(String(100), nullable=False, index=True)
    kind = Column(String(20), nullable=False)
    description = Column(Text, nullable=False)
    office = Column(Text)
    happened = Column(Text)
    dossier_code = Column(Text)
    contact = Column(LargeBinary)
    state = Column(String(20), nullable=False, default=RECEIVED, index=True)
    created_at = Column(UtcDateTime, nullable=False, default=now)
    moves = relationship("ComplaintMove", order_by="ComplaintMove.id", lazy="selectin")


class ComplaintMove(Base):
    """One step in a complaint's life: who, when, from, to, why. Rows are only ever added."""

    __tablename__ = "complaint_moves"

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False, index=True)
    moved_at = Column(UtcDateTime, nullable=False, default=now)
    moved_by = Column(String(100), nullable=False)
    from_state = Column(String(20))
    to_state = Column(String(20), nullable=False)
    note = Column(Text)
