"""What staff did, in a chain of digests: whoever changes, adds or takes out a row breaks it for all to see.

A digest is SHA-256 of the digest before it, a line break and the entry as JSON with sorted keys. The chain alone can't
show that its end was cut off; whoever noted the last number and digest somewhere else can (`verify`).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timezone

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.accounts.model import AuditEntry
from bot.database import Database, now, take_turn

GENESIS = "0" * 64
_BATCH = 1000
_MOST_DETAIL = 200


@dataclass(frozen=True)
class Verdict:
    """What checking the chain found.

    Attributes:
        entries: how many stand in it.
        last: the last one's number and digest, to note elsewhere.
        broken: the number of the first entry that does not fit, None when all do.
    """

    entries: int
    last: tuple[int, str]
    broken: int | None = None


def record(
    session: Session, by: str, act: str, subject: str = "", detail: str = "", moment: datetime | None = None
) -> None:
    """Add an act within the caller's transaction: both are kept, or neither.

    Args:
        subject: a receipt code or an officer's name.
        detail: a state, a role, a number of lines; never what a citizen wrote.
    """
    take_turn(session, "audit")
    session.flush()
    last = select(AuditEntry.digest).order_by(AuditEntry.id.desc()).limit(1)
    previous = session.execute(last).scalar_one_or_none() or GENESIS
    entry = AuditEntry(
        done_at=moment or now(), by=by, act=act, subject=subject, detail=detail[:_MOST_DETAIL], previous=previous
    )
    entry.digest = digest_of(entry)
    session.add(entry)
    session.flush()


def digest_of(entry: AuditEntry) -> str:
    """What the digest of an entry has to be."""
    told = {
        "act": entry.act,
        "at": entry.done_at.astimezone(timezone.utc).isoformat(timespec="microseconds"),
        "by": entry.by,
        "detail": entry.detail,
        "subject": entry.subject,
    }
    line = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{entry.previous}\n{line}".encode()).hexdigest()


def verify(database: Database, noted: tuple[int, str] | None = None) -> Verdict:
    """Check every entry against the one before it.

    Args:
        noted: number and digest of an entry that was noted elsewhere; it has to stand there as it was.
    """
    previous, last, entries = GENESIS, (0, GENESIS), 0
    found_noted = noted is None
    with database.reading() as session:
        while True:
            batch = select(AuditEntry).where(AuditEntry.id > last[0]).order_by(AuditEntry.id).limit(_BATCH)
            rows = session.execute(batch).scalars().all()
            for row in rows:
                if row.previous != previous or row.digest != digest_of(row):
                    return Verdict(entries, last, row.id)
                previous, last, entries = row.digest, (row.id, row.digest), entries + 1
                found_noted = found_noted or last == noted
            if not rows:
                break
            session.expunge_all()
    return Verdict(entries, last, None if found_noted or noted is None else noted[0])


def list_entries(
    database: Database, before: int | None = None, by: str = "", subject: str = "", limit: int = 50
) -> list[AuditEntry]:
    """Entries, newest first, a page at a time.

    Args:
        before: the id of the last entry of the page before.
    """
    found = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before is not None:
        found = found.where(AuditEntry.id < before)
    if by:
        found = found.where(AuditEntry.by == by)
    if subject:
        found = found.where(AuditEntry.subject == subject)
    with database.reading() as session:
        return list(session.execute(found).scalars())
