"""What staff read: lists with contacts masked, one complaint with its history; whatever opens more is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from bot.accounts import audit
from bot.complaints import queries, visibility
from bot.complaints.casework import MERGED
from bot.complaints.errors import MissingTextError, NotAReaderError, UnknownComplaintError
from bot.complaints.filing import Draft
from bot.complaints.lifecycle import OPEN
from bot.complaints.masking import mask_contact, mask_tokens, mask_values
from bot.complaints.model import ChainLink, Complaint, ComplaintJoin, ComplaintMove, ComplaintOpening, Evidence
from bot.complaints.remarks import remarks_of
from bot.complaints.told import Notice, notices_of
from bot.complaints.visibility import Viewer
from bot.database import Database, cipher_of
from bot.delivery import vault
from bot.text.codes import find_receipt_code

CONTACT, RESTRICTED = "contact", "restricted"
# Opened for a reason that was given a short while ago; citizens read of both alike.
AGAIN = f"{RESTRICTED} again"


@dataclass(frozen=True)
class Look:
    """Who looks, and what they ask for beyond what every officer sees.

    Attributes:
        by: the officer's name.
        contact: personal values are to be readable.
        restricted: denunciations are to be shown.
        readers: the names of those who may read denunciations.
        why: the reason, kept with what was opened.
        viewer: what the officer may know of; None is whoever reaches the database itself.
        again: whether a denunciation is opened for a reason that was given before, and still holds.
    """

    by: str
    contact: bool = False
    restricted: bool = False
    readers: Sequence[str] = ()
    why: str = ""
    viewer: Viewer | None = None
    again: bool = False

    def check(self) -> None:
        """Whether this may be asked.

        Raises:
            NotAReaderError: denunciations are asked for by somebody who is not among their readers.
            MissingTextError: no reason is given.
        """
        if self.restricted and self.by not in self.readers:
            raise NotAReaderError(f"'{self.by}' is not among the readers of denunciations (MOTCUA_RESTRICTED_READERS).")
        if (self.contact or self.restricted) and not self.why.strip():
            raise MissingTextError("Say why it is opened (--why); the reason is kept.")


@dataclass(frozen=True)
class Step:
    """A step of a complaint's history; personal values in its note as `Look` asked."""

    moved_at: datetime
    moved_by: str
    from_state: str
    to_state: str
    reason: str | None
    note: str | None
    id: int = 0


@dataclass(frozen=True)
class Seen:
    """One complaint as an officer sees it.

    Attributes:
        told: what was understood; personal values as `Look` asked.
        words: the citizen's own words, (question, words, moment).
        notices: what the citizen was told, and whether it arrived.
        files: photos and documents that are there, and those that were removed.
        joined: how many others follow it.
        joined_to: the complaint it was merged into, if the officer may know of that one.
        moves: its history, without mergers of complaints that the officer may not know of.
        remarks: what officers told each other, (by, moment, text).
        named: officers who are named in it.
        unaware: officers who must not learn of it.
    """

    complaint: Complaint
    told: Draft
    words: tuple[tuple[str, str, datetime], ...]
    notices: tuple[Notice, ...]
    openings: tuple[ComplaintOpening, ...]
    files: tuple[int, int]
    joined: int
    joined_to: str | None
    link: str
    moves: tuple[Step, ...] = ()
    remarks: tuple[tuple[str, datetime, str], ...] = ()
    named: tuple[str, ...] = ()
    unaware: frozenset[str] = frozenset()


def check_access(database: Database, code: str, look: Look) -> None:
    """Whether this officer may work on a complaint.

    Raises:
        UnknownComplaintError: no complaint has this code, or it is a denunciation and was not asked for as one.
        ComplaintError: as `Look.check`.
    """
    look.check()
    with database.reading() as session:
        find(session, code, look)


def see_complaint(database: Database, code: str, look: Look) -> Seen:
    """One complaint; what is opened is recorded in the same transaction.

    Raises:
        ComplaintError: as `check_access`.
    """
    look.check()
    opens = look.contact or look.restricted
    with database.transaction() if opens else database.reading() as session:
        row = find(session, code, look)
        if look.contact:
            record_opening(session, row, look, CONTACT)
        if row.restricted:
            record_opening(session, row, look, AGAIN if look.again else RESTRICTED)
        session.flush()
        return _see(session, row, look)


def list_complaints(
    database: Database, wanted: queries.Wanted, look: Look, limit: int = queries.PAGE, offset: int = 0
) -> list[tuple[Complaint, str]]:
    """Complaints with their masked contacts, oldest first; denunciations only for their readers, and recorded.

    Raises:
        ComplaintError: as `Look.check`.
    """
    look.check()
    rows = queries.list_complaints(database, replace(wanted, viewer=look.viewer), limit=limit, offset=offset)
    if look.restricted:
        with database.transaction() as session:
            for row in rows:
                if row.restricted:
                    record_opening(session, row, look, RESTRICTED)
    return [(row, masked_contact(database, row)) for row in rows]


def masked_contact(database: Database, row: Complaint) -> str:
    """A complaint's contact for lists; empty when there is none."""
    return mask_contact(database.cipher.unseal(row.contact)) if row.contact else ""


def is_overdue(row: Complaint, day: date) -> bool:
    """Whether the centre should have answered before this day."""
    return bool(row.due_on and row.due_on < day and row.state in OPEN and not row.waiting_since)


def record_opening(session: Session, row: Complaint, look: Look, what: str) -> None:
    """Keep that somebody opened something of a complaint."""
    session.add(ComplaintOpening(complaint_id=row.id, opened_by=look.by, what=what, why=look.why))
    audit.record(session, look.by, "complaint.open", row.code, what)


def find(session: Session, code: str, look: Look) -> Complaint:
    """The complaint of a code, if this officer may know of it.

    Raises:
        UnknownComplaintError: there is none, or it is a denunciation and was not asked for as one.
    """
    wanted = select(Complaint).where(Complaint.code == find_receipt_code(code))
    row = session.execute(wanted.where(*visibility.conditions(look.viewer))).scalar_one_or_none()
    # Nothing tells a denunciation from a code that does not exist.
    if row is None or (row.restricted and not look.restricted):
        raise UnknownComplaintError(f"There is no complaint {code}.")
    return row


def _see(session: Session, row: Complaint, look: Look) -> Seen:
    contact, known = look.contact, visibility.conditions(look.viewer)
    # Both read what is stored; the one fills the values in, the other says where they are.
    told = queries.told_in(session, row) if contact else _masked(session, row)
    words = tuple(
        (w.question, vault.reveal(session, row.conversation, w.text) if contact else mask_tokens(w.text), w.said_at)
        for w in row.words
        if w.text
    )
    return Seen(
        complaint=row,
        told=told,
        words=words,
        notices=notices_of(session, row),
        openings=_openings(session, row),
        files=_files(session, row),
        joined=_count(session, select(func.count(ComplaintJoin.id)).where(ComplaintJoin.complaint_id == row.id)),
        joined_to=session.execute(
            select(Complaint.code).where(Complaint.id == row.joined_to_id, *known)
        ).scalar_one_or_none(),
        moves=tuple(_step(session, row, move, contact) for move in _moves(session, row, look)),
        link=session.execute(select(ChainLink.link).where(ChainLink.complaint_id == row.id)).scalar_one_or_none() or "",
        remarks=tuple(
            (by, at, vault.reveal(session, row.conversation, text) if contact else mask_tokens(text))
            for by, at, text in remarks_of(session, row)
        ),
        named=visibility.named_in(session, row.id),
        unaware=visibility.unaware_of(session, row.id),
    )


def _moves(session: Session, row: Complaint, look: Look) -> tuple[ComplaintMove, ...]:
    merged = {move.note for move in row.moves if move.reason == MERGED and move.note}
    known = visibility.codes_seen(session, merged, look.viewer) if merged else set()
    return tuple(move for move in row.moves if move.note not in merged - known)


def _step(session: Session, row: Complaint, move: ComplaintMove, contact: bool) -> Step:
    # Staff's own words are stored as the citizen was told them, a number that was quoted with them.
    note = move.note and (vault.reveal(session, row.conversation, move.note) if contact else mask_values(move.note))
    return Step(move.moved_at, move.moved_by, move.from_state, move.to_state, move.reason, note, move.id)


def _masked(session: Session, row: Complaint) -> Draft:
    masked = [
        mask_tokens(text) if text else None
        for text in (row.description, row.office, row.happened, row.dossier_code, row.person)
    ]
    contact = mask_contact(cipher_of(session).unseal(row.contact)) if row.contact else None
    return Draft(
        row.kind,
        masked[0] or "",
        office=masked[1],
        happened=masked[2],
        dossier_code=masked[3],
        contact=contact,
        person=masked[4],
        route=row.route,
        province=row.province,
    )


def _openings(session: Session, row: Complaint) -> tuple[ComplaintOpening, ...]:
    kept = select(ComplaintOpening).where(ComplaintOpening.complaint_id == row.id).order_by(ComplaintOpening.id)
    return tuple(session.execute(kept).scalars())


def _files(session: Session, row: Complaint) -> tuple[int, int]:
    counted = select(func.count(Evidence.id), func.count(Evidence.removed_at))
    own = counted.where(Evidence.complaint_id == row.id, Evidence.given_by.is_(None))
    kept, removed = session.execute(own).one()
    return kept - removed, removed


def _count(session: Session, counted: Select) -> int:
    return int(session.execute(counted).scalar_one())
