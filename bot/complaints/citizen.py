"""What citizens do with what they filed: add to it, withdraw it, say that it is not solved, rate the answer, join."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.complaints import notices
from bot.complaints.casework import follow, lock, record, step
from bot.complaints.errors import ForbiddenMoveError, MissingTextError, NotYoursError
from bot.complaints.lifecycle import (
    ACCEPTED,
    ANSWERED,
    CITIZEN,
    CLOSED,
    IN_PROGRESS,
    MOST_REOPENINGS,
    NEEDS_INFORMATION,
    RECEIVED,
    WITHDRAWN,
)
from bot.complaints.model import Complaint, ComplaintWord, Evidence
from bot.complaints.rules import Rules
from bot.complaints.texts import folded_text
from bot.database import Database, now
from bot.delivery import vault
from bot.delivery.correspondents import conversations_of
from bot.text.normalise import clean

ADDED, NOT_SOLVED, RATED, JOINED = "added", "not_solved", "rated", "joined"
LOWEST, HIGHEST = 1, 5
# Where a complaint goes back to when the citizen has answered; what nobody had taken on yet is simply received.
_BACK = (RECEIVED, ACCEPTED, "forwarded", IN_PROGRESS)


def add_information(database: Database, rules: Rules, conversation: str, code: str, text: str) -> str:
    """Add the citizen's words and unfiled photos to an open complaint; returns the state it is in then.

    Raises:
        UnknownComplaintError, NotYoursError: it is not there, or somebody else's.
        ForbiddenMoveError: it has ended.
        MissingTextError: there is nothing to add.
    """
    with database.transaction() as session:
        complaint = _own(session, conversation, code)
        if complaint.state == CLOSED:
            raise ForbiddenMoveError(f"{complaint.code} has ended.")
        text = _as_of(session, complaint, conversation, text)
        files = _add_files(session, complaint, conversation)
        if not files and complaint.state != NEEDS_INFORMATION and _said_last(complaint, text):
            # The same turn run again, or the same message sent twice.
            return str(complaint.state)
        if not clean(text).strip() and not files:
            raise MissingTextError("There is nothing to add.")
        _add_words(complaint, ADDED, text)
        if complaint.state == NEEDS_INFORMATION:
            asked = next(m for m in reversed(complaint.moves) if m.to_state == NEEDS_INFORMATION != m.from_state)
            back = asked.from_state if asked.from_state in _BACK else ACCEPTED
            step(session, rules, complaint, back, CITIZEN, CITIZEN, tell=False)
        else:
            record(complaint, complaint.state, CITIZEN, "", ADDED)
        return str(complaint.state)


def withdraw(database: Database, rules: Rules, conversation: str, code: str, text: str = "") -> None:
    """End a complaint on its citizen's wish; those who follow it are told.

    Raises:
        ForbiddenMoveError: it has been answered or has ended.
        ComplaintError: as `add_information`.
    """
    with database.transaction() as session:
        complaint = _own(session, conversation, code)
        if complaint.state == ANSWERED:
            raise ForbiddenMoveError(f"{complaint.code} has been answered.")
        _add_words(complaint, WITHDRAWN, _as_of(session, complaint, conversation, text))
        complaint.end_reason = WITHDRAWN
        step(session, rules, complaint, CLOSED, CITIZEN, CITIZEN, reason=WITHDRAWN, tell=False)
        notices.tell_followers(session, complaint, "")


def not_solved(database: Database, rules: Rules, conversation: str, code: str, why: str) -> None:
    """Open an answered complaint once more, with the citizen's reason and a new date.

    Raises:
        ForbiddenMoveError: it was not answered, was withdrawn, or has been opened again before.
        MissingTextError: no reason is given.
        ComplaintError: as `add_information`.
    """
    if not clean(why).strip():
        raise MissingTextError("Opening again needs a reason.")
    with database.transaction() as session:
        complaint = _own(session, conversation, code)
        if complaint.reopened >= MOST_REOPENINGS or complaint.end_reason == WITHDRAWN:
            raise ForbiddenMoveError(f"{complaint.code} can't be opened again.")
        step(session, rules, complaint, IN_PROGRESS, CITIZEN, CITIZEN, reason=NOT_SOLVED, tell=False)
        _add_words(complaint, NOT_SOLVED, _as_of(session, complaint, conversation, why))
        complaint.reopened += 1
        complaint.due_on = rules.due_on(complaint.kind, complaint.province, now())
        complaint.overdue_told_at = None


def rate(database: Database, rules: Rules, conversation: str, code: str, score: int, text: str = "") -> None:
    """Keep how content the citizen is with the answer, 1 to 5; it ends with that unless they said it is not solved.

    Raises:
        ForbiddenMoveError: it was never answered, or the score is none.
        ComplaintError: as `add_information`.
    """
    if not LOWEST <= score <= HIGHEST:
        raise ForbiddenMoveError(f"A rating is {LOWEST} to {HIGHEST}.")
    with database.transaction() as session:
        complaint = _own(session, conversation, code)
        if complaint.state not in (ANSWERED, CLOSED) or complaint.end_reason == WITHDRAWN:
            raise ForbiddenMoveError(f"{complaint.code} has not been answered.")
        text = _as_of(session, complaint, conversation, text)
        complaint.rating, complaint.rating_words = score, clean(text).strip() or None
        if complaint.state == ANSWERED:
            step(session, rules, complaint, CLOSED, CITIZEN, CITIZEN, reason=RATED, tell=False)


def settle(database: Database, rules: Rules, conversation: str, code: str) -> None:
    """The citizen says that it is solved.

    Raises:
        ComplaintError: as `rate`.
    """
    with database.transaction() as session:
        complaint = _own(session, conversation, code)
        if complaint.state != ANSWERED:
            raise ForbiddenMoveError(f"{complaint.code} has not been answered, or has ended.")
        step(session, rules, complaint, CLOSED, CITIZEN, CITIZEN, reason="solved", tell=False)


def join(database: Database, conversation: str, code: str) -> bool:
    """Follow somebody else's open complaint of a matter that concerns many; False when that was so already.

    Raises:
        UnknownComplaintError: no complaint has this code.
        ForbiddenMoveError: it has ended, or is about a person.
    """
    with database.transaction() as session:
        complaint = lock(session, code)
        if complaint.state in (ANSWERED, CLOSED) or complaint.restricted or complaint.person:
            raise ForbiddenMoveError(f"{complaint.code} can't be joined.")
        joined = follow(session, complaint, conversation)
        if joined:
            record(complaint, complaint.state, CITIZEN, "", JOINED)
        return joined


def _own(session: Session, conversation: str, code: str) -> Complaint:
    complaint = lock(session, code)
    if complaint.conversation not in conversations_of(session, conversation):
        raise NotYoursError(f"{complaint.code} was filed in another conversation.")
    return complaint


def _as_of(session: Session, complaint: Complaint, conversation: str, text: str) -> str:
    """A text with its personal values kept where those of the complaint are, though it came by another channel."""
    if complaint.conversation == conversation:
        return text
    return vault.hide(session, complaint.conversation, vault.reveal(session, conversation, text))


def _said_last(complaint: Complaint, text: str) -> bool:
    added = [word.text for word in complaint.words if word.question == ADDED]
    return bool(added) and added[-1] == clean(text).strip()


def _add_words(complaint: Complaint, question: str, text: str) -> None:
    text = clean(text).strip()
    if text:
        complaint.words.append(ComplaintWord(question=question, text=text))
        complaint.folded = folded_text(complaint)


def _add_files(session: Session, complaint: Complaint, conversation: str) -> int:
    waiting = select(Evidence).where(
        Evidence.conversation == conversation, Evidence.complaint_id.is_(None), Evidence.removed_at.is_(None)
    )
    files = session.execute(waiting).scalars().all()
    for file in files:
        file.complaint_id = complaint.id
    return len(files)
