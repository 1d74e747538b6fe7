"""The imported records for readers: all of them by name for the search, one of them whole by code."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.catalogue.importing.model import CodeAlias, ImportedProcedure
from bot.catalogue.importing.record import DETAILS, Record, from_json
from bot.catalogue.model import Knowledge, Name
from bot.database import Database
from bot.text.normalise import normalise

_AT_ONCE = 500


@dataclass(frozen=True)
class ImportedName(Name):
    """What the search needs of an imported record; `synonyms` are its keywords.

    Attributes:
        key: the code, or for a province's own procedure "code/province".
        province: whose own procedure it is, empty for a national one.
        detail: `details` or `name_only`.
        type: `STANDARD`, `SPECIFIC`, `STANDARD_INTERNAL` …; internal ones are not for citizens.
        steps: the text of the steps.
    """

    fields: tuple[str, ...] = ()
    publisher: str = ""
    province: str = ""
    detail: str = DETAILS
    type: str = ""
    state: str = ""
    steps: str = ""


@dataclass(frozen=True)
class Imported:
    """One whole record with where it comes from.

    Attributes:
        asked: the code that was asked for; `record.code` is another one when that was replaced.
        province: whose own it is; empty for a national one, whose numbers are then the frame that provinces fill.
        origins: parts that come from another source than `record.shape`, and from which.
        notes: doubtful places, pairs of a rule and what was seen.
        file: the file it came from, or the portal.
    """

    asked: str
    record: Record
    province: str
    origins: dict[str, str]
    notes: tuple[tuple[str, str], ...]
    file: str
    changed_at: datetime


def imported_names(database: Database) -> Iterator[ImportedName]:
    """Every imported record, light, in the order of their codes; reads a few at a time."""
    with database.reading() as session:
        old_codes = _old_codes(session)
        for code, group in groupby(_all_rows(session), key=lambda row: str(row.code)):
            rows = sorted(group, key=lambda row: _fitness(row, ""), reverse=True)
            for place, row in enumerate(rows):
                own = row.province or row.identity
                plain = not place and not row.province
                yield _name_of(row, code if plain else f"{code}/{own}", old_codes.get(code, ()))


def load_imported(database: Database, code: str, province: str = "") -> Imported | None:
    """The whole record of a code, or of the code that replaced it; None when there is none.

    Args:
        province: where the citizen lives; that province's own version counts more than the national one.
    """
    with database.reading() as session:
        rows = _rows_of(session, code) or _rows_of(session, _replacement(session, code))
        if not rows:
            return None
        row = max(rows, key=lambda row: _fitness(row, province))
        return Imported(
            asked=code,
            record=from_json(row.content),
            province=row.province,
            origins=json.loads(row.origins),
            notes=tuple((rule, what) for rule, what in json.loads(row.notes)),
            file=row.file,
            changed_at=row.changed_at,
        )


def shadowed_codes(database: Database, knowledge: Knowledge) -> dict[str, str]:
    """Codes whose imported record stands behind reviewed content, with the key of that content.

    Besides the content's own codes these are the codes that replaced them, and those they replaced.
    """
    shadowed = {code: item.key for item in knowledge.procedures.values() for code in (*item.codes, *item.old_codes)}
    with database.reading() as session:
        pairs = [(alias.old_code, alias.new_code) for alias in session.execute(select(CodeAlias)).scalars()]
    for old, new in pairs:
        if new and (key := shadowed.get(old) or shadowed.get(new)):
            shadowed.setdefault(old, key)
            shadowed.setdefault(new, key)
    return shadowed


def _all_rows(session: Session) -> Iterator[ImportedProcedure]:
    last = ("", "")
    while rows := _rows_after(session, last):
        last = (rows[-1].code, rows[-1].identity)
        session.expunge_all()
        yield from rows


def _rows_after(session: Session, last: tuple[str, str]) -> list[ImportedProcedure]:
    code, identity = last
    table = ImportedProcedure
    question = (
        select(table)
        .where((table.code > code) | ((table.code == code) & (table.identity > identity)))
        .order_by(table.code, table.identity)
        .limit(_AT_ONCE)
    )
    return list(session.execute(question).scalars())


def _old_codes(session: Session) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for alias in session.execute(select(CodeAlias).order_by(CodeAlias.old_code)).scalars():
        found[alias.new_code].append(alias.old_code)
    return {new: tuple(old) for new, old in found.items() if new}


def _name_of(row: ImportedProcedure, key: str, old_codes: tuple[str, ...]) -> ImportedName:
    record = from_json(row.content)
    return ImportedName(
        key=key,
        name=row.name,
        synonyms=record.keywords,
        codes=(row.code,),
        old_codes=old_codes,
        fields=record.fields,
        publisher=row.publisher,
        province=row.province,
        detail=row.detail,
        type=row.type,
        state=row.state,
        steps="\n".join(f"{step.name} {step.text}".strip() for step in record.steps),
    )


def _rows_of(session: Session, code: str) -> list[ImportedProcedure]:
    if not code:
        return []
    return list(session.execute(select(ImportedProcedure).where(ImportedProcedure.code == code)).scalars())


def _replacement(session: Session, code: str) -> str:
    """The code that replaced another; where only the new name is known, the code of the record that bears it."""
    alias = session.get(CodeAlias, code)
    if alias is None or alias.new_code:
        return alias.new_code if alias else ""
    question = select(ImportedProcedure.code).where(ImportedProcedure.name == alias.name).distinct()
    codes: list[str] = list(session.execute(question).scalars())
    return codes[0] if len(codes) == 1 else ""


def _fitness(row: ImportedProcedure, province: str) -> tuple[bool, bool, bool, str]:
    theirs = bool(province) and normalise(row.province) == normalise(province)
    return theirs, not row.province, row.detail == DETAILS, str(row.updated_at or "")
