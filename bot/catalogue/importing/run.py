"""Imports files: reads them one after the other and stores what they hold in batches, each a transaction of its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DataError, IntegrityError

from bot.catalogue.importing import police
from bot.catalogue.importing.files import Alias, Entry, find_files, read_file
from bot.catalogue.importing.merge import Contribution
from bot.catalogue.importing.model import ImportRun
from bot.catalogue.importing.naming import Names
from bot.catalogue.importing.record import ImportingError, RefusedError
from bot.catalogue.importing.report import Report
from bot.catalogue.importing.store import (
    count_procedures,
    ids_with_two_codes,
    key_of,
    known_aliases,
    store_aliases,
    store_batch,
    stored_names,
)
from bot.database import Database, now, take_turn

# Few enough that little is lost when it is stopped, many enough that the disk is not waited for.
BATCH = 200


# What a database says of one row; that it is away or full is another matter, and stops the run.
_NOT_TAKEN = (DataError, IntegrityError)
_TURN = "import"


@dataclass(frozen=True)
class _Seen:
    """A record that this run has taken."""

    digest: str
    updated_at: datetime | None
    file: str


class Importer:
    """One run: takes entries, stores them in batches, keeps the report.

    Usage: `add` everything, then `finish`. What was stored stays stored when it is stopped in between.
    """

    def __init__(self, database: Database, kind: str, permission: str | None = None, batch: int = BATCH) -> None:
        self.report = Report()
        self._database = database
        self._batch_size = batch
        self._waiting: list[Contribution] = []
        # Records without a code wait until every name is known.
        self._nameless: list[Entry] = []
        self._aliases: list[Alias] = []
        self._seen: dict[tuple[str, str], _Seen] = {}
        self._codes: set[str] = set()
        with database.transaction() as session:
            take_turn(session, _TURN)
            run = ImportRun(kind=kind, permission=permission)
            session.add(run)
            session.flush()
            self._run_id: int = run.id
            store_aliases(session, known_aliases())

    def add(self, entry: Entry) -> None:
        """Take one thing that was read; stores a batch when there are enough."""
        if entry.refusal:
            self.report.refuse(entry.file, entry.refusal)
        elif entry.alias:
            self._aliases.append(entry.alias)
            self.report.aliases += 1
        elif entry.record and entry.record.shape == police.SHAPE and not entry.record.code:
            self._nameless.append(entry)
        elif entry.record:
            self._add_contribution(Contribution(entry.record, entry.notes, entry.file))

    def finish(self) -> Report:
        """Store the rest, give codes to what has none, and close the run."""
        self.flush()
        self._add_nameless()
        self.flush()
        self._note_changed_codes()
        self._count()
        with self._database.transaction() as session:
            run = session.get(ImportRun, self._run_id)
            run.finished_at = now()
            run.counts = json.dumps({"new": self.report.new, "changed": self.report.changed})
        return self.report

    def stop(self, reason: str) -> Report:
        """Close the run before its time: what was not stored yet is dropped."""
        self._waiting.clear()
        self.report.stopped = reason
        self._count()
        return self.report

    def flush(self) -> None:
        """Store what waits, in one transaction; a record that the database does not take is refused alone."""
        try:
            self._store(self._waiting)
        except _NOT_TAKEN:
            for one in self._waiting:
                try:
                    self._store([one])
                except _NOT_TAKEN as error:
                    self.report.refuse(one.file, f"the database does not take it ({type(error).__name__})")
        self._waiting.clear()
        if self._aliases:
            with self._database.transaction() as session:
                take_turn(session, _TURN)
                store_aliases(session, self._aliases)
            self._aliases.clear()

    def _store(self, batch: list[Contribution]) -> None:
        if not batch:
            return
        with self._database.transaction() as session:
            # Merging reads what another import may be about to write.
            take_turn(session, _TURN)
            older = store_batch(session, batch, self._run_id)
        for one, moment in older:
            self.report.refuse(one.file, f"code {one.record.code} is stored in a newer version, of {moment}")

    def _add_contribution(self, one: Contribution) -> None:
        record = one.record
        place, digest = (record.shape, key_of(record)), record.content_hash()
        known = self._seen.get(place)
        if known and known.digest != digest and not self._replaces(one, known):
            return
        self._seen[place] = _Seen(digest, record.updated_at, one.file)
        self._codes.add(record.code)
        self.report.read[record.shape] += 1
        for rule, what in one.notes:
            self.report.suspect(record.code, rule, what)
        if known and known.digest == digest:
            return
        if known:
            # One batch may hold a place only once.
            self.flush()
        self._waiting.append(one)
        if len(self._waiting) >= self._batch_size:
            self.flush()

    def _replaces(self, one: Contribution, known: _Seen) -> bool:
        """Whether a record takes the place of another of the same source and code; says which one was left out."""
        new, old = one.record.updated_at, known.updated_at
        if new and old and new > old:
            self.report.suspect(one.record.code, "duplicate", f"{known.file} and {one.file}")
            return True
        self.report.refuse(one.file, f"code {one.record.code} stands in {known.file} with other content")
        return False

    def _add_nameless(self) -> None:
        if not self._nameless:
            return
        with self._database.reading() as session:
            names = Names(stored_names(session))
        for entry in self._nameless:
            assert entry.record
            try:
                code = names.code_of(entry.record.name, entry.record.levels, entry.record.publisher)
            except RefusedError as error:
                self.report.refuse(entry.file, str(error))
                continue
            self._add_contribution(Contribution(entry.record.with_code(code), entry.notes, entry.file))
        self._nameless.clear()

    def _note_changed_codes(self) -> None:
        with self._database.transaction() as session:
            for earlier, later in ids_with_two_codes(session):
                self.report.suspect(earlier.code, "two_codes", f"{later.code} has the same id: {later.name}")
                if earlier.updated_at and later.updated_at and earlier.updated_at < later.updated_at:
                    store_aliases(session, [Alias(earlier.code, later.code)])

    def _count(self) -> None:
        with self._database.reading() as session:
            counts = count_procedures(session, list(self._codes), self._run_id)
        self.report.new, self.report.changed, self.report.unchanged = counts


def import_files(
    database: Database, paths: tuple[Path, ...], progress: Callable[[Iterable[Path]], Iterable[Path]] = iter
) -> Report:
    """Import everything in files and folders.

    Args:
        progress: is given the files and gives them back one by one, showing how far it is.

    Returns:
        the report; when it was interrupted, up to there.

    Raises:
        ImportingError: there is nothing to read.
    """
    sources, skipped = find_files(paths)
    if not sources:
        raise ImportingError("There is nothing to import: no file ends in .json, .jsonl, .csv or .xlsx.")
    by_path = {source.path: source for source in sources}
    importer = Importer(database, "files")
    importer.report.skipped = skipped
    try:
        for path in progress(list(by_path)):
            for entry in read_file(by_path[path]):
                importer.add(entry)
        return importer.finish()
    except KeyboardInterrupt:
        return importer.stop("interrupted; what is counted here is stored, run it again to go on")
