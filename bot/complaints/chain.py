"""The daily chain: proof that what was filed is what is kept, without showing it.

Of each complaint a salted commitment is made when it is filed, and bound to all before it: link = H(previous, day,
commitment). The last link of a day is that day's root, which is published. Erasing a complaint takes its content and
its salt; the commitment stays and says nothing by itself, so the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.complaints.model import ChainLink, Complaint
from bot.complaints.workdays import day_in_viet_nam
from bot.database import take_turn

# What the first link is bound to.
GENESIS = hashlib.sha256("Một Cửa".encode()).hexdigest()
SALT_BYTES = 32


def new_salt() -> bytes:
    """A salt, so that nobody can find out the content by trying."""
    return secrets.token_bytes(SALT_BYTES)


def commitment_of(complaint: Complaint, contact: str | None) -> str:
    """What binds to everything that was filed; the same content gives the same commitment (64 hex digits)."""
    filed = {
        "code": complaint.code,
        "filed_at": complaint.created_at.isoformat(),
        "route": complaint.route,
        "kind": complaint.kind,
        "description": complaint.description,
        "office": complaint.office,
        "happened": complaint.happened,
        "person": complaint.person,
        "dossier_code": complaint.dossier_code,
        "contact": contact,
        "words": [[word.question, word.text] for word in complaint.words if word.said_at <= complaint.created_at],
    }
    content = json.dumps(filed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(bytes(complaint.salt) + content.encode()).hexdigest()


def link_after(previous: str, day: str, commitment: str) -> str:
    """The next link of the chain."""
    return hashlib.sha256(f"{previous}:{day}:{commitment}".encode()).hexdigest()


def append(session: Session, complaint: Complaint, contact: str | None, at: datetime) -> ChainLink:
    """Add the link of a complaint that was just stored, within the caller's transaction."""
    take_turn(session, "chain")
    previous = session.execute(select(ChainLink.link).order_by(ChainLink.id.desc()).limit(1)).scalar_one_or_none()
    day, commitment = day_in_viet_nam(at).isoformat(), commitment_of(complaint, contact)
    link = ChainLink(
        complaint_id=complaint.id,
        day=day,
        commitment=commitment,
        link=link_after(previous or GENESIS, day, commitment),
    )
    session.add(link)
    session.flush()
    return link
