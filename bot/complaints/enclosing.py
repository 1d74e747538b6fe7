"""An officer's files bound to the answer they go along with, within its transaction."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.complaints.errors import UnknownFileError
from bot.complaints.model import Complaint, Evidence
from bot.database import cipher_of
from bot.delivery.attached import Attached

# Enough that nobody finds one by trying.
_KEY_BYTES = 24


@dataclass(frozen=True)
class Enclosing:
    """What goes along with an answer.

    Attributes:
        ids: of files that wait for it.
        address: of the site on which the citizen opens them.
    """

    ids: tuple[int, ...]
    address: str


def waiting_rows(session: Session, complaint: Complaint, by: str, ids: Sequence[int] | None = None) -> list[Evidence]:
    """What an officer has ready for their next answer: all of it, or these, which are then locked."""
    own = (
        Evidence.complaint_id == complaint.id,
        Evidence.given_by == by,
        Evidence.move_id.is_(None),
        Evidence.removed_at.is_(None),
    )
    found = select(Evidence).where(*own).order_by(Evidence.id)
    if ids is not None:
        found = found.where(Evidence.id.in_(ids)).with_for_update()
    return list(session.execute(found).scalars())


def bind(session: Session, complaint: Complaint, by: str, enclosing: Enclosing) -> tuple[Attached, ...]:
    """Let files go with the step that was just recorded; what the citizen is to get.

    Raises:
        UnknownFileError: one of them does not wait any more.
    """
    rows = waiting_rows(session, complaint, by, enclosing.ids)
    if len(rows) < len(set(enclosing.ids)):
        raise UnknownFileError("A file was sent or taken back meanwhile.")
    session.flush()
    # Only who was sent it can open the files: the code alone is shown to many.
    key = secrets.token_urlsafe(_KEY_BYTES)
    for row in rows:
        row.move_id, row.key_digest = complaint.moves[-1].id, digest_of(key)
    return tuple(attached(session, row, link_to(enclosing.address, complaint.code, key)) for row in rows)


def attached(session: Session, row: Evidence, link: str) -> Attached:
    """A file as the outbox knows it."""
    return Attached(row.id, cipher_of(session).unseal(row.name), row.media_type, row.size, link)


def link_to(address: str, code: str, key: str) -> str:
    """Where a citizen opens the files of an answer."""
    return f"{address}/phan-anh/{code}/tep/{key}"


def digest_of(key: str) -> str:
    """What of a key is kept."""
    return hashlib.sha256(key.encode()).hexdigest()
