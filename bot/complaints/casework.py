"""What staff do with a complaint. Each function is one transaction, recorded, and told to the citizen."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.accounts import audit
from bot.accounts.model import Officer
from bot.accounts.officers import one_line, unit_of
from bot.complaints import notices
from bot.complaints.errors import (
    ChangedMeanwhileError,
    ForbiddenMoveError,
    MissingTextError,
    NamingWaitsError,
    UnknownComplaintError,
)
from bot.complaints.lifecycle import (
    ANSWER_REASONS,
    ANSWERED,
    CLOSED,
    FORWARDED,
    NEEDS_INFORMATION,
    OPEN,
    STAFF,
    may_move,
    ways_on,
)
from bot.complaints.model import WAITING, Complaint, ComplaintJoin, ComplaintMove
from bot.complaints.rules import Rules
from bot.complaints.visibility import Viewer, conditions, unaware_of
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, now
from bot.delivery.correspondents import conversations_of
from bot.text.codes import find_receipt_code
from bot.text.normalise import clean

ASSIGNED, MERGED = "assigned", "merged"
# Moves whose note is what the citizen reads; without words they say nothing.
_NEED_WORDS = frozenset({NEEDS_INFORMATION, ANSWERED})


def move(
    database: Database,
    rules: Rules,
    code: str,
    to_state: str,
    by: str,
    note: str = "",
    *,
    version: int | None = None,
    viewer: Viewer | None = None,
) -> None:
    """Take a complaint to another state.

    Args:
        by: the officer's name.
        note: what the citizen is told along with it.
        version: the complaint's version that the officer saw.
        viewer: what the officer may know of; None is whoever reaches the database itself.

    Raises:
        UnknownComplaintError: no complaint has this code.
        ForbiddenMoveError: its state does not allow it; or "answered", which needs a reason: see `answer`.
        MissingTextError: the citizen is asked for more, and no question is given.
        ChangedMeanwhileError: it is no longer the version that was seen.
    """
    if to_state == ANSWERED:
        raise ForbiddenMoveError("An answer needs how it ended; use 'answer'.")
    with database.transaction() as session:
        complaint = lock(session, code, version, viewer)
        step(session, rules, complaint, to_state, STAFF, by, note)


def answer(
    database: Database,
    rules: Rules,
    code: str,
    text: str,
    reason: str,
    by: str,
    *,
    version: int | None = None,
    viewer: Viewer | None = None,
) -> None:
    """Answer the citizen and say how it ended (one of `ANSWER_REASONS`).

    Raises:
        MissingTextError: the answer has no words.
        ComplaintError: as `move`.
    """
    if reason not in ANSWER_REASONS:
        raise ForbiddenMoveError(f"'{reason}' is not how a complaint can end: {', '.join(ANSWER_REASONS)}.")
    with database.transaction() as session:
        complaint = lock(session, code, version, viewer)
        complaint.end_reason = reason
        step(session, rules, complaint, ANSWERED, STAFF, by, text, reason)


def forward(
    database: Database,
    rules: Rules,
    code: str,
    unit: str,
    by: str,
    note: str = "",
    *,
    version: int | None = None,
    viewer: Viewer | None = None,
) -> None:
    """Hand a complaint to the unit that is responsible.

    Who worked on it does so no more.

    Raises:
        MissingTextError: no unit is named.
        NamingWaitsError: nobody has said yet who is named.
        ComplaintError: as `move`.
    """
    if not one_line(unit):
        raise MissingTextError("Name the unit it is forwarded to.")
    with database.transaction() as session:
        complaint = lock(session, code, version, viewer)
        taker = unit_of(session, unit)
        # A denunciation goes to the authority it is for; only at the reader's own unit it would be out of their sight.
        if not complaint.restricted or (viewer and viewer.unit == taker):
            _check_naming(complaint)
        complaint.unit, complaint.assignee = taker, None
        step(session, rules, complaint, FORWARDED, STAFF, by, note)


def assign(
    database: Database,
    code: str,
    by: str,
    assignee: str | None = None,
    unit: str | None = None,
    note: str = "",
    *,
    version: int | None = None,
    viewer: Viewer | None = None,
) -> None:
    """Say who works on a complaint; the citizen is not told.

    What is of no unit yet becomes of the assignee's, so that it does not vanish from their colleagues and their head;
    what is about a person stays with the assignee alone.

    Raises:
        UnknownComplaintError: no complaint has this code.
        ForbiddenMoveError: it has ended, nobody has said yet who is named, or it must stay unknown to this officer.
        ChangedMeanwhileError: it is no longer the version that was seen.
    """
    with database.transaction() as session:
        complaint = lock(session, code, version, viewer)
        if complaint.state == CLOSED:
            raise ForbiddenMoveError(f"{complaint.code} has ended; nobody can be assigned.")
        _check_naming(complaint)
        if assignee in unaware_of(session, complaint.id):
            raise ForbiddenMoveError(f"{complaint.code} can't be assigned to this officer.")
        complaint.assignee = assignee if assignee is not None else complaint.assignee
        complaint.unit = unit_of(session, unit or "") or complaint.unit or _unit_beside(session, complaint)
        told = " / ".join(part for part in (complaint.unit, complaint.assignee) if part)
        record(complaint, complaint.state, by, f"{told}. {note}".strip(), ASSIGNED)
        audit.record(session, by, "complaint.assign", complaint.code, told)


def _unit_beside(session: Session, complaint: Complaint) -> str | None:
    if complaint.naming or complaint.restricted or not complaint.assignee:
        return None
    return session.execute(select(Officer.unit).where(Officer.name == complaint.assignee)).scalar_one_or_none()


def merge(
    database: Database,
    rules: Rules,
    code: str,
    into: str,
    by: str,
    text: str,
    *,
    version: int | None = None,
    viewer: Viewer | None = None,
) -> None:
    """Answer a complaint as a duplicate of another, whose notices its citizen and its followers get from now on.

    Raises:
        UnknownComplaintError: one of the codes is unknown.
        ForbiddenMoveError: both are the same, one is a denunciation, its state does not allow an answer, the
            other is not open, or they name different officers or may do so: whoever sees one only would learn of both.
        MissingTextError: there are no words for the citizen.
    """
    with database.transaction() as session:
        # In one order, whichever is merged into which: two merges at once wait for each other only so.
        seen = {find_receipt_code(into) or into: None, find_receipt_code(code) or code: version}
        rows = {one: lock(session, one, seen[one], viewer) for one in sorted(seen)}
        complaint, other = (rows[find_receipt_code(one) or one] for one in (code, into))
        if complaint.id == other.id or other.joined_to_id or complaint.restricted or other.restricted:
            raise ForbiddenMoveError(f"{complaint.code} can't be merged into {other.code}.")
        if other.state not in OPEN:
            # Its answer has been told; whoever came now would wait for nothing.
            raise ForbiddenMoveError(
                f"{complaint.code} can't be merged into {other.code}, which has been answered or has ended."
            )
        _check_naming(complaint)
        _check_naming(other)
        if unaware_of(session, complaint.id) != unaware_of(session, other.id):
            raise ForbiddenMoveError(f"{complaint.code} and {other.code} are hidden from different officers.")
        complaint.joined_to_id, complaint.end_reason = other.id, "duplicate"
        step(session, rules, complaint, ANSWERED, STAFF, by, text, "duplicate")
        followed = select(ComplaintJoin.conversation).where(ComplaintJoin.complaint_id == complaint.id)
        for conversation in (complaint.conversation, *session.execute(followed).scalars().all()):
            follow(session, other, conversation)
        record(other, other.state, by, complaint.code, MERGED)
        # Without the other code: who may know of this complaint need not know of that one, which has its own entry.
        audit.record(session, by, "complaint.merge", other.code)


def _check_naming(complaint: Complaint) -> None:
    if complaint.naming == WAITING:
        raise NamingWaitsError(f"It is not said yet who is named in {complaint.code}.")


def follow(session: Session, complaint: Complaint, conversation: str) -> bool:
    """Let a conversation follow somebody's complaint; False when it does already, or filed it itself."""
    joined = select(ComplaintJoin.id).where(
        ComplaintJoin.complaint_id == complaint.id, ComplaintJoin.conversation == conversation
    )
    if complaint.conversation in conversations_of(session, conversation) or session.execute(joined).first():
        return False
    session.add(ComplaintJoin(complaint_id=complaint.id, conversation=conversation))
    session.flush()
    return True


def lock(session: Session, code: str, version: int | None = None, viewer: Viewer | None = None) -> Complaint:
    """The complaint of a code, held until the transaction ends.

    Raises:
        UnknownComplaintError: no complaint has this code, or none that this officer may know of.
        ChangedMeanwhileError: it is not the version that was seen.
    """
    wanted = select(Complaint).where(Complaint.code == find_receipt_code(code), *conditions(viewer))
    complaint = session.execute(wanted.with_for_update(of=Complaint)).scalar_one_or_none()
    if complaint is None:
        raise UnknownComplaintError(f"There is no complaint {code}.")
    if version is not None and complaint.version != version:
        raise ChangedMeanwhileError(f"{complaint.code} was changed by somebody else; look at it again.")
    return complaint


def step(
    session: Session,
    rules: Rules,
    complaint: Complaint,
    to_state: str,
    actor: str,
    by: str,
    note: str = "",
    reason: str | None = None,
    tell: bool = True,
) -> None:
    """Move a locked complaint, keep its clock, record who and why, and tell the citizen.

    Raises:
        ForbiddenMoveError: this actor may not take it there.
        MissingTextError: the move needs words and has none.
    """
    note = clean(note.encode(errors="replace").decode()).strip()
    if not may_move(complaint.state, to_state, actor):
        allowed = ", ".join(ways_on(complaint.state, actor)) or "nothing"
        raise ForbiddenMoveError(f"{complaint.code} is '{complaint.state}' and can go to: {allowed}.")
    if to_state in _NEED_WORDS and not note:
        raise MissingTextError(f"'{to_state}' needs words that the citizen is told.")
    if complaint.waiting_since and to_state != NEEDS_INFORMATION:
        _go_on(rules, complaint)
    if to_state == NEEDS_INFORMATION:
        complaint.waiting_since = now()
    record(complaint, to_state, by, note, reason)
    complaint.state = to_state
    if to_state in OPEN:
        complaint.end_reason = None
    if tell:
        notices.tell_move(session, complaint, note)
    if actor == STAFF:
        # Last: who comes after waits for this entry until the transaction ends.
        audit.record(session, by, "complaint.move", complaint.code, f"{to_state} {reason or ''}".strip())


def _go_on(rules: Rules, complaint: Complaint) -> None:
    """Start the clock of a complaint again: the date moves on by the time it stood still."""
    moment = now()
    complaint.due_on = rules.after_waiting(complaint.due_on, complaint.waiting_since, moment, complaint.province)
    complaint.waiting_since = None
    if complaint.due_on and complaint.due_on >= day_in_viet_nam(moment):
        # That the date before passed was told; of this one nothing was.
        complaint.overdue_told_at = None


def record(complaint: Complaint, to_state: str, by: str, note: str, reason: str | None = None) -> None:
    """Add a step to a complaint's history."""
    complaint.moves.append(
        ComplaintMove(moved_by=by, from_state=complaint.state, to_state=to_state, reason=reason, note=note or None)
    )
