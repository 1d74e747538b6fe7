"""An inbox with people who agreed, and a checkout with a few sentences."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.complaints import consents
from bot.database import Database, now
from bot.delivery import turns
from bot.delivery.model import DONE, Correspondent, InboxMessage, Turn
from bot.review.collecting import Collected, collect
from bot.review.labelling import Desk
from bot.review.model import ReviewExample, ReviewItem, ReviewLabel, ReviewMessage
from bot.review.rules import ReviewRules, load_review_rules
from bot.settings import ROOT
from tests.factories import accept

LEAD, HOA, NAM = "Lý Trì", "Lê Hoa", "Ngô Nam"
RULES = replace(load_review_rules(ROOT / "knowledge"), leads=(LEAD,), sample=0, per_person=50, blind=0.0, proven=3)
# How many sentences each intent has.
SENTENCES = {
    "ask_forms": 90,
    "ask_hotline": 90,
    "ask_postal": 90,
    "submit_complaint": 90,
    "bot_identity": 20,
    "greet": 90,
}
UNSURE = (("ask_forms", 0.4), ("ask_hotline", 0.35), ("ask_postal", 0.1))

NLU = """version: "3.1"
nlu:
# Papers to fill in.
- intent: ask_forms
  examples: |
    - tải mẫu đơn ở đâu
    - cho xin tờ khai
- intent: ask_hotline   # the number
  examples: |
    - số tổng đài là gì

- lookup: street
  examples: |
    - đường Láng
"""
MORE = """version: "3.1"
nlu:
- intent: submit_complaint
  examples: |
    - cán bộ quát dân
"""


@dataclass
class Town:
    """Citizens who write, and maintainers who label."""

    database: Database
    root: Path
    rules: ReviewRules = RULES
    sentences: dict[str, int] = field(default_factory=lambda: dict(SENTENCES))

    @property
    def desk(self) -> Desk:
        return Desk(self.database, self.rules, self.sentences)

    def say(self, text, who="web:an", outcome="clarify", ranking=UNSURE, agrees=True, at=None, **more):
        """A message that was understood in some way; returns its number."""
        inbox_id = accept(self.database, text, who, **more)
        best = ranking[0] if ranking else (None, None)
        log = turns.TurnLog(best[0], best[1], outcome, None, None, ranking)
        with self.database.transaction() as session:
            session.execute(update(InboxMessage).where(InboxMessage.id == inbox_id).values(state=DONE))
            turns.record(session, who, inbox_id, log)
            if agrees:
                consents.give(session, who, consents.IMPROVE)
            if at:
                session.execute(update(Turn).where(Turn.inbox_id == inbox_id).values(created_at=at))
        return inbox_id

    def link(self, *conversations, person="p1"):
        """Let conversations be those of one person."""
        with self.database.transaction() as session:
            for name in conversations:
                known = session.get(Correspondent, name)
                if known is None:
                    session.add(Correspondent(conversation=name, channel=name.split(":")[0], person=person))
                else:
                    known.person = person

    def collect(self, moment: datetime | None = None) -> Collected:
        return collect(self.database, self.rules, moment or now() + timedelta(seconds=1))

    def accepted(self, text, intent="ask_hotline", who="web:an"):
        """An item that is decided; returns its number."""
        self.say(text, who)
        self.collect()
        item = next(card.id for card in self.desk.next(LEAD, 100) if card.text == text)
        assert self.desk.label([item], LEAD, intent)[0].state == "accepted"
        return item

    def rows(self, table):
        with self.database.reading() as session:
            return list(session.execute(select(table).order_by(table.id)).scalars())

    def item(self, number=None) -> ReviewItem:
        rows = self.rows(ReviewItem)
        return rows[0] if number is None else next(row for row in rows if row.id == number)

    def file(self, name="data/nlu/a.yml") -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def is_empty(self):
        return not any(self.rows(table) for table in (ReviewItem, ReviewMessage, ReviewLabel, ReviewExample))


@pytest.fixture
def town(database, tmp_path) -> Town:
    folder = tmp_path / "checkout" / "data" / "nlu"
    folder.mkdir(parents=True)
    (folder / "a.yml").write_text(NLU, encoding="utf-8")
    (folder / "b.yml").write_text(MORE, encoding="utf-8")
    (tmp_path / "checkout" / "domain.yml").write_text(f"intents: [{', '.join(SENTENCES)}]\n", encoding="utf-8")
    held = tmp_path / "checkout" / "tests" / "heldout"
    held.mkdir(parents=True)
    (held / "messages.jsonl").write_text('{"id": "h1", "text": "đường dây nóng số mấy vậy", "intent": "ask_hotline"}\n')
    return Town(database, tmp_path / "checkout")
