"""What can be done with feedback: file it, look it up, move it on. Each function is one transaction.

ComplaintError
├── UnknownComplaintError
└── ForbiddenMoveError
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.complaints import notices
from bot.complaints.model import MOVES, RECEIVED, STATE_LABELS, Complaint, ComplaintMove
from bot.database import Database, now
from bot.delivery import outbox, vault
from bot.text.codes import find_receipt_code, new_receipt_code
from bot.text.normalise import clean

CITIZEN = "citizen"


class ComplaintError(Exception):
    """Something can't be done with a complaint."""


class UnknownComplaintError(ComplaintError):
    """There is no complaint with this code."""


class ForbiddenMoveError(ComplaintError):
    """A complaint may not go from its state to the one asked for."""


@dataclass(frozen=True)
class Draft:
    """Feedback as the citizen confirmed it; personal values are vault tokens."""

    kind: str
    description: str
    office: str | None = None
    happened: str | None = None
    dossier_code: str | None = None
    contact: str | None = None


@dataclass(frozen=True)
class Receipt:
    """What the citizen takes away."""

    code: str
    filed_at: datetime


@dataclass(frozen=True)
class Status:
    """What anybody who has the code may see: nothing personal, none of the citizen's words."""

    code: str
    kind: str
    state: str
    filed_at: datetime
    steps: tuple[tuple[datetime, str], ...]


def file_complaint(database: Database, conversation: str, inbox_id: int, draft: Draft) -> Receipt:
    """Store feedback once per inbox message: run again for the same message, it gives the first receipt."""
    receipt = _receipt_of(database, conversation, inbox_id)
    if receipt:
        return receipt
    try:
        with database.transaction() as session:
            row = _new_row(session, conversation, inbox_id, draft)
            session.add(row)
            session.flush()
            return Receipt(row.code, row.created_at)
    except IntegrityError:
        receipt = _receipt_of(database, conversation, inbox_id)
        if receipt is None:
            raise
        return receipt


def find_status(database: Database, code: str) -> Status | None:
    """How far the complaint with this receipt code is, None when there is none."""
    spelled = find_receipt_code(code)
    with database.reading() as session:
        row = session.execute(select(Complaint).where(Complaint.code == spelled)).scalar_one_or_none()
        if row is None:
            return None
        steps = tuple((move.moved_at, STATE_LABELS[move.to_state]) for move in row.moves)
        return Status(row.code, row.kind, row.state, row.created_at, steps)


def move_complaint(database: Database, code: str, to_state: str, moved_by: str, note: str) -> None:
    """Move a complaint on and tell the citizen where they wrote from.

    Raises:
        UnknownComplaintError: no complaint has this code.
        ForbiddenMoveError: its state does not allow it (`MOVES`).
    """
    note = clean(note.encode(errors="replace").decode())
    with database.transaction() as session:
        row = _lock(session, code)
        if to_state not in MOVES[row.state]:
            raise ForbiddenMoveError(
                f"{row.code} is '{row.state}' and can go to: {', '.join(sorted(MOVES[row.state])) or 'nothing'}."
            )
        row.moves.append(ComplaintMove(moved_by=moved_by, from_state=row.state, to_state=to_state, note=note))
        row.state = to_state
        outbox.enqueue(session, row.conversation, [notices.moved(row.code, to_state, note)])


def list_complaints(database: Database, state: str | None = None) -> list[Complaint]:
    """Complaints for staff, oldest first, of one state or all."""
    with database.reading() as session:
        wanted = select(Complaint).order_by(Complaint.id)
        if state:
            wanted = wanted.where(Complaint.state == state)
        return list(session.execute(wanted).scalars())


def show_complaint(database: Database, code: str) -> tuple[Complaint, Draft]:
    """One complaint for staff, with personal values readable.

    Raises:
        UnknownComplaintError: no complaint has this code.
    """
    with database.reading() as session:
        row = session.execute(select(Complaint).where(Complaint.code == find_receipt_code(code))).scalar_one_or_none()
        if row is None:
            raise UnknownComplaintError(f"There is no complaint {code}.")
        opened = [
            vault.reveal(session, row.conversation, text or "") for text in (row.description, row.office, row.happened)
        ]
        contact = database.cipher.unseal(row.contact) if row.contact else None
        return row, Draft(
            row.kind,
            opened[0],
            opened[1],
            opened[2],
            vault.reveal(session, row.conversation, row.dossier_code or ""),
            contact,
        )


def _receipt_of(database: Database, conversation: str, inbox_id: int) -> Receipt | None:
    with database.reading() as session:
        filed = select(Complaint).where(Complaint.filed_by_inbox_id == inbox_id)
        row = session.execute(filed).scalar_one_or_none()
        # Somebody else's row under this id is no receipt for this citizen.
        return Receipt(row.code, row.created_at) if row and row.conversation == conversation else None


def _new_row(session: Session, conversation: str, inbox_id: int, draft: Draft) -> Complaint:
    contact = vault.reveal(session, conversation, draft.contact) if draft.contact else None
    cipher = session.info["cipher"]
    return Complaint(
        code=new_receipt_code(),
        filed_by_inbox_id=inbox_id,
        conversation=conversation,
        kind=draft.kind,
        description=draft.description,
        office=draft.office,
        happened=draft.happened,
        dossier_code=draft.dossier_code,
        contact=cipher.seal(contact) if contact else None,
        created_at=now(),
        moves=[ComplaintMove(moved_by=CITIZEN, to_state=RECEIVED)],
    )


def _lock(session: Session, code: str) -> Complaint:
    wanted = select(Complaint).where(Complaint.code == find_receipt_code(code)).with_for_update()
    row = session.execute(wanted).scalar_one_or_none()
    if row is None:
        raise UnknownComplaintError(f"There is no complaint {code}.")
    return row
