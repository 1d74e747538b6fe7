"""Writes what was read into the database, one transaction a batch, and changes only what changed."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.catalogue.importing.files import Alias
from bot.catalogue.importing.merge import LONG_AGO, Contribution, Merged, merge_code, province_of
from bot.catalogue.importing.model import CodeAlias, ImportedProcedure, ImportedSource
from bot.catalogue.importing.naming import Named
from bot.catalogue.importing.record import Record, from_json
from bot.database import now
from bot.text.normalise import normalise

# SQLite takes a limited number of values in one question.
_AT_ONCE = 400
_KNOWN_ALIASES = Path(__file__).with_name("aliases.json")


def key_of(record: Record) -> str:
    """What tells a source's records of one shape apart: the portal's id, or code and publisher."""
    if record.uuid:
        return f"{record.code}@{record.uuid}"
    return f"{record.code}@{normalise(record.publisher)}"[:300]


def store_batch(session: Session, batch: Sequence[Contribution], run_id: int) -> list[tuple[Contribution, str]]:
    """Store a batch and merge its codes again.

    Returns:
        what was left out because the store has it in a newer version, each with the moment of that.
    """
    stored = _stored_sources(session, batch)
    touched: set[str] = set()
    older: list[tuple[Contribution, str]] = []
    for one in batch:
        place = (one.record.shape, key_of(one.record))
        source, digest = stored.get(place), one.record.content_hash()
        if source is None:
            source = ImportedSource(shape=place[0], key=place[1], code=one.record.code)
            session.add(source)
            stored[place] = source
        elif source.content_hash == digest:
            continue
        elif source.updated_at and one.record.updated_at and one.record.updated_at < source.updated_at:
            older.append((one, f"{source.updated_at:%Y-%m-%d %H:%M}"))
            continue
        _fill_source(source, one, digest, run_id)
        touched.add(one.record.code)
    session.flush()
    _merge_codes(session, touched, run_id)
    return older


def count_procedures(session: Session, codes: Sequence[str], run_id: int) -> tuple[int, int, int]:
    """How many procedures a run brought and changed, and how many of these codes it left as they were."""
    row = ImportedProcedure
    counting = select(func.count(row.id))
    new = session.execute(counting.where(row.first_run_id == run_id)).scalar_one()
    changed = session.execute(counting.where(row.run_id == run_id, row.first_run_id != run_id)).scalar_one()
    untouched = counting.where(row.run_id != run_id)
    same = sum(session.execute(untouched.where(row.code.in_(some))).scalar_one() for some in _slices(sorted(codes)))
    return new, changed, same


def store_aliases(session: Session, aliases: Iterable[Alias]) -> None:
    """Store replaced codes; a later one of the same old code counts."""
    for alias in aliases:
        row = session.get(CodeAlias, alias.old_code) or CodeAlias(old_code=alias.old_code)
        row.new_code, row.name = alias.new_code, alias.name
        session.add(row)
        session.flush()


def known_aliases() -> list[Alias]:
    """The replaced codes that come with the program."""
    return [Alias(**alias) for alias in json.loads(_KNOWN_ALIASES.read_text(encoding="utf-8"))]


def stored_names(session: Session) -> list[Named]:
    """Every stored procedure as far as its name tells it."""
    columns = (ImportedProcedure.code, ImportedProcedure.name, ImportedProcedure.publisher)
    return [Named(code, name, publisher) for code, name, publisher in session.execute(select(*columns))]


def ids_with_two_codes(session: Session) -> list[tuple[ImportedProcedure, ImportedProcedure]]:
    """Pairs of procedures with one id of the portal and two codes, the one that was updated earlier first.

    So a changed code shows: the portal keeps the id. Where a moment is missing, nobody knows which code is the new one.
    """
    table = ImportedProcedure
    twice = (
        select(table.uuid).where(table.uuid != "").group_by(table.uuid).having(func.count(table.code.distinct()) > 1)
    )
    rows: dict[str, list[ImportedProcedure]] = defaultdict(list)
    for row in session.execute(select(table).where(table.uuid.in_(twice)).order_by(table.code)).scalars():
        rows[row.uuid].append(row)
    for several in rows.values():
        several.sort(key=lambda row: row.updated_at or LONG_AGO)
    return [(earlier, later) for several in rows.values() for earlier, later in pairwise(several)]


def _stored_sources(session: Session, batch: Sequence[Contribution]) -> dict[tuple[str, str], ImportedSource]:
    keys: dict[str, set[str]] = defaultdict(set)
    for one in batch:
        keys[one.record.shape].add(key_of(one.record))
    found = {}
    for shape, wanted in keys.items():
        for some in _slices(sorted(wanted)):
            question = select(ImportedSource).where(ImportedSource.shape == shape, ImportedSource.key.in_(some))
            found.update({(row.shape, row.key): row for row in session.execute(question).scalars()})
    return found


def _fill_source(source: ImportedSource, one: Contribution, digest: str, run_id: int) -> None:
    source.content_hash = digest
    source.content = zlib.compress(one.record.to_json().encode(), 1)
    source.notes = json.dumps(one.notes, ensure_ascii=False)
    source.file = one.file[:300]
    source.updated_at = one.record.updated_at
    source.run_id = run_id
    source.imported_at = now()


def _merge_codes(session: Session, codes: set[str], run_id: int) -> None:
    for some in _slices(sorted(codes)):
        sources: dict[str, list[Contribution]] = defaultdict(list)
        for source in session.execute(select(ImportedSource).where(ImportedSource.code.in_(some))).scalars():
            sources[source.code].append(_contribution(source))
        rows: dict[str, list[ImportedProcedure]] = defaultdict(list)
        for row in session.execute(select(ImportedProcedure).where(ImportedProcedure.code.in_(some))).scalars():
            rows[row.code].append(row)
        for code in some:
            _write_code(session, merge_code(sources[code]), rows[code], run_id)
    session.flush()


def _contribution(source: ImportedSource) -> Contribution:
    notes = tuple((rule, what) for rule, what in json.loads(source.notes))
    return Contribution(from_json(zlib.decompress(source.content).decode()), notes, source.file)


def _write_code(session: Session, merged: list[Merged], rows: list[ImportedProcedure], run_id: int) -> None:
    """Bring the rows of one code to what its sources say now."""
    by_identity = {row.identity: row for row in rows}
    left = [row for row in rows if row.identity not in {one.identity for one in merged}]
    for one in merged:
        row = by_identity.get(one.identity)
        if row is None and left:
            # The procedure was known by its publisher only, and now its id is known.
            row = left.pop()
        if row is None:
            row = ImportedProcedure(code=one.record.code, first_run_id=run_id)
            session.add(row)
        digest = one.record.content_hash()
        if row.content_hash != digest or row.identity != one.identity:
            _fill_procedure(row, one, digest, run_id)
    for row in left:
        # Another procedure of the code took its sources over.
        session.delete(row)


def _fill_procedure(row: ImportedProcedure, one: Merged, digest: str, run_id: int) -> None:
    record = one.record
    row.identity = one.identity[:300]
    row.uuid, row.publisher, row.province = record.uuid, record.publisher, province_of(record.publisher)[:100]
    row.name, row.detail, row.type, row.state = record.name, record.detail, record.type[:30], record.state[:20]
    row.shape, row.file, row.url = record.shape, one.main.file[:300], record.url
    row.updated_at, row.data_date = record.updated_at, record.data_date
    row.content, row.content_hash = record.to_json(), digest
    row.origins, row.notes = json.dumps(one.origins), json.dumps(one.notes, ensure_ascii=False)
    row.run_id, row.changed_at = run_id, now()


def _slices(values: list[str]) -> Iterable[list[str]]:
    return (values[start : start + _AT_ONCE] for start in range(0, len(values), _AT_ONCE))
