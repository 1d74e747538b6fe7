"""Files that officers send along with an answer: kept while it is written, sent with it, opened by its citizen.

They stand beside citizens' own files, in the same table and folder, and go with them whenever these go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.complaints import evidence_files
from bot.complaints.enclosing import attached, digest_of, link_to, waiting_rows
from bot.complaints.errors import ComplaintError, UnknownFileError
from bot.complaints.evidence import TURN, Kept, OpenedFile, complaint_of, remove_row, shown, storing
from bot.complaints.evidence_checks import FileRules, check_file, load_file_rules
from bot.complaints.model import Complaint, ComplaintMove, Evidence
from bot.complaints.visibility import Viewer
from bot.database import Database, cipher_of, take_turn
from bot.delivery.attached import Attached
from bot.delivery.correspondents import conversations_of
from bot.text.codes import find_receipt_code

_RULES = ("kinds", "limits", "allowed", "refusals")


@dataclass(frozen=True)
class Given:
    """A file as its citizen sees it, and with which step of the history it came."""

    id: int
    name: str
    media_type: str
    size: int
    given_at: datetime


def load_answer_rules(folder: Path) -> FileRules:
    """What staff may send: the rules of `knowledge/evidence.yml`, narrowed by its `answers`.

    Raises:
        ComplaintError: these are not whole.
    """
    rules = load_file_rules(folder)
    own: dict[str, Any] = yaml.safe_load((folder / "evidence.yml").read_text(encoding="utf-8")).get("answers") or {}
    lacks = [name for name in _RULES if name not in own]
    unknown = [str(key) for key in own.get("kinds") or () if key not in rules.kinds]
    if lacks or unknown:
        wrong = f"lacks {', '.join(lacks)}" if lacks else f"has {', '.join(unknown)}, which 'kinds' does not"
        raise ComplaintError(f"knowledge/evidence.yml: 'answers' (what staff may send) {wrong}; take it from ours.")
    kinds = {key: rules.kinds[key] for key in own["kinds"]}
    limits, refusals = {**rules.limits, **own["limits"]}, {**rules.refusals, **own["refusals"]}
    return FileRules(kinds, limits, own["allowed"], refusals, {})


def keep(
    database: Database,
    folder: Path,
    rules: FileRules,
    code: str,
    by: str,
    viewer: Viewer | None,
    name: str,
    content: bytes,
) -> Kept:
    """Keep an officer's file for their next answer to a complaint.

    Raises:
        UnknownComplaintError: there is none that this officer may know of.
        RefusedFileError: it is not taken, or there are too many; the message is a sentence.
    """
    with database.reading() as session:
        complaint_of(session, code, False, viewer)
    file = check_file(rules, name, content)
    with storing(database, folder, file) as store:
        complaint = complaint_of(store.session, code, False, viewer)
        waiting = waiting_rows(store.session, complaint, by)
        return store.keep(rules, waiting, conversation=complaint.conversation, complaint_id=complaint.id, given_by=by)


def waiting_files(database: Database, code: str, by: str, viewer: Viewer | None) -> list[Kept]:
    """What this officer has ready for their next answer.

    Raises:
        UnknownComplaintError: as `keep`.
    """
    with database.reading() as session:
        rows = waiting_rows(session, complaint_of(session, code, False, viewer), by)
        return [shown(session, row) for row in rows]


def preview(database: Database, code: str, by: str, viewer: Viewer | None, address: str) -> tuple[Attached, ...]:
    """What the citizen would get, its link without the key that it will have.

    Raises:
        UnknownComplaintError: as `keep`.
    """
    with database.reading() as session:
        complaint = complaint_of(session, code, False, viewer)
        link = link_to(address, complaint.code, "…")
        return tuple(attached(session, row, link) for row in waiting_rows(session, complaint, by))


def take_back(database: Database, folder: Path, code: str, by: str, viewer: Viewer | None, ids: Iterable[int]) -> None:
    """Delete files that this officer does not want to send; what is gone already is no error.

    Raises:
        UnknownComplaintError: as `keep`.
    """
    with database.transaction() as session:
        complaint = complaint_of(session, code, False, viewer)
        take_turn(session, TURN)
        for row in waiting_rows(session, complaint, by, list(ids)):
            remove_row(session, folder, row, by, "")
            session.delete(row)


def files_given(database: Database, code: str, viewer: Viewer | None) -> dict[int, list[Kept]]:
    """What went with the steps of a complaint: number of the step → files.

    Raises:
        UnknownComplaintError: as `keep`.
    """
    with database.reading() as session:
        complaint = complaint_of(session, code, False, viewer)
        went = select(Evidence).where(Evidence.complaint_id == complaint.id, Evidence.move_id.is_not(None))
        given: dict[int, list[Kept]] = {}
        for row in session.execute(went.order_by(Evidence.id)).scalars():
            given.setdefault(row.move_id, []).append(shown(session, row))
        return given


def counts_for(database: Database, code: str) -> dict[datetime, int]:
    """How many files went with each step, for whoever has the code: moment of the step → files."""
    with database.reading() as session:
        counts: dict[datetime, int] = {}
        for _, moment in _given(session, code):
            counts[moment] = counts.get(moment, 0) + 1
        return counts


def files_for(database: Database, code: str, conversation: str | None, key: str = "") -> list[Given]:
    """The files of answers that this citizen may open.

    Args:
        conversation: the one that asks; None when it is known only by a key.
        key: what stood in the link of an answer; opens the files of that answer alone.
    """
    with database.reading() as session:
        return [
            Given(row.id, cipher_of(session).unseal(row.name), row.media_type, row.size, moment)
            for row, moment in _given(session, code)
            if _may_open(session, row, conversation, key)
        ]


def open_for(
    database: Database, folder: Path, code: str, file_id: int, conversation: str | None, key: str = ""
) -> OpenedFile:
    """A file of an answer, for its citizen.

    Raises:
        UnknownFileError: there is none that they may open.
    """
    with database.reading() as session:
        own = (row for row, _ in _given(session, code) if row.id == file_id)
        row = next((row for row in own if _may_open(session, row, conversation, key)), None)
        if row is None:
            raise UnknownFileError("There is no such file.")
        return _opened(session, database, folder, row)


def was_given(database: Database, code: str, conversation: str | None, key: str = "") -> bool:
    """Whether who asks was given files with an answer, which may have been removed since."""
    with database.reading() as session:
        return any(_may_open(session, row, conversation, key) for row, _ in _given(session, code, removed=True))


def read_to_send(database: Database, folder: Path, file_id: int) -> OpenedFile:
    """A file of an answer, for the channel that carries it.

    Raises:
        UnknownFileError: it was never sent along with an answer, or has been removed.
    """
    with database.reading() as session:
        row = session.get(Evidence, file_id)
        if row is None or row.move_id is None or row.removed_at:
            raise UnknownFileError("There is no such file.")
        return _opened(session, database, folder, row)


def _opened(session: Session, database: Database, folder: Path, row: Evidence) -> OpenedFile:
    content = evidence_files.read(folder, database.cipher, row.digest)
    return OpenedFile(cipher_of(session).unseal(row.name), row.media_type, content)


def _given(session: Session, code: str, removed: bool = False) -> list[tuple[Evidence, datetime]]:
    found = (
        select(Evidence, ComplaintMove.moved_at)
        .join(Complaint, Complaint.id == Evidence.complaint_id)
        .join(ComplaintMove, ComplaintMove.id == Evidence.move_id)
        .where(Complaint.code == find_receipt_code(code))
        .order_by(Evidence.id)
    )
    if not removed:
        found = found.where(Evidence.removed_at.is_(None))
    return [(row, moment) for row, moment in session.execute(found)]


def _may_open(session: Session, row: Evidence, conversation: str | None, key: str) -> bool:
    if key and row.key_digest == digest_of(key):
        return True
    return conversation is not None and row.conversation in conversations_of(session, conversation)
