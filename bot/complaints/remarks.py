"""What officers tell each other about a complaint; citizens never see it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.accounts import audit
from bot.complaints.casework import lock
from bot.complaints.errors import ForbiddenMoveError, MissingTextError
from bot.complaints.model import Complaint, ComplaintRemark
from bot.complaints.visibility import Viewer
from bot.database import Database
from bot.delivery import vault
from bot.text.normalise import clean


def add(database: Database, code: str, text: str, by: str, viewer: Viewer | None = None) -> None:
    """Keep a remark; personal values in it go to the vault.

    Raises:
        UnknownComplaintError: there is no such complaint that this officer may know of.
        MissingTextError: it is empty.
        ForbiddenMoveError: the complaint was erased; nothing is written to it any more.
    """
    text = clean(text.encode(errors="replace").decode())
    if not text:
        raise MissingTextError("A remark needs words.")
    with database.transaction() as session:
        complaint = lock(session, code, viewer=viewer)
        if complaint.erased_at:
            raise ForbiddenMoveError(f"{complaint.code} was erased.")
        hidden = vault.hide(session, complaint.conversation, text)
        session.add(ComplaintRemark(complaint_id=complaint.id, made_by=by, text=hidden))
        audit.record(session, by, "complaint.remark", complaint.code)


def remarks_of(session: Session, row: Complaint) -> list[tuple[str, datetime, str]]:
    """The remarks of a complaint as they are stored, oldest first: by whom, when, what."""
    kept = select(ComplaintRemark).where(ComplaintRemark.complaint_id == row.id).order_by(ComplaintRemark.id)
    return [(one.made_by, one.made_at, one.text) for one in session.execute(kept).scalars() if one.text]
