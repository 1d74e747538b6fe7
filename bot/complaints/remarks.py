"""What officers tell each other about a complaint, and whom they call for; citizens never see it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.accounts import audit
from bot.accounts.model import Officer
from bot.complaints.casework import lock
from bot.complaints.errors import ForbiddenMoveError, MissingTextError
from bot.complaints.model import WAITING, Complaint, ComplaintMention, ComplaintRemark
from bot.complaints.texts import plain
from bot.complaints.visibility import Viewer, codes_seen, reaches, unaware_of
from bot.database import Database, now
from bot.delivery import vault
from bot.text.normalise import clean


def add(
    database: Database,
    code: str,
    text: str,
    by: str,
    viewer: Viewer | None = None,
    mentions: Collection[str] = (),
) -> None:
    """Keep a remark; personal values in it go to the vault.

    Args:
        mentions: officers to call for, besides those whose names stand behind an "@" in the text. Nobody is called
            who must not learn of the complaint.

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
        for name in sorted(_called(session, text, mentions) - {by} - unaware_of(session, complaint.id)):
            session.add(ComplaintMention(complaint_id=complaint.id, officer=name))
        audit.record(session, by, "complaint.remark", complaint.code)


def remarks_of(session: Session, row: Complaint) -> list[tuple[str, datetime, str]]:
    """The remarks of a complaint as they are stored, oldest first: by whom, when, what."""
    kept = select(ComplaintRemark).where(ComplaintRemark.complaint_id == row.id).order_by(ComplaintRemark.id)
    return [(one.made_by, one.made_at, one.text) for one in session.execute(kept).scalars() if one.text]


def may_be_called(database: Database, complaint_id: int, viewers: Sequence[Viewer]) -> list[str]:
    """Which of these officers see a complaint as it is now: whom a mention reaches."""
    with database.reading() as session:
        row = session.get(Complaint, complaint_id)
        if row is None:
            return []
        unaware = unaware_of(session, complaint_id)
        near = [one for one in viewers if reaches(one, row) and one.name not in unaware]
        if not row.restricted and row.naming != WAITING:
            return [one.name for one in near]
        # Only supervisors and named readers come here: few enough to be asked for one by one.
        near = [one for one in near if one.screens or one.restricted]
        return [one.name for one in near if codes_seen(session, [row.code], one)]


def called_in_vain(
    database: Database, complaint_id: int, text: str, mentions: Collection[str], viewers: Sequence[Viewer]
) -> set[str]:
    """Whom a remark calls for and does not reach, because they don't see the complaint as it is now."""
    with database.reading() as session:
        called = _called(session, clean(text), mentions)
    return called - set(may_be_called(database, complaint_id, viewers)) if called else set()


def see_mentions(database: Database, complaint_id: int, officer: str) -> None:
    """Let an officer who has looked at a complaint be called for no more."""
    waiting = (
        ComplaintMention.officer == officer,
        ComplaintMention.complaint_id == complaint_id,
        ComplaintMention.seen_at.is_(None),
    )
    with database.reading() as session:
        if session.execute(select(ComplaintMention.id).where(*waiting)).first() is None:
            return
    with database.transaction() as session:
        session.execute(update(ComplaintMention).where(*waiting).values(seen_at=now()))


def _called(session: Session, text: str, mentions: Collection[str]) -> set[str]:
    known = [name for (name,) in session.execute(select(Officer.name).where(Officer.disabled_at.is_(None)))]
    after = [f"{plain(part)} " for part in text.split("@")[1:]]
    called = set(mentions) & set(known)
    for said in after:
        # "@Lê Thị Hoa Mai" calls for Lê Thị Hoa only if there is no Lê Thị Hoa Mai.
        fitting = [name for name in known if said.startswith(f"{plain(name)} ")]
        called |= {max(fitting, key=len)} if fitting else set()
    return called
