"""Reads the whole portal in rounds that can be broken off anywhere: first its list, then each procedure.

What is known of a round stands in the database: the place in the list, and what became of each procedure. It is noted
after the answer was stored, so that an answer may be asked for twice, and none is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.catalogue.importing import detail, listing
from bot.catalogue.importing.codes import find_uuid
from bot.catalogue.importing.files import Entry
from bot.catalogue.importing.model import DONE, FAILED, PENDING, PortalItem, PortalRound
from bot.catalogue.importing.portal import AnswerError, Page, Portal, PortalError
from bot.catalogue.importing.report import Report
from bot.catalogue.importing.run import Importer
from bot.catalogue.importing.shapes import read_value
from bot.catalogue.importing.texts import tidy
from bot.database import Database, now

# What the source is called in place of a file.
FILE = "portal"


@dataclass(frozen=True)
class Progress:
    """How far a round is: procedures `listed`, those of them asked for (`settled`), and the portal's own `total`."""

    listed: int
    settled: int
    total: int | None = None


def import_portal(
    database: Database,
    portal: Portal,
    permission: str,
    limit: int | None = None,
    progress: Callable[[Progress], None] = lambda _: None,
) -> Report:
    """Go on with the round that is open, or begin a new one.

    Args:
        permission: who permitted it and when; stored with the run.
        limit: ask for so many procedures at the most, and leave the rest to the next call.
        progress: is told after each answer.

    Returns:
        the report; when it was stopped, up to there.
    """
    importer = Importer(database, "portal", permission, batch=1)
    try:
        reader = _Round(database, portal, importer, progress)
        reader.read_list()
        reader.read_details(limit)
        return importer.finish()
    except PortalError as error:
        return importer.stop(str(error))
    except KeyboardInterrupt:
        return importer.stop("interrupted; what is counted here is stored, run it again to go on")


class _Round:
    def __init__(
        self, database: Database, portal: Portal, importer: Importer, progress: Callable[[Progress], None]
    ) -> None:
        self._database, self._portal, self._importer, self._progress = database, portal, importer, progress
        self._total: int | None = None
        with database.transaction() as session:
            self._id: int = _open_round(session).id

    def read_list(self) -> None:
        """Read the list from where it was left to its end."""
        with self._database.reading() as session:
            row = session.get(PortalRound, self._id)
            last_id, listed = row.last_id, row.listed
        while not listed:
            page = self._portal.page_after(last_id)
            self._total = page.total
            for number, item in enumerate(page.items, 1):
                place = f"list, row {number} after {last_id or 'the start'}"
                self._take(item, place, listing.SHAPE)
            self._importer.flush()
            last_id, listed = page.last_id, self._note_page(page)
            self._tell()

    def read_details(self, limit: int | None) -> None:
        """Ask for what is still to be asked for."""
        asked = 0
        while (limit is None or asked < limit) and (uuid := self._next_pending()):
            asked += 1
            try:
                refusal = self._take(self._portal.detail(uuid), uuid, detail.SHAPE)
            except AnswerError as error:
                refusal = str(error)
                self._importer.add(Entry(f"{FILE}: {uuid}", refusal=refusal))
            self._importer.flush()
            self._settle(uuid, refusal)
            self._tell()
        self._close_when_done()

    def _take(self, value: dict[str, Any], place: str, shape: str) -> str:
        """Hand a record over to be stored, unless it is not what was asked for; gives the reason then."""
        found = next(iter(read_value(value)))
        refusal = found.refusal
        if found.record and found.record.shape != shape:
            refusal = f"the portal sent a record of another shape ({found.record.shape})"
        record = None if refusal else found.record
        self._importer.add(Entry(f"{FILE}: {place}", record, notes=found.notes, refusal=refusal))
        return refusal

    def _note_page(self, page: Page) -> bool:
        """Note what a page held; gives whether the list has ended, which a page without news says, too."""
        uuids = list(dict.fromkeys(uuid for item in page.items if (uuid := find_uuid(str(item.get("id", ""))))))
        with self._database.transaction() as session:
            row = session.get(PortalRound, self._id)
            asked = select(PortalItem.uuid).where(PortalItem.round_id == self._id, PortalItem.uuid.in_(uuids))
            known = set(session.execute(asked).scalars())
            session.add_all(PortalItem(round_id=self._id, uuid=uuid) for uuid in uuids if uuid not in known)
            row.last_id, row.listed = page.last_id or row.last_id, known.issuperset(uuids)
            return bool(row.listed)

    def _next_pending(self) -> str:
        question = select(PortalItem.uuid).where(PortalItem.round_id == self._id, PortalItem.state == PENDING)
        with self._database.reading() as session:
            return session.execute(question.order_by(PortalItem.id).limit(1)).scalar_one_or_none() or ""

    def _settle(self, uuid: str, refusal: str) -> None:
        with self._database.transaction() as session:
            question = select(PortalItem).where(PortalItem.round_id == self._id, PortalItem.uuid == uuid)
            item = session.execute(question).scalar_one()
            item.state, item.reason = (FAILED, tidy(refusal)[0]) if refusal else (DONE, None)

    def _close_when_done(self) -> None:
        with self._database.transaction() as session:
            if not _count(session, self._id, PENDING):
                session.get(PortalRound, self._id).finished_at = now()

    def _tell(self) -> None:
        with self._database.reading() as session:
            listed, pending = _count(session, self._id), _count(session, self._id, PENDING)
        self._progress(Progress(listed, listed - pending, self._total))


def _open_round(session: Session) -> PortalRound:
    """The round that is not finished, or a new one; the items of finished ones are forgotten."""
    row = session.execute(select(PortalRound).where(PortalRound.finished_at.is_(None))).scalars().first()
    if row is None:
        session.execute(delete(PortalItem))
        row = PortalRound()
        session.add(row)
        session.flush()
    return row


def _count(session: Session, round_id: int, state: str | None = None) -> int:
    question = select(func.count(PortalItem.id)).where(PortalItem.round_id == round_id)
    counted: int = session.execute(question.where(PortalItem.state == state) if state else question).scalar_one()
    return counted
