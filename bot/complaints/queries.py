"""Reading complaints: the status anybody with the code may see, lists, and what is open and alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.complaints.filing import Draft
from bot.complaints.lifecycle import MOST_REOPENINGS, STATE_LABELS
from bot.complaints.model import IS_OPEN, ChainLink, Complaint
from bot.complaints.search import Wanted, find_ids
from bot.complaints.texts import plain
from bot.complaints.visibility import Viewer, conditions
from bot.database import Database, cipher_of
from bot.delivery import vault
from bot.text.codes import find_receipt_code

__all__ = [
    "PAGE",
    "Status",
    "Wanted",
    "find_status",
    "list_complaints",
    "similar",
    "told_in",
]

PAGE = 50


@dataclass(frozen=True)
class Status:
    """What anybody who has the code may see: nothing personal, none of the citizen's words.

    Attributes:
        may_reopen: whether "not solved" was not said before.
        steps: (moment, label) of every change of state.
    """

    code: str
    kind: str
    state: str
    end_reason: str | None
    filed_at: datetime
    due_on: date | None
    paused: bool
    erased: bool
    may_reopen: bool
    link: str
    steps: tuple[tuple[datetime, str], ...]


def find_status(database: Database, code: str) -> Status | None:
    """How far the complaint with this receipt code is, None when there is none."""
    spelled = find_receipt_code(code)
    with database.reading() as session:
        row = session.execute(select(Complaint).where(Complaint.code == spelled)).scalar_one_or_none()
        if row is None:
            return None
        link = select(ChainLink.link).where(ChainLink.complaint_id == row.id)
        steps = tuple((m.moved_at, STATE_LABELS[m.to_state]) for m in row.moves if m.to_state != m.from_state)
        return Status(
            row.code,
            row.kind,
            row.state,
            row.end_reason,
            row.created_at,
            row.due_on,
            row.waiting_since is not None,
            row.erased_at is not None,
            row.reopened < MOST_REOPENINGS,
            session.execute(link).scalar_one_or_none() or "",
            steps,
        )


def list_complaints(
    database: Database, wanted: Wanted | None = None, after: int = 0, limit: int = PAGE, offset: int = 0
) -> list[Complaint]:
    """Complaints for staff, oldest first, a page at a time.

    Args:
        after: the id of the last complaint of the page before.
        offset: how many to leave out; slower than `after` the more they are.
    """
    with database.reading() as session:
        ids = find_ids(session, wanted or Wanted(), after, offset + limit)[offset:]
        return list(session.execute(select(Complaint).where(Complaint.id.in_(ids)).order_by(Complaint.id)).scalars())


def told_in(session: Session, row: Complaint) -> Draft:
    """What a complaint tells, with personal values readable."""
    opened = [
        vault.reveal(session, row.conversation, text) if text else None
        for text in (row.description, row.office, row.happened, row.dossier_code, row.person)
    ]
    return Draft(
        row.kind,
        opened[0] or "",
        opened[1],
        opened[2],
        opened[3],
        cipher_of(session).unseal(row.contact) if row.contact else None,
        opened[4],
        row.route,
        row.province,
    )


def similar(
    database: Database,
    kind: str,
    text: str,
    limit: int = 3,
    province: str | None = None,
    viewer: Viewer | None = None,
) -> list[Complaint]:
    """Open complaints of a kind that share most words with a text, nearest first; of very many the newest 500.

    None of them is about a person, whoever looks: citizens are offered to join them.

    Args:
        province: none that is known to be about another one; None: of all.
    """
    words = set(plain(text).split())
    with database.reading() as session:
        open_ones = (
            select(Complaint.id, Complaint.folded)
            .where(Complaint.kind == kind, IS_OPEN, Complaint.restricted.is_(False), *conditions(viewer))
            .where(
                Complaint.naming.is_(None),
                Complaint.person.is_(None),
                Complaint.joined_to_id.is_(None),
                Complaint.erased_at.is_(None),
            )
            .order_by(Complaint.id.desc())
            .limit(_LOOKED_AT)
        )
        if province:
            open_ones = open_ones.where(or_(Complaint.province.is_(None), Complaint.province == province))
        scored = [(_likeness(words, set((folded or "").split())), id_) for id_, folded in session.execute(open_ones)]
        near = sorted((one for one in scored if one[0] >= _ALIKE), key=lambda one: -one[0])
        ids = [id_ for _, id_ in near[:limit]]
        rows = {row.id: row for row in session.execute(select(Complaint).where(Complaint.id.in_(ids))).scalars()}
    return [rows[id_] for id_ in ids]


_LOOKED_AT = 500
_ALIKE = 0.35


def _likeness(some: set[str], others: set[str]) -> float:
    shared = len(some & others)
    return shared / (len(some) + len(others) - shared) if some or others else 0.0
