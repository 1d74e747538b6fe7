"""What citizens ask about their own data: what is kept, to correct it, to take an agreement back, to delete it all.

Every wish is a row with its date; deleting is asked for here and done by `bot.operations.erasure` after the turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from bot.complaints import consents
from bot.complaints.errors import ComplaintError
from bot.complaints.model import Complaint, ComplaintJoin, ComplaintOpening, Consent, Evidence, PrivacyRequest
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, now, take_turn
from bot.delivery import correspondents
from bot.delivery.model import InboxMessage, OutboxMessage, SentButton, Turn, VaultEntry
from bot.text.mask import TOKEN_PATTERN

SEE, CORRECT, WITHDRAW, DELETE = "see", "correct", "withdraw", "delete"
WISHES = (SEE, CORRECT, WITHDRAW, DELETE)
# NĐ 356/2025/NĐ-CP: told within 2 working days that the wish arrived (the bot's answer does that at once), done within
# 15 days. The days are verified for taking an agreement back; the bot holds itself to them for every wish.
DAYS_TO_ACT = 15
IDENTITY = "sodinhdanh"
# Stands in the result between what was erased and the outbox row that tells of it.
_NOTICE = "; notice "


@dataclass(frozen=True)
class Wish:
    """One wish of a citizen.

    Attributes:
        conversation: whose it is; a fingerprint after an erasure.
    """

    id: int
    conversation: str
    wish: str
    asked_at: datetime
    due_on: date
    done_at: datetime | None
    result: str


@dataclass(frozen=True)
class Kept:
    """What is kept in one conversation; counts and codes, no words.

    Attributes:
        counts: store → rows.
        values: kind of personal value in the vault → how many.
        complaints: (code, state) of the citizen's own.
        joined: codes of others' that they follow.
        consents: (purpose, from, to).
        openings: (code, by whom, when, what) was opened.
    """

    since: datetime | None
    counts: dict[str, int]
    values: dict[str, int]
    complaints: tuple[tuple[str, str], ...]
    joined: tuple[str, ...]
    consents: tuple[tuple[str, datetime, datetime | None], ...]
    openings: tuple[tuple[str, str, datetime, str], ...]
    wishes: tuple[Wish, ...]


def ask(database: Database, conversation: str, wish: str, at: datetime | None = None) -> Wish:
    """Keep a wish that is to be done; one that still waits is not asked twice.

    To delete is asked for every conversation of the person: what was linked is one person's data.

    Args:
        at: when it was asked, where the channel tells of it late.
    """
    with database.transaction() as session:
        own, *linked = correspondents.conversations_of(session, conversation) if wish == DELETE else [conversation]
        for other in linked:
            _ask(session, other, wish, at)
        return _shown(_ask(session, own, wish, at))


def was_asked_since(database: Database, conversation: str, wish: str, moment: datetime) -> bool:
    """Whether this conversation had the same wish at this moment or later, done or not."""
    with database.reading() as session:
        names = (conversation, consents.fingerprint(session, conversation))
        asked = select(PrivacyRequest.id).where(
            PrivacyRequest.conversation.in_(names), PrivacyRequest.wish == wish, PrivacyRequest.asked_at >= moment
        )
        return session.execute(asked.limit(1)).first() is not None


def summary(database: Database, conversation: str) -> Kept:
    """What is kept in this conversation; that the citizen asked is kept, too."""
    with database.transaction() as session:
        kept = _kept(session, conversation)
        settle(session, _ask(session, conversation, SEE), "shown")
        return kept


def look(database: Database, conversation: str) -> Kept:
    """What is kept in this conversation, looked at for another wish."""
    with database.reading() as session:
        return _kept(session, conversation)


def withdraw_consents(database: Database, conversation: str) -> int:
    """End every agreement of a conversation; returns how many there were."""
    with database.transaction() as session:
        ended = consents.withdraw(session, conversation)
        settle(session, _ask(session, conversation, WITHDRAW), f"ended: {ended}")
        return ended


def settle(session: Session, request: PrivacyRequest, result: str) -> None:
    """Keep that a wish was done, and what came of it, without content."""
    request.done_at, request.result = now(), result
    session.flush()


def drop_identity(database: Database, conversation: str, text: str) -> int:
    """Throw away the ID-card numbers behind a text's tokens that no feedback of the citizen's rests on; how many."""
    tokens = {found.group(2) for found in TOKEN_PATTERN.finditer(text) if found.group(1) == IDENTITY}
    with database.transaction() as session:
        dropped = 0
        for token in sorted(tokens):
            used = select(Complaint.id).where(
                Complaint.conversation == conversation, Complaint.folded.contains(token, autoescape=True)
            )
            if session.execute(used.limit(1)).first() is None:
                own = (VaultEntry.conversation == conversation, VaultEntry.token == token)
                dropped += session.execute(delete(VaultEntry).where(*own)).rowcount
        return dropped


def lock(session: Session, number: int) -> PrivacyRequest | None:
    """A wish that still waits, held until the transaction ends; None when somebody else has done it."""
    waiting = select(PrivacyRequest).where(PrivacyRequest.id == number, PrivacyRequest.done_at.is_(None))
    return session.execute(waiting.with_for_update()).scalar_one_or_none()


def keep_emptied(session: Session, request: PrivacyRequest, result: str) -> None:
    """Keep that the database holds nothing of a conversation any more; its agreements end, its other wishes are
    nobody's. This one keeps the name until every store is empty."""
    conversation = request.conversation
    consents.withdraw(session, conversation)
    nobody = {"conversation": consents.fingerprint(session, conversation)}
    own = {"synchronize_session": False}
    session.execute(
        update(Consent).where(Consent.conversation == conversation).values(**nobody).execution_options(**own)
    )
    others = update(PrivacyRequest).where(PrivacyRequest.conversation == conversation, PrivacyRequest.id != request.id)
    ended = func.coalesce(PrivacyRequest.done_at, now())
    session.execute(others.values(done_at=ended, **nobody).execution_options(**own))
    request.result = result
    session.flush()


def sign_off(session: Session, request: PrivacyRequest, notice: int | None) -> None:
    """Keep that a wish to delete was done in every store; only a fingerprint says whose it was.

    Args:
        notice: the outbox row that tells the citizen, which is to go itself; None where nobody is told.
    """
    request.conversation = consents.fingerprint(session, request.conversation)
    settle(session, request, request.result if notice is None else f"{request.result}{_NOTICE}{notice}")


def take_notices(session: Session, before: datetime, dry_run: bool) -> list[int]:
    """The outbox rows that told of erasures done before a moment; each is given once, unless dry."""
    told = select(PrivacyRequest).where(PrivacyRequest.wish == DELETE, PrivacyRequest.done_at < before)
    rows = list(session.execute(told.where(PrivacyRequest.result.contains(_NOTICE))).scalars())
    notices = [int(row.result.partition(_NOTICE)[2]) for row in rows]
    for row in rows if not dry_run else ():
        row.result = row.result.partition(_NOTICE)[0]
    return notices


def finish(database: Database, number: int, result: str) -> None:
    """Keep that staff did what a citizen wished.

    Raises:
        ComplaintError: there is no such wish that waits, or it is one to delete, which only the bot does.
    """
    with database.transaction() as session:
        request = session.get(PrivacyRequest, number, with_for_update=True)
        if request is None or request.done_at or request.wish == DELETE:
            raise ComplaintError(f"There is no request {number} that waits for staff.")
        settle(session, request, result)


def list_wishes(database: Database, waiting: bool = True, wish: str | None = None) -> list[Wish]:
    """Wishes of all citizens, oldest first."""
    found = select(PrivacyRequest).order_by(PrivacyRequest.id)
    if waiting:
        found = found.where(PrivacyRequest.done_at.is_(None))
    if wish:
        found = found.where(PrivacyRequest.wish == wish)
    with database.reading() as session:
        return [_shown(row) for row in session.execute(found).scalars()]


def _ask(session: Session, conversation: str, wish: str, at: datetime | None = None) -> PrivacyRequest:
    take_turn(session, f"privacy:{conversation}")
    waiting = select(PrivacyRequest).where(
        PrivacyRequest.conversation == conversation, PrivacyRequest.wish == wish, PrivacyRequest.done_at.is_(None)
    )
    known = session.execute(waiting).scalars().first()
    if known:
        return known
    at = at or now()
    due_on = day_in_viet_nam(at) + timedelta(days=DAYS_TO_ACT)
    request = PrivacyRequest(conversation=conversation, wish=wish, asked_at=at, due_on=due_on)
    session.add(request)
    session.flush()
    return request


def _kept(session: Session, conversation: str) -> Kept:
    counts = {
        name: _count(session, table, conversation)
        for name, table in (
            ("inbox", InboxMessage),
            ("outbox", OutboxMessage),
            ("buttons", SentButton),
            ("turns", Turn),
        )
    }
    own_files = select(func.count(Evidence.id)).where(
        Evidence.conversation == conversation, Evidence.removed_at.is_(None)
    )
    counts["unfiled_files"] = _number(session, own_files.where(Evidence.complaint_id.is_(None)))
    # What an officer has ready for an answer is not the citizen's before it was sent.
    theirs = or_(Evidence.given_by.is_(None), Evidence.move_id.is_not(None))
    counts["filed_files"] = _number(session, own_files.where(Evidence.complaint_id.is_not(None), theirs))
    kinds = select(VaultEntry.kind, func.count(VaultEntry.token)).where(VaultEntry.conversation == conversation)
    mine = correspondents.conversations_of(session, conversation)
    own = select(Complaint.code, Complaint.state).where(Complaint.conversation.in_(mine)).order_by(Complaint.id)
    joined = select(Complaint.code).join(ComplaintJoin).where(ComplaintJoin.conversation == conversation)
    first = select(func.min(InboxMessage.received_at)).where(InboxMessage.conversation == conversation)
    return Kept(
        session.execute(first).scalar_one(),
        counts,
        dict(session.execute(kinds.group_by(VaultEntry.kind)).all()),
        tuple((code, state) for code, state in session.execute(own)),
        tuple(session.execute(joined).scalars()),
        consents.history(session, conversation),
        _openings(session, conversation),
        _wishes(session, conversation),
    )


def _openings(session: Session, conversation: str) -> tuple[tuple[str, str, datetime, str], ...]:
    opened = (
        select(Complaint.code, ComplaintOpening.opened_by, ComplaintOpening.opened_at, ComplaintOpening.what)
        .join(Complaint, Complaint.id == ComplaintOpening.complaint_id)
        .where(Complaint.conversation == conversation)
        .order_by(ComplaintOpening.id)
    )
    return tuple((code, by, at, what) for code, by, at, what in session.execute(opened))


def _wishes(session: Session, conversation: str) -> tuple[Wish, ...]:
    names = (conversation, consents.fingerprint(session, conversation))
    rows = select(PrivacyRequest).where(PrivacyRequest.conversation.in_(names)).order_by(PrivacyRequest.id)
    return tuple(_shown(row) for row in session.execute(rows).scalars())


def _shown(row: PrivacyRequest) -> Wish:
    return Wish(row.id, row.conversation, row.wish, row.asked_at, row.due_on, row.done_at, row.result or "")


def _count(session: Session, table: Any, conversation: str) -> int:
    return _number(session, select(func.count()).select_from(table).where(table.conversation == conversation))


def _number(session: Session, counted: Any) -> int:
    return int(session.execute(counted).scalar_one())
