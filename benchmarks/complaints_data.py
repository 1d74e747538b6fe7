"""Invented feedback in any number, skewed as a centre's is: most of it closed, few kinds frequent, some words rare."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from itertools import accumulate, islice
from typing import Any

import yaml
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from bot.complaints.lifecycle import ANSWERED, CLOSED, IN_PROGRESS, OPEN, RECEIVED
from bot.complaints.model import Complaint, ComplaintMove
from bot.complaints.texts import plain
from bot.database import Database
from bot.settings import ROOT
from bot.text.codes import new_receipt_code

SPAN = timedelta(days=5 * 365)
END = datetime(2026, 11, 22, 8, tzinfo=timezone.utc)
TODAY = END.date()
BATCH = 5_000
KINDS = {
    "late": 38,
    "papers": 20,
    "online_system": 15,
    "attitude": 11,
    "fee": 6,
    "other": 5,
    "suggestion": 2.5,
    "praise": 1.5,
    "bribery": 0.7,
    "regulation": 0.3,
}
OPEN_STATES = {RECEIVED: 25, "needs_information": 15, "accepted": 20, "forwarded": 15, IN_PROGRESS: 25}
UNITS = 40
OFFICERS = 120
# Of all feedback, the newest part in which something is still open.
RECENT = 0.05
# Words that stand in the newest fifth only, and two frequent ones that never meet.
NEW_WORD, NEW_FROM = "sinhtrachoc", 0.8
EITHER = ("kiosk", "taxi")
_SYLLABLES = """an binh bac cau dong duc gia ha hoa hung khanh lam long minh my nam ngoc nhon phu phuoc quang son tan
tay thanh thinh thuan tien trung van vinh xuan yen"""
_MOVE = ("complaint_id", "moved_at", "moved_by", "from_state", "to_state")


@dataclass(frozen=True)
class _Choice:
    """Draws by weight, quickly."""

    values: list[Any]
    sums: list[float]

    @classmethod
    def of(cls, weights: Mapping[Any, float]) -> _Choice:
        return cls(list(weights), list(accumulate(weights.values())))

    def __call__(self, chance: random.Random) -> Any:
        return chance.choices(self.values, cum_weights=self.sums)[0]


def told() -> dict[str, float]:
    """Sentences of citizens, the first ones much more frequent than the last."""
    content = yaml.safe_load((ROOT / "data" / "nlu" / "feedback.yml").read_text(encoding="utf-8"))
    blocks = [block["examples"] for block in content["nlu"] if "examples" in block]
    sentences = list(dict.fromkeys(line[2:].strip() for block in blocks for line in block.splitlines()))
    random.Random(7).shuffle(sentences)
    return {sentence: 1 / (place + 5) for place, sentence in enumerate(sentences)}


def rows(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Complaints as rows of their table, oldest first, ids from 1."""
    chance = random.Random(seed)
    sentences = told()
    folded = {sentence: plain(sentence) for sentence in sentences}
    sentence, kind, state = _Choice.of(sentences), _Choice.of(KINDS), _Choice.of(OPEN_STATES)
    unit = _Choice.of({f"Đơn vị {number}": 1 / number for number in range(1, UNITS + 1)})
    officer = _Choice.of({f"Cán bộ {number}": 1 / (number + 9) for number in range(1, OFFICERS + 1)})
    for number in range(1, count + 1):
        age = number / count
        parts = [sentence(chance) for _ in range(chance.randint(2, 6))]
        parts.append(EITHER[number % 2])
        if age > NEW_FROM and number % 5 == 0:
            parts.append(NEW_WORD)
        place, who, dossier = _name(chance, 2), _name(chance, 3), f"H29.{number % 97}-{250000 + number}-{number:07}"
        at = END - SPAN * (1 - age)
        now = _state(chance, age, state)
        yield {
            "id": number,
            "code": new_receipt_code(),
            "filed_by_inbox_id": number,
            "conversation": f"web:{number // 2}",
            "province": "demo",
            "route": "phan_anh",
            "kind": kind(chance),
            "restricted": chance.random() < 0.002,
            "description": ". ".join((*parts, who)),
            "office": f"UBND xã {place}",
            "dossier_code": dossier,
            "folded": " ".join((*(folded.get(p) or plain(p) for p in parts), who, "ubnd xa", place, plain(dossier))),
            "state": now,
            "end_reason": "solved" if now in (ANSWERED, CLOSED) else None,
            "unit": None if now == RECEIVED else unit(chance),
            "assignee": None if now == RECEIVED else officer(chance),
            "due_on": (at + timedelta(days=9)).date(),
            "reopened": 0,
            "version": 1,
            "created_at": at,
        }


def _name(chance: random.Random, syllables: int) -> str:
    return " ".join(chance.choices(_SYLLABLES.split(), k=syllables))


def _state(chance: random.Random, age: float, open_state: _Choice) -> str:
    """Old ones are closed, of the newest most are open, and one of a thousand was forgotten."""
    is_open = chance.random() < (0.8 if age > 1 - RECENT else 0.001)
    return open_state(chance) if is_open else (CLOSED if chance.random() < 0.97 else ANSWERED)


def moves_of(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The history of a complaint, one to three steps."""
    steps = [(None, RECEIVED, "citizen")]
    if row["state"] != RECEIVED:
        steps.append((RECEIVED, IN_PROGRESS, row["assignee"]))
    if row["state"] not in OPEN:
        steps.append((IN_PROGRESS, row["state"], row["assignee"]))
    values = [(row["id"], row["created_at"], by, before, after) for before, after, by in steps]
    return [dict(zip(_MOVE, value, strict=True)) for value in values]


def fill(database: Database, count: int) -> None:
    """Put that many complaints with their histories into an empty database, and let it take its statistics."""
    source = rows(count)
    with _without_word_indexes(database):
        while batch := list(islice(source, BATCH)):
            moves = [move for row in batch for move in moves_of(row)]
            with database.transaction() as session:
                for table, values in ((Complaint.__table__, batch), (ComplaintMove.__table__, moves)):
                    if database.embedded:
                        session.execute(insert(table), values)
                    else:
                        _copy(session, table.name, values)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE" if database.embedded else "VACUUM ANALYZE")


@contextmanager
def _without_word_indexes(database: Database) -> Iterator[None]:
    """Made at the end they take a tenth of the time."""
    found: list[Any] = []
    if not database.embedded:
        with database.transaction() as session:
            asked = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'complaints' AND indexdef ~ 'gin'"
            found = session.execute(text(asked)).all()
            for name, _ in found:
                session.execute(text(f'DROP INDEX "{name}"'))
    yield
    with database.transaction() as session:
        for _, definition in found:
            session.execute(text("SET LOCAL maintenance_work_mem = '512MB'"))
            session.connection().exec_driver_sql(definition.replace("%", "%%"))


def _copy(session: Session, table: str, values: list[dict[str, Any]]) -> None:
    lines = io.StringIO()
    csv.writer(lines).writerows([_field(value) for value in row.values()] for row in values)
    lines.seek(0)
    with session.connection().connection.cursor() as cursor:
        cursor.copy_expert(f"COPY {table} ({', '.join(values[0])}) FROM STDIN (FORMAT csv)", lines)


def _field(value: object) -> object:
    return value.isoformat() if isinstance(value, (date, datetime)) else value
