"""Whether what is kept is what was filed: the whole chain, or one receipt.

What is stored is compared byte by byte. So texts and moments are read from SQLite as they lie there: its driver fails
on letters that are none, and reads some edited moments as if they were whole.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import LargeBinary, String, cast, func, select, true
from sqlalchemy.orm import Session

from bot.complaints.chain import ERASED, FIELDS, GENESIS, ClosedDay, commit, link_after
from bot.complaints.model import ChainDay, ChainLink, Complaint, ComplaintMove, ComplaintWord
from bot.database import Cipher, Database, DatabaseError, UtcDateTime, cipher_of
from bot.text.codes import find_receipt_code

BATCH = 500
# What a receipt turns out to be.
AS_FILED, NOT_CLOSED, CHANGED, ERASED_ON_WISH = "as_filed", "not_closed", "changed", ERASED
OTHER_LINK, NO_LINK, UNKNOWN = "other_link", "no_link", "unknown"

Progress = Callable[[int, int], None]
_MOMENT = "%Y-%m-%d %H:%M:%S.%f"


@dataclass(frozen=True)
class Flaw:
    """Something that is not as it was; both texts are for people.

    Attributes:
        where: the complaint by its code, a link by its number, or a day.
    """

    where: str
    what: str


@dataclass
class Report:
    """What a check of the whole chain found.

    Attributes:
        as_filed: how many complaints are what was filed.
        erased: codes whose content was taken out on purpose; of these only the commitment is left.
        unchained: codes that were filed before there was a chain.
        open_days: days with links that are not closed yet.
    """

    links: int = 0
    as_filed: int = 0
    closed_days: int = 0
    open_days: list[str] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)
    unchained: list[str] = field(default_factory=list)
    flaws: list[Flaw] = field(default_factory=list)

    @property
    def whole(self) -> bool:
        """Whether nothing was changed."""
        return not self.flaws


@dataclass(frozen=True)
class Verdict:
    """What one receipt turned out to be; the day and its root when they are known."""

    outcome: str
    day: str = ""
    root: str = ""


@dataclass(frozen=True)
class _Link:
    id: int
    complaint_id: int
    day: str
    commitment: str
    link: str


def verify(database: Database, progress: Progress | None = None) -> Report:
    """Check the whole chain against the complaints.

    Args:
        progress: called with links done and links there are.
    """
    with database.reading() as session:
        return check_chain(session, progress)


def check_chain(session: Session, progress: Progress | None = None) -> Report:
    """As `verify`, within the caller's session."""
    report = Report()
    days: dict[str, ClosedDay] = {}
    total = session.execute(select(func.count()).select_from(ChainLink)).scalar_one()
    previous = _Link(0, 0, "", "", GENESIS)
    for batch in _batches(session):
        complaints = _Complaints(session, [link.complaint_id for link in batch])
        for link in batch:
            _check_link(report, previous, link)
            _check_complaint(report, complaints, link)
            count = days[link.day].links if link.day in days else 0
            days[link.day] = ClosedDay(link.day, count + 1, link.link)
            previous = link
        report.links += len(batch)
        if progress:
            progress(report.links, total)
    _check_days(session, report, days)
    _check_unchained(session, report)
    return report


def verify_receipt(database: Database, code: str, link: str) -> Verdict:
    """What a receipt's code and link say of the record that is kept."""
    given = "".join(link.split()).lower()
    with database.reading() as session:
        spelled = find_receipt_code(code)
        found = select(Complaint.id).where(Complaint.code == spelled)
        complaint_id = session.execute(found).scalar_one_or_none() if spelled else None
        if complaint_id is None:
            return Verdict(UNKNOWN)
        kept = next(_links(session, ChainLink.complaint_id == complaint_id), None)
        complaints = _Complaints(session, [complaint_id])
        if kept is None:
            return Verdict(CHANGED if complaints.rows[complaint_id]["salt"] else NO_LINK)
        return _judge(session, complaints, kept, given)


def _judge(session: Session, complaints: _Complaints, kept: _Link, given: str) -> Verdict:
    before = _link_before(session, kept)
    if given != kept.link:
        # Where the content still gives the value on the receipt, it is the chain that was changed.
        told = complaints.commitment(kept.complaint_id)
        return Verdict(CHANGED if told and _follows(before, replace(kept, commitment=told, link=given)) else OTHER_LINK)
    outcome = complaints.outcome(kept)
    if outcome == CHANGED or not _follows(before, kept):
        return Verdict(CHANGED)
    closed = next(_closed_days(session, ChainDay.day == kept.day), None)
    if closed is None:
        return Verdict(NOT_CLOSED if outcome == AS_FILED else outcome, kept.day)
    if _walk_day(session, kept.day) != (closed.links, closed.root):
        return Verdict(CHANGED, kept.day)
    return Verdict(outcome, kept.day, closed.root)


def _walk_day(session: Session, day: str) -> tuple[int, str]:
    """How many links a day has, and the last one; "" when one of them does not follow from the one before it."""
    count, last = 0, ""
    for link in _links(session, ChainLink.day == day):
        if not _follows(last or _link_before(session, link), link):
            return count, ""
        count, last = count + 1, link.link
    return count, last


def _link_before(session: Session, link: _Link) -> str:
    before = next(_links(session, ChainLink.id < link.id, newest_first=True, limit=1), None)
    return before.link if before else GENESIS


def _follows(before: str, link: _Link) -> bool:
    try:
        return link_after(before, link.day, link.commitment) == link.link
    except UnicodeEncodeError:
        return False


def _check_link(report: Report, previous: _Link, link: _Link) -> None:
    if not _follows(previous.link, link):
        report.flaws.append(Flaw(f"link {link.id}", "It does not follow from the link before it."))
    if link.day < previous.day:
        what = f"Its day {_shown(link.day)} is before the day of the link before it."
        report.flaws.append(Flaw(f"link {link.id}", what))


def _check_complaint(report: Report, complaints: _Complaints, link: _Link) -> None:
    row = complaints.rows.get(link.complaint_id)
    if row is None:
        report.flaws.append(Flaw(f"link {link.id}", "The complaint it was made for is gone."))
        return
    code, outcome = _shown(row["code"]), complaints.outcome(link)
    if outcome == AS_FILED:
        report.as_filed += 1
    elif outcome == ERASED_ON_WISH:
        report.erased.append(code)
    elif row["salt"] is None:
        what = "Its salt is gone, and its history does not say that it was erased."
        report.flaws.append(Flaw(code, what))
    else:
        what = "It is not what was filed: content, moment, contact, words or salt were changed."
        report.flaws.append(Flaw(code, what))


def _check_days(session: Session, report: Report, days: dict[str, ClosedDay]) -> None:
    closed = {one.day: one for one in _closed_days(session, true())}
    report.closed_days = len(closed)
    for day, one in closed.items():
        walked = days.get(day)
        if walked is None:
            report.flaws.append(Flaw(_shown(day), "The day was closed and has no links."))
        elif walked.links != one.links:
            what = f"The day was closed with {one.links} links and has {walked.links}."
            report.flaws.append(Flaw(_shown(day), what))
        elif walked.root != one.root:
            report.flaws.append(Flaw(_shown(day), "The last link of the day is not the root it was closed with."))
    for day in sorted(set(days) - set(closed)):
        if closed and day < max(closed):
            report.flaws.append(Flaw(_shown(day), "A later day is closed, and this one has no root."))
        else:
            report.open_days.append(day)


def _check_unchained(session: Session, report: Report) -> None:
    first = session.execute(select(func.min(ChainLink.complaint_id))).scalar_one_or_none()
    without_link = ~select(ChainLink.id).where(ChainLink.complaint_id == Complaint.id).exists()
    for complaint_id, code, salt in _read(session, (Complaint.id, Complaint.code, Complaint.salt), without_link):
        # Whoever was filed since there is a chain got salt and link together.
        if salt is None and (first is None or complaint_id < first):
            report.unchained.append(_shown(code))
        else:
            report.flaws.append(Flaw(_shown(code), "Its link of the chain is gone."))


class _Complaints:
    """Some complaints with their words, as they lie in the database."""

    def __init__(self, session: Session, ids: list[int]) -> None:
        self._cipher: Cipher = cipher_of(session)
        names = ("id", *FIELDS, "created_at", "contact", "salt", "erased_at")
        rows = _read(session, tuple(getattr(Complaint, name) for name in names), Complaint.id.in_(ids))
        self.rows = {row[0]: dict(zip(names, row, strict=True)) for row in rows}
        parts = ("id", "complaint_id", "question", "text", "said_at")
        columns = tuple(getattr(ComplaintWord, name) for name in parts)
        self._words: dict[int, list[tuple[Any, ...]]] = {}
        for _, complaint_id, *word in _read(session, columns, ComplaintWord.complaint_id.in_(ids)):
            self._words.setdefault(complaint_id, []).append(tuple(word))
        moved = select(ComplaintMove.complaint_id).where(ComplaintMove.complaint_id.in_(ids))
        self._erased = set(session.execute(moved.where(ComplaintMove.reason == ERASED)).scalars())

    def outcome(self, link: _Link) -> str:
        """AS_FILED, ERASED_ON_WISH or CHANGED."""
        row = self.rows[link.complaint_id]
        if row["salt"] is None:
            erased = row["erased_at"] is not None and link.complaint_id in self._erased
            return ERASED_ON_WISH if erased else CHANGED
        return AS_FILED if self.commitment(link.complaint_id) == link.commitment else CHANGED

    def commitment(self, complaint_id: int) -> str | None:
        """The commitment to what is kept now, None when it can't be read."""
        row, words = self.rows[complaint_id], self._words.get(complaint_id, ())
        try:
            filed_at = _moment(row["created_at"])
            told = [(question, text) for question, text, said_at in words if _moment(said_at) == filed_at]
            return commit(row["salt"], filed_at, row, self._unseal(row["contact"]), told)
        except (ValueError, TypeError, DatabaseError):
            return None

    def _unseal(self, sealed: bytes | None) -> str | None:
        if sealed is None:
            return None
        # Base64 has several spellings of the same bytes; only one was stored.
        if base64.urlsafe_b64encode(base64.urlsafe_b64decode(sealed)) != bytes(sealed):
            raise ValueError("not the spelling that was stored")
        return self._cipher.unseal(sealed)


def _batches(session: Session) -> Iterator[list[_Link]]:
    last = 0
    while batch := list(_links(session, ChainLink.id > last, limit=BATCH)):
        yield batch
        last = batch[-1].id


def _links(session: Session, where: Any, *, newest_first: bool = False, limit: int | None = None) -> Iterator[_Link]:
    columns = (ChainLink.id, ChainLink.complaint_id, ChainLink.day, ChainLink.commitment, ChainLink.link)
    return (_Link(*row) for row in _read(session, columns, where, newest_first=newest_first, limit=limit))


def _closed_days(session: Session, where: Any) -> Iterator[ClosedDay]:
    return (ClosedDay(*row) for row in _read(session, (ChainDay.day, ChainDay.links, ChainDay.root), where))


def _read(
    session: Session, columns: tuple[Any, ...], where: Any, *, newest_first: bool = False, limit: int | None = None
) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of their first column, texts and moments of SQLite as they lie there."""
    raw = session.get_bind().dialect.name == "sqlite"
    as_stored = [raw and isinstance(column.type, (String, UtcDateTime)) for column in columns]
    wanted = (cast(c, LargeBinary) if stored else c for c, stored in zip(columns, as_stored, strict=True))
    found = select(*wanted).where(where).order_by(columns[0].desc() if newest_first else columns[0]).limit(limit)
    for row in session.execute(found):
        yield tuple(_text(value) if stored else value for value, stored in zip(row, as_stored, strict=True))


def _text(stored: bytes | None) -> str | None:
    # Bytes that are no letters stay apart from each other, and can't be hashed.
    return None if stored is None else stored.decode(errors="surrogateescape")


def _moment(stored: Any) -> datetime:
    if isinstance(stored, datetime):
        return stored
    moment = datetime.strptime(stored, _MOMENT).replace(tzinfo=timezone.utc)
    if moment.strftime(_MOMENT) != stored:
        raise ValueError("not the spelling that was stored")
    return moment


def _shown(text: str) -> str:
    return text.encode(errors="replace").decode()
