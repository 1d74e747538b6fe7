"""The daily chain: proof that what was filed is what is kept, without showing it.

Of each complaint a salted commitment is made when it is filed, and bound to all before it: link = H(previous, day,
commitment). The last link of a day is that day's root, which is published. Erasing a complaint takes its content and
its salt; the commitment stays and says nothing by itself, so the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.complaints.model import ChainDay, ChainLink, Complaint
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, take_turn

# What the first link is bound to.
GENESIS = hashlib.sha256("Một Cửa".encode()).hexdigest()
SALT_BYTES = 32
# The columns that a commitment binds to, besides moment, contact and words of filing.
FIELDS = ("code", "route", "kind", "province", "description", "office", "happened", "person", "dossier_code")
# The reason of the step that says in a complaint's history that content and salt were taken out on purpose.
ERASED = "erased"
_ABOUT = "chain"


@dataclass(frozen=True)
class ClosedDay:
    """A day that is over, as it is published: "2026-11-22", how many links it has, the last of them."""

    day: str
    links: int
    root: str


@dataclass(frozen=True)
class DayProof:
    """With what anybody can compute a closed day's root: the link before the day, and the day's commitments."""

    closed: ClosedDay
    previous: str
    commitments: tuple[str, ...]


def new_salt() -> bytes:
    """A salt, so that nobody can find out the content by trying."""
    return secrets.token_bytes(SALT_BYTES)


def commitment_of(complaint: Complaint, contact: str | None) -> str:
    """What binds to everything that was filed; the same content gives the same commitment (64 hex digits)."""
    told = {name: getattr(complaint, name) for name in FIELDS}
    words = [(word.question, word.text) for word in complaint.words if word.said_at == complaint.created_at]
    return commit(bytes(complaint.salt), complaint.created_at, told, contact, words)


def commit(
    salt: bytes,
    filed_at: datetime,
    told: Mapping[str, Any],
    contact: str | None,
    words: Iterable[tuple[str, str]],
) -> str:
    """The commitment to what was filed: SHA-256 of the salt and the content as JSON, its keys in order, no spaces.

    Args:
        told: the values of `FIELDS`.
        words: (question, text) as the citizen wrote when filing, in order.
    """
    filed = {name: told[name] for name in FIELDS}
    filed |= {"filed_at": filed_at.isoformat(), "contact": contact, "words": [list(word) for word in words]}
    content = json.dumps(filed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(salt + content.encode()).hexdigest()


def link_after(previous: str, day: str, commitment: str) -> str:
    """The next link of the chain."""
    return hashlib.sha256(f"{previous}:{day}:{commitment}".encode()).hexdigest()


def append(session: Session, complaint: Complaint, contact: str | None, at: datetime) -> ChainLink:
    """Add the link of a complaint that was just stored, within the caller's transaction."""
    commitment = commitment_of(complaint, contact)
    # Everybody waits for whoever has the turn, so that nothing is done in it but what must be.
    take_turn(session, _ABOUT)
    closed = select(func.max(ChainDay.day)).scalar_subquery()
    newest = select(ChainLink.day, ChainLink.link, closed.label("closed")).order_by(ChainLink.id.desc()).limit(1)
    last = session.execute(newest).first()
    # Who waited for their turn over midnight, or whose clock was set back, joins the day that is open now.
    day = day_in_viet_nam(at).isoformat()
    if last:
        day = max(day, last.day, _day_after(last.closed) if last.closed else "")
    link = ChainLink(
        complaint_id=complaint.id,
        day=day,
        commitment=commitment,
        link=link_after(last.link if last else GENESIS, day, commitment),
    )
    session.add(link)
    session.flush()
    return link


def close_days(database: Database, today: date) -> list[ClosedDay]:
    """Give every day before today (in Viet Nam) that has links its root, once; returns those closed now."""
    with database.transaction() as session:
        take_turn(session, _ABOUT)
        ends = (
            select(ChainLink.day, func.count().label("links"), func.max(ChainLink.id).label("last"))
            .where(ChainLink.day < today.isoformat(), ChainLink.day > _last_closed_day(session))
            .group_by(ChainLink.day)
            .subquery()
        )
        found = select(ends.c.day, ends.c.links, ChainLink.link).join(ChainLink, ChainLink.id == ends.c.last)
        closed = [ClosedDay(*row) for row in session.execute(found.order_by(ends.c.day))]
        session.add_all(ChainDay(day=one.day, links=one.links, root=one.root) for one in closed)
        return closed


def list_days(database: Database, before: str = "", limit: int = 30) -> list[ClosedDay]:
    """Closed days, newest first, a page at a time.

    Args:
        before: the last day of the page before; from the newest when empty.
    """
    days = select(ChainDay.day, ChainDay.links, ChainDay.root).order_by(ChainDay.day.desc()).limit(limit)
    if before:
        days = days.where(ChainDay.day < before)
    with database.reading() as session:
        return [ClosedDay(*row) for row in session.execute(days)]


def prove_day(database: Database, day: str) -> DayProof | None:
    """What a closed day's root is made of, None when the day is not closed."""
    with database.reading() as session:
        row = session.execute(
            select(ChainDay.day, ChainDay.links, ChainDay.root).where(ChainDay.day == day)
        ).one_or_none()
        if row is None:
            return None
        links = session.execute(
            select(ChainLink.id, ChainLink.commitment).where(ChainLink.day == day).order_by(ChainLink.id)
        ).all()
        return DayProof(
            ClosedDay(*row), previous_link(session, links[0].id if links else 0), tuple(c for _, c in links)
        )


def previous_link(session: Session, link_id: int) -> str:
    """The value that the link with this id is bound to."""
    before = select(ChainLink.link).where(ChainLink.id < link_id).order_by(ChainLink.id.desc()).limit(1)
    return session.execute(before).scalar_one_or_none() or GENESIS


def _last_closed_day(session: Session) -> str:
    return session.execute(select(func.max(ChainDay.day))).scalar_one_or_none() or ""


def _day_after(day: str) -> str:
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
