"""Taking a person's data out of their feedback: content and salt go, what happened when stays without words."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from bot.complaints import notices
from bot.complaints.casework import record, step
from bot.complaints.evidence import erase_files, erase_files_of
from bot.complaints.lifecycle import CITIZEN, CLOSED, OPEN, SYSTEM, WITHDRAWN
from bot.complaints.model import Complaint, ComplaintJoin, ComplaintNotice, ComplaintOpening, ComplaintRemark
from bot.complaints.rules import Rules
from bot.database import now
from bot.delivery.model import NOBODY, OutboxMessage

ERASED = "erased"
_CONTENT = ("description", "office", "happened", "person", "dossier_code", "contact", "folded", "rating_words", "salt")


def erase_complaints(session: Session, rules: Rules, folder: Path, conversation: str) -> list[str]:
    """Erase everything that a conversation has told the centre, within the caller's transaction.

    Args:
        folder: where photos and documents lie.

    Returns:
        The receipt codes that say only "erased" from now on.
    """
    own = select(Complaint).where(Complaint.conversation == conversation).order_by(Complaint.id).with_for_update()
    rows = list(session.execute(own).scalars())
    for row in rows:
        erase_complaint(session, rules, folder, row, CITIZEN)
    erase_files(session, folder, conversation)
    told = select(OutboxMessage.id).where(OutboxMessage.conversation == conversation)
    session.execute(delete(ComplaintNotice).where(ComplaintNotice.outbox_id.in_(told)).execution_options(**_PLAIN))
    session.execute(delete(ComplaintJoin).where(ComplaintJoin.conversation == conversation))
    return [str(row.code) for row in rows]


def erase_complaint(session: Session, rules: Rules, folder: Path, complaint: Complaint, by: str) -> None:
    """Erase one complaint that is locked; one that still runs ends as withdrawn, and those who follow it are told.

    Args:
        by: "citizen" on request, "system" when its time has come.
    """
    if complaint.state in OPEN:
        complaint.end_reason = WITHDRAWN
        step(session, rules, complaint, CLOSED, CITIZEN, CITIZEN, reason=WITHDRAWN, tell=False)
        notices.tell_followers(session, complaint, "")
    elif complaint.state != CLOSED:
        step(session, rules, complaint, CLOSED, SYSTEM, SYSTEM, tell=False)
    record(complaint, CLOSED, by, "", ERASED)
    for move in complaint.moves:
        # What officers wrote to the citizen, or about the matter, can name them.
        move.note = None
    for word in complaint.words:
        word.text = None
    for name in _CONTENT:
        setattr(complaint, name, None)
    complaint.conversation, complaint.erased_at = NOBODY, now()
    session.flush()
    erase_files_of(session, folder, [complaint.id])
    about = {"complaint_id": complaint.id}
    session.execute(delete(ComplaintNotice).filter_by(**about).execution_options(**_PLAIN))
    session.execute(delete(ComplaintJoin).filter_by(**about).execution_options(**_PLAIN))
    session.execute(update(ComplaintRemark).filter_by(**about).values(text=None).execution_options(**_PLAIN))
    # Who opened it stays, the reason they wrote can tell of the matter.
    session.execute(update(ComplaintOpening).filter_by(**about).values(why=None).execution_options(**_PLAIN))


_PLAIN = {"synchronize_session": False}
