"""Complaints to work on: filed with rules of a centre whose dates are known."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from sqlalchemy import func, select, update

from bot.complaints import casework, citizen
from bot.complaints.filing import Draft, Receipt, file_complaint
from bot.complaints.lifecycle import ANSWERED, CLOSED, FORWARDED, MOVES, STAFF
from bot.complaints.model import Complaint
from bot.complaints.rules import Rules, load_rules
from bot.database import Database
from bot.delivery import outbox, vault
from bot.settings import ROOT

OFFICER = "Lê Thị Hoa"
AN = "web:an"
WORDS = "Bộ phận một cửa xã hẹn ba lần vẫn chưa trả kết quả"
DRAFT = Draft(
    "late",
    WORDS,
    office="UBND xã An Hòa",
    happened="tuần trước",
    words=(("description", WORDS), ("office", "ở chỗ xã An Hòa ấy")),
)


@dataclass
class Centre:
    """A centre at work on one database."""

    database: Database
    rules: Rules
    _messages: count = field(default_factory=lambda: count(7))

    def file(self, conversation: str = AN, **changed: object) -> Receipt:
        return file_complaint(self.database, self.rules, conversation, next(self._messages), replace(DRAFT, **changed))

    def move(self, code: str, state: str, note: str = "lý do", **more: object) -> None:
        """One step by an officer, whatever function it needs."""
        if state == ANSWERED:
            casework.answer(self.database, self.rules, code, note, "solved", OFFICER, **more)
        elif state == FORWARDED:
            casework.forward(self.database, self.rules, code, "Phòng Kinh tế", OFFICER, note, **more)
        else:
            casework.move(self.database, self.rules, code, state, OFFICER, note, **more)

    def file_in(self, state: str, **changed: object) -> str:
        """A complaint that officers took to a state; a closed one was answered and settled."""
        code = self.file(**changed).code
        for step in way_to(state):
            self.step(code, step)
        return code

    def step(self, code: str, state: str) -> None:
        if state == CLOSED:
            citizen.settle(self.database, self.rules, AN, code)
        else:
            self.move(code, state)

    def row(self, code: str) -> Complaint:
        with self.database.reading() as session:
            row = session.execute(select(Complaint).where(Complaint.code == code)).scalar_one()
            list(row.words)
            return row

    def change(self, code: str, **values: object) -> None:
        """Set columns as if time had passed."""
        with self.database.transaction() as session:
            session.execute(update(Complaint).where(Complaint.code == code).values(**values))

    def count(self, table: type) -> int:
        with self.database.reading() as session:
            return int(session.execute(select(func.count()).select_from(table)).scalar_one())

    def told(self, conversation: str = AN) -> list[str]:
        """What a conversation was told."""
        with self.database.reading() as session:
            return [line.text for line in outbox.read_lines(session, conversation, 0).lines]

    def hide(self, text: str, conversation: str = AN) -> str:
        with self.database.transaction() as session:
            return vault.hide(session, conversation, text)


def way_to(state: str) -> list[str]:
    """The shortest way from "received" that officers can go, the end by the citizen."""
    ways = [["received"]]
    while ways[0][-1] != state:
        way = ways.pop(0)
        onward = [s for s, actors in MOVES[way[-1]].items() if STAFF in actors and s not in way]
        ways += [[*way, after] for after in onward]
    return ways[0][1:]


@pytest.fixture
def centre(database: Database) -> Centre:
    return Centre(database, load_rules(ROOT / "knowledge", "demo"))
