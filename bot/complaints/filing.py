"""Filing: from what the citizen confirmed to a receipt, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.complaints import chain
from bot.complaints.lifecycle import CITIZEN, RECEIVED
from bot.complaints.model import WAITING, ChainLink, Complaint, ComplaintMove, ComplaintWord, Evidence
from bot.complaints.rules import Rules
from bot.complaints.texts import folded_text
from bot.database import Database, cipher_of, now
from bot.delivery import vault
from bot.text.codes import new_receipt_code

DENUNCIATION, PRAISE = "to_cao", "khen"


@dataclass(frozen=True)
class Draft:
    """Feedback as the citizen confirmed it; personal values are vault tokens.

    Attributes:
        words: the citizen's own words: (question of the form, answer), in order.
    """

    kind: str
    description: str
    office: str | None = None
    happened: str | None = None
    dossier_code: str | None = None
    contact: str | None = None
    person: str | None = None
    route: str = "phan_anh"
    province: str | None = None
    words: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Receipt:
    """What the citizen takes away.

    Attributes:
        due_on: by when the centre answers; None where it has set no time.
        link: the link of the chain, 64 hex digits.
    """

    code: str
    filed_at: datetime
    kind: str
    due_on: date | None
    link: str


def file_complaint(database: Database, rules: Rules, conversation: str, inbox_id: int, draft: Draft) -> Receipt:
    """Store feedback once per inbox message: run again for the same message, it gives the first receipt.

    Photos and documents that the conversation has sent and not yet filed go with it.
    """
    receipt = _receipt_of(database, conversation, inbox_id)
    if receipt:
        return receipt
    try:
        with database.transaction() as session:
            return _file(session, rules, conversation, inbox_id, draft)
    except IntegrityError:
        receipt = _receipt_of(database, conversation, inbox_id)
        if receipt is None:
            raise
        return receipt


def _file(session: Session, rules: Rules, conversation: str, inbox_id: int, draft: Draft) -> Receipt:
    at = now()
    contact = vault.reveal(session, conversation, draft.contact) if draft.contact else None
    row = Complaint(
        code=new_receipt_code(),
        filed_by_inbox_id=inbox_id,
        conversation=conversation,
        province=draft.province,
        route=draft.route,
        kind=draft.kind,
        restricted=draft.route == DENUNCIATION,
        naming=WAITING if _is_about_person(rules, draft) else None,
        description=draft.description,
        office=draft.office,
        happened=draft.happened,
        person=draft.person,
        dossier_code=draft.dossier_code,
        contact=cipher_of(session).seal(contact) if contact else None,
        due_on=rules.due_on(draft.kind, draft.province, at),
        salt=chain.new_salt(),
        created_at=at,
        moves=[ComplaintMove(moved_by=CITIZEN, to_state=RECEIVED, moved_at=at)],
        words=[ComplaintWord(question=question, text=text, said_at=at) for question, text in draft.words],
    )
    row.folded = folded_text(row)
    session.add(row)
    session.flush()
    waiting = (Evidence.conversation == conversation, Evidence.complaint_id.is_(None), Evidence.removed_at.is_(None))
    session.execute(update(Evidence).where(*waiting).values(complaint_id=row.id))
    link = chain.append(session, row, contact, at)
    return _receipt(row, link)


def _is_about_person(rules: Rules, draft: Draft) -> bool:
    kind = rules.kinds.get(draft.kind)
    return draft.route != PRAISE and (bool(draft.person) or bool(kind and kind.about_person))


def _receipt_of(database: Database, conversation: str, inbox_id: int) -> Receipt | None:
    with database.reading() as session:
        filed = (
            select(Complaint, ChainLink)
            .outerjoin(ChainLink, ChainLink.complaint_id == Complaint.id)
            .where(Complaint.filed_by_inbox_id == inbox_id)
        )
        row = session.execute(filed).first()
        # Somebody else's row under this id is no receipt for this citizen.
        return _receipt(*row) if row and row[0].conversation == conversation else None


def _receipt(row: Complaint, link: ChainLink | None) -> Receipt:
    return Receipt(row.code, row.created_at, row.kind, row.due_on, link.link if link else "")
