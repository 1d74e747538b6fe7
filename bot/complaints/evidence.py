"""Photos and documents: kept with the citizen's next complaint, opened by staff on record, removed, erased.

What is deleted goes from the folder first and from the database after it: a program killed in between leaves a row
without a file, never a file that nobody knows of. What is kept goes the other way round.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from bot.accounts import audit
from bot.complaints import casework, evidence_files
from bot.complaints.errors import MissingTextError, NoConsentError, UnknownComplaintError, UnknownFileError
from bot.complaints.evidence_checks import CleanFile, FileRules, check_file
from bot.complaints.lifecycle import CITIZEN
from bot.complaints.model import Complaint, ComplaintOpening, Consent, Evidence
from bot.complaints.visibility import Viewer, conditions
from bot.database import Database, cipher_of, now, take_turn
from bot.text.codes import find_receipt_code
from bot.text.normalise import clean

# What a citizen agrees to before the first file.
PURPOSE = "evidence"
OPENED, REMOVED = "file", "file_removed"
# Keeping and deleting go one after the other: a file that is taken up again must not be deleted meanwhile.
TURN = "evidence"


@dataclass(frozen=True)
class Kept:
    """A file as it is shown: never its bytes.

    Attributes:
        size: bytes as kept.
        removed: by whom and why, when its bytes are gone.
        move_id: of staff's files, the step of the history they went with.
    """

    id: int
    name: str
    media_type: str
    size: int
    removed: tuple[str, str] | None = None
    move_id: int | None = None


@dataclass(frozen=True)
class OpenedFile:
    """A file with its bytes, for staff."""

    name: str
    media_type: str
    content: bytes


def agree(database: Database, conversation: str) -> None:
    """Record that the citizen agreed to what stands before the first file."""
    with database.transaction() as session:
        take_turn(session, f"consent:{conversation}")
        if not _agreed(session, conversation):
            session.add(Consent(conversation=conversation, purpose=PURPOSE))


def has_agreed(database: Database, conversation: str) -> bool:
    """Whether the citizen agreed, and has not withdrawn it."""
    with database.reading() as session:
        return _agreed(session, conversation)


def keep(database: Database, folder: Path, rules: FileRules, conversation: str, name: str, content: bytes) -> Kept:
    """Keep a file for the conversation's next complaint; the same file again, while it waits, is kept once.

    Raises:
        NoConsentError: the citizen has not agreed.
        RefusedFileError: it is not taken, or there are too many; the message is a sentence for the citizen.
    """
    if not has_agreed(database, conversation):
        raise NoConsentError(rules.consent["missing"])
    file = check_file(rules, name, content)
    with storing(database, folder, file) as store:
        return store.keep(rules, _waiting(store.session, conversation), conversation=conversation)


@dataclass(frozen=True)
class Store:
    """A transaction in which one file is kept, whoever it is from; keeping and deleting take turns.

    Attributes:
        prepared: its bytes, encrypted and on disk.
    """

    session: Session
    folder: Path
    file: CleanFile
    digest: str
    prepared: Path

    def keep(self, rules: FileRules, waiting: list[Evidence], **whose: Any) -> Kept:
        """Keep the file beside those that wait already; the same file again, while it waits, is kept once.

        Args:
            whose: columns of the row that say whose it is.

        Raises:
            RefusedFileError: there are too many.
        """
        known = next((row for row in waiting if row.digest == self.digest), None)
        if known:
            return shown(self.session, known)
        _check_limits(rules, waiting, len(self.file.content))
        row = Evidence(
            digest=self.digest,
            name=cipher_of(self.session).seal(self.file.name),
            media_type=self.file.media_type,
            size=len(self.file.content),
            **whose,
        )
        self.session.add(row)
        self.session.flush()
        evidence_files.put(self.folder, self.digest, self.prepared)
        return shown(self.session, row)


@contextlib.contextmanager
def storing(database: Database, folder: Path, file: CleanFile) -> Iterator[Store]:
    """What keeps a file that was inspected; the transaction ends with the block."""
    digest = database.cipher.digest(hashlib.sha256(file.content).hexdigest())
    prepared = evidence_files.prepare(folder, database.cipher, digest, file.content)
    try:
        with database.transaction() as session:
            take_turn(session, TURN)
            yield Store(session, folder, file, digest, prepared)
    finally:
        prepared.unlink(missing_ok=True)


def waiting_files(database: Database, conversation: str) -> list[Kept]:
    """The files that will go with the conversation's next complaint."""
    with database.reading() as session:
        return [shown(session, row) for row in _waiting(session, conversation)]


def remove_waiting(database: Database, folder: Path, conversation: str, file_id: int) -> None:
    """Take back a file that has not gone with a complaint yet.

    Raises:
        UnknownFileError: this conversation has no such file waiting.
    """
    with database.transaction() as session:
        take_turn(session, TURN)
        row = next((row for row in _waiting(session, conversation, lock=True) if row.id == file_id), None)
        if row is None:
            raise UnknownFileError("There is no such file.")
        remove_row(session, folder, row, CITIZEN, "")


def list_files(database: Database, code: str, *, restricted: bool = False, viewer: Viewer | None = None) -> list[Kept]:
    """The citizen's files of a complaint, removed ones with by whom and why.

    Raises:
        UnknownComplaintError: no complaint has this code, or it is a denunciation and this is not one of its readers.
    """
    with database.reading() as session:
        complaint = complaint_of(session, code, restricted, viewer)
        own = select(Evidence).where(Evidence.complaint_id == complaint.id, Evidence.given_by.is_(None))
        return [shown(session, row) for row in session.execute(own.order_by(Evidence.id)).scalars()]


def open_file(
    database: Database,
    folder: Path,
    code: str,
    file_id: int,
    by: str,
    why: str,
    *,
    restricted: bool = False,
    viewer: Viewer | None = None,
) -> OpenedFile:
    """A file of a complaint, for staff; who opened it and why is recorded, also when it turns out to be gone.

    Raises:
        UnknownComplaintError: as `list_files`.
        UnknownFileError: the complaint has no such file, or it was removed.
        MissingTextError: no reason is given.
    """
    reason = _reason(why)
    with database.transaction() as session:
        complaint = complaint_of(session, code, restricted, viewer)
        row = _file(session, complaint, file_id)
        session.add(ComplaintOpening(complaint_id=complaint.id, opened_by=by, what=f"{OPENED} {row.id}", why=reason))
        audit.record(session, by, "complaint.open", complaint.code, f"{OPENED} {row.id}")
        name, media_type, digest = cipher_of(session).unseal(row.name), row.media_type, row.digest
    return OpenedFile(name, media_type, evidence_files.read(folder, database.cipher, digest))


def remove(
    database: Database,
    folder: Path,
    code: str,
    file_id: int,
    by: str,
    why: str,
    *,
    restricted: bool = False,
    viewer: Viewer | None = None,
) -> None:
    """Remove a file from a complaint: its bytes and its name go; that there was one, who removed it and why, stays.

    Raises:
        ComplaintError: as `open_file`.
    """
    reason = _reason(why)
    with database.transaction() as session:
        complaint_of(session, code, restricted, viewer)
        # Before the turn, as whoever erases a complaint takes them.
        complaint = casework.lock(session, code)
        take_turn(session, TURN)
        remove_row(session, folder, _file(session, complaint, file_id), by, reason)
        casework.record(complaint, complaint.state, by, "", REMOVED)
        audit.record(session, by, "complaint.remove_file", complaint.code, f"{OPENED} {file_id}")


def sweep_unfiled(database: Database, folder: Path, older_than: timedelta, *, dry_run: bool = False) -> int:
    """Delete files that no complaint, or no answer, came for, and what is in the folder without a row; how many.

    Args:
        dry_run: only count.
    """
    with database.transaction() as session:
        take_turn(session, TURN)
        waits = or_(Evidence.complaint_id.is_(None), Evidence.given_by.is_not(None) & Evidence.move_id.is_(None))
        forgotten = select(Evidence).where(waits, Evidence.created_at < now() - older_than)
        rows = session.execute(forgotten.with_for_update()).scalars().all()
        orphans = _orphans(session, folder, older_than)
        if not dry_run:
            _delete(session, folder, rows)
            for digest in orphans:
                evidence_files.delete(folder, digest)
            evidence_files.delete_unfinished(folder, older_than.total_seconds())
    return len(rows) + len(orphans)


def erase_files(session: Session, folder: Path, conversation: str) -> int:
    """Delete every file of a conversation, bytes and rows, within the caller's transaction; how many there were.

    The bytes are gone at once, whatever becomes of the transaction; run again, it finds the rest.
    """
    return _erase(session, folder, Evidence.conversation == conversation)


def erase_files_of(session: Session, folder: Path, complaint_ids: Iterable[int]) -> int:
    """Delete every file of these complaints, as `erase_files`."""
    return _erase(session, folder, Evidence.complaint_id.in_(list(complaint_ids)))


def reseal_files(database: Database, folder: Path) -> int:
    """Encrypt every file again with the newest key; how many there are. Names of files in rows are the caller's.

    The fingerprint a file lies under stays: it is a name, and any key may go.
    """
    done = 0
    for digest in list(evidence_files.digests_in(folder)):
        with database.transaction() as session:
            take_turn(session, TURN)
            if evidence_files.path_of(folder, digest).exists():
                content = evidence_files.read(folder, database.cipher, digest)
                evidence_files.put(folder, digest, evidence_files.prepare(folder, database.cipher, digest, content))
                done += 1
    return done


def _agreed(session: Session, conversation: str) -> bool:
    given = (Consent.conversation == conversation, Consent.purpose == PURPOSE, Consent.withdrawn_at.is_(None))
    return session.execute(select(Consent.id).where(*given)).first() is not None


def _waiting(session: Session, conversation: str, *, lock: bool = False) -> list[Evidence]:
    unfiled = (Evidence.conversation == conversation, Evidence.complaint_id.is_(None), Evidence.removed_at.is_(None))
    found = select(Evidence).where(*unfiled).order_by(Evidence.id)
    return list(session.execute(found.with_for_update() if lock else found).scalars())


def _check_limits(rules: FileRules, waiting: list[Evidence], size: int) -> None:
    if len(waiting) >= rules.limits["files"]:
        raise rules.refuse("files")
    if sum(row.size for row in waiting) + size > rules.limits["all_bytes"]:
        raise rules.refuse("all_bytes")


def complaint_of(session: Session, code: str, restricted: bool, viewer: Viewer | None) -> Complaint:
    """The complaint of a code, as `list_files`."""
    wanted = select(Complaint).where(Complaint.code == find_receipt_code(code), *conditions(viewer))
    row = session.execute(wanted).scalar_one_or_none()
    if row is None or (row.restricted and not restricted):
        raise UnknownComplaintError(f"There is no complaint {code}.")
    return row


def _file(session: Session, complaint: Complaint, file_id: int) -> Evidence:
    # What an officer has not sent yet is nobody else's to open.
    went = or_(Evidence.given_by.is_(None), Evidence.move_id.is_not(None))
    own = (Evidence.id == file_id, Evidence.complaint_id == complaint.id, went)
    row = session.execute(select(Evidence).where(*own).with_for_update()).scalar_one_or_none()
    if row is None or row.removed_at:
        raise UnknownFileError(f"{complaint.code} has no file {file_id}, or it was removed.")
    return row


def _reason(why: str) -> str:
    reason = clean(why).strip()
    if not reason:
        raise MissingTextError("Opening or removing a file needs a reason.")
    return reason


def shown(session: Session, row: Evidence) -> Kept:
    """A file as it is shown."""
    removed = (row.removed_by, row.removed_why or "") if row.removed_at else None
    return Kept(row.id, cipher_of(session).unseal(row.name), row.media_type, row.size, removed, row.move_id)


def remove_row(session: Session, folder: Path, row: Evidence, by: str, why: str) -> None:
    """Remove one file, in its turn: bytes and name; that there was one stays."""
    _delete_bytes(session, folder, [row])
    # A file's name may name a person.
    row.name = cipher_of(session).seal("")
    row.removed_at, row.removed_by, row.removed_why = now(), by, why or None


def _erase(session: Session, folder: Path, whose: Any) -> int:
    take_turn(session, TURN)
    rows = session.execute(select(Evidence).where(whose)).scalars().all()
    _delete(session, folder, rows)
    return len(rows)


def _delete(session: Session, folder: Path, rows: list[Evidence]) -> None:
    _delete_bytes(session, folder, rows)
    for row in rows:
        session.delete(row)
    session.flush()


def _delete_bytes(session: Session, folder: Path, rows: list[Evidence]) -> None:
    """Delete the bytes that no other row needs."""
    ids = [row.id for row in rows]
    for digest in {row.digest for row in rows}:
        others = select(func.count()).select_from(Evidence)
        others = others.where(Evidence.digest == digest, Evidence.removed_at.is_(None), Evidence.id.not_in(ids))
        if not session.execute(others).scalar_one():
            evidence_files.delete(folder, digest)


def _orphans(session: Session, folder: Path, older_than: timedelta) -> list[str]:
    known = set(session.execute(select(Evidence.digest).where(Evidence.removed_at.is_(None))).scalars())
    return [
        digest
        for digest in evidence_files.digests_in(folder)
        if digest not in known and evidence_files.age_of(folder, digest) > older_than.total_seconds()
    ]
