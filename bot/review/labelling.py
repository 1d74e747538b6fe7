"""The inbox as people see it, and what they say of it: one at a time or many, undone if they like, never doubled."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of, now, take_turn
from bot.review.collecting import DENIED, SAMPLE, read_ranking, shown
from bot.review.deciding import SKIP, UNFIT, Decision, Facts, Vote, decide, proven
from bot.review.errors import ReviewError
from bot.review.model import (
    ACCEPTED,
    OPEN,
    SECOND,
    UNUSABLE,
    WAITING,
    WRITTEN,
    ReviewItem,
    ReviewLabel,
    ReviewMessage,
)
from bot.review.rules import ReviewRules, load_review_rules
from bot.text.normalise import fold, normalise

_INTENT = re.compile(r"- intent:\s*['\"]?([\w/]+)")
_KEY_OR_NAME = re.compile(r"^(key|name): *['\"]?(.*?)['\"]? *$", re.MULTILINE)
# What is waited for by a second person comes a little sooner: half of the work is done.
_SECOND_FIRST = 1.25
_LONGEST_NAME, _LONGEST_DEFINITION = 60, 500


@dataclass(frozen=True)
class Card:
    """One item as it is shown.

    Attributes:
        text: one of its messages, of somebody who still agrees.
        guesses: the model's three best readings with their shares.
        known: whether the model knows this already, so that it may be skipped.
        second: whether somebody labelled it before; what they said is not shown.
    """

    id: int
    text: str
    messages: int
    people: int
    reasons: tuple[str, ...]
    guesses: tuple[tuple[str, float], ...]
    procedure: str | None
    known: bool
    second: bool
    said_at: datetime


@dataclass(frozen=True)
class Desk:
    """The inbox for people who label.

    Attributes:
        sentences: how many training sentences each intent has; those are the intents there are.
        clock: tells the moment.
        procedures: the procedures a message may be about, with their names; empty is any.
        home: where reports and logs lie that may quote sentences.
    """

    database: Database
    rules: ReviewRules
    sentences: Mapping[str, int]
    clock: Callable[[], datetime] = now
    procedures: Mapping[str, str] = field(default_factory=dict)
    home: Path | None = None

    def next(self, by: str, count: int = 1, after: Sequence[int] = ()) -> list[Card]:
        """What this person should look at now, what is worth most first.

        Args:
            after: items that are not to be shown.
        """
        own = select(ReviewLabel.item_id).where(ReviewLabel.by == by, ReviewLabel.undone_at.is_(None))
        rows = select(ReviewItem.id, ReviewItem.state, ReviewItem.worth, ReviewItem.theme).where(
            ReviewItem.state.in_(OPEN), ReviewItem.id.not_in(own), ReviewItem.id.not_in(list(after)), is_shown()
        )
        with self.database.reading() as session:
            done = _labelled(session)

            def worth(row: Any) -> tuple[float, int]:
                # Each further label on something like it teaches less.
                fresh = 1 / math.sqrt(1 + done[row.theme])
                return -row.worth * fresh * (_SECOND_FIRST if row.state == SECOND else 1.0), row.id

            best = [row.id for row in sorted(session.execute(rows).all(), key=worth)[:count]]
            items = select(ReviewItem).where(ReviewItem.id.in_(best))
            by_id = {item.id: item for item in session.execute(items).scalars()}
            return [self._card(session, by_id[number]) for number in best]

    def card(self, item_id: int) -> Card:
        """One item.

        Raises:
            ReviewError: there is none, or nobody agrees to its being shown any more.
        """
        with self.database.reading() as session:
            row = select(ReviewItem).where(ReviewItem.id == item_id, ReviewItem.state != UNUSABLE, is_shown())
            item = session.execute(row).scalar_one_or_none()
            if item is None:
                raise ReviewError(f"There is no message {item_id} in the inbox.")
            return self._card(session, item)

    def label(
        self, items: Sequence[int], by: str, intent: str, procedure: str | None = None, definition: str | None = None
    ) -> list[Decision]:
        """Say what some items are; said again, the newer one counts.

        Args:
            intent: one that there is, `SKIP`, `UNFIT`, or a new one with its definition.

        Raises:
            ReviewError: there is no such item, intent or procedure.
        """
        self._check(intent, definition)
        if procedure and self.procedures and procedure not in self.procedures:
            raise ReviewError(f"There is no procedure '{procedure}'.")
        said = ReviewLabel(
            by=by, intent=intent, procedure=procedure or None, definition=definition, made_at=self.clock()
        )
        with self.database.transaction() as session:
            take_turn(session, "review")
            return [self._label(session, item, said) for item in dict.fromkeys(items)]

    def undo(self, by: str) -> list[int]:
        """Take back what this person said last, of one item or of many at once; returns the items."""
        own = (ReviewLabel.by == by, ReviewLabel.undone_at.is_(None), ReviewItem.state != WRITTEN)
        of_items = select(ReviewLabel).join(ReviewItem, ReviewItem.id == ReviewLabel.item_id).where(*own)
        with self.database.transaction() as session:
            take_turn(session, "review")
            last = session.execute(of_items.order_by(ReviewLabel.id.desc()).limit(1)).scalar_one_or_none()
            if last is None:
                return []
            # What was said at once has one moment.
            rows = session.execute(of_items.where(ReviewLabel.made_at == last.made_at)).scalars().all()
            for row in rows:
                row.undone_at = now()
            session.flush()
            for row in rows:
                item = session.get(ReviewItem, row.item_id, with_for_update=True)
                assert item
                self._settle(session, item)
            return [int(row.item_id) for row in rows]

    def settle_all(self, session: Session) -> None:
        """Decide anew what is not in the data yet: somebody may have proved right, or wrong, since."""
        judge = self._judge(session)
        for item in session.execute(select(ReviewItem).where(ReviewItem.state.in_((*OPEN, ACCEPTED)))).scalars():
            self._settle(session, item, judge)

    def counts(self) -> dict[str, int]:
        """How many items there are in each state."""
        rows = select(ReviewItem.state, func.count()).where(is_shown()).group_by(ReviewItem.state)
        with self.database.reading() as session:
            return {str(state): int(count) for state, count in session.execute(rows)}

    def proven(self) -> frozenset[str]:
        """People whose labels count by themselves."""
        with self.database.reading() as session:
            return self._judge(session).proven

    def _label(self, session: Session, item_id: int, said: ReviewLabel) -> Decision:
        item = session.get(ReviewItem, item_id, with_for_update=True)
        if item is None or item.state in (WRITTEN, UNUSABLE):
            raise ReviewError(f"Message {item_id} is not in the inbox any more.")
        own = (ReviewLabel.item_id == item_id, ReviewLabel.by == said.by, ReviewLabel.undone_at.is_(None))
        session.execute(update(ReviewLabel).where(*own).values(undone_at=now()))
        about = {"item_id": item_id, "procedure": said.procedure, "definition": said.definition}
        session.add(ReviewLabel(by=said.by, intent=said.intent, made_at=said.made_at, **about))
        session.flush()
        return self._settle(session, item)

    def _settle(self, session: Session, item: ReviewItem, judge: _Judge | None = None) -> Decision:
        judge = judge or self._judge(session)
        reasons = item.reasons.split(",")
        facts = Facts(read_ranking(item.ranking), bool(DENIED & set(reasons)), SAMPLE in reasons)
        decision = decide(judge.votes(item.id), facts, self.rules, self.sentences)
        item.state, item.intent, item.procedure = decision.state, decision.intent, decision.procedure
        item.asks = ",".join(decision.asks)
        item.decided_at = None if decision.state in OPEN else item.decided_at or now()
        session.flush()
        return decision

    def _judge(self, session: Session) -> _Judge:
        rows = select(ReviewLabel).where(ReviewLabel.undone_at.is_(None)).order_by(ReviewLabel.id)
        return _Judge(list(session.execute(rows).scalars()), self.rules)

    def _check(self, intent: str, definition: str | None) -> None:
        if intent in (SKIP, UNFIT) or intent in self.sentences:
            return
        if not definition or not definition.strip():
            raise ReviewError(f"There is no intent '{intent}'; a new one needs a definition.")
        plain = intent.isascii() and intent.isidentifier() and intent == intent.lower()
        if not plain or len(intent) > _LONGEST_NAME or len(definition) > _LONGEST_DEFINITION:
            raise ReviewError("A new intent is a name like ask_something, with a definition of 500 characters at most.")

    def _card(self, session: Session, item: ReviewItem) -> Card:
        first = (
            select(ReviewMessage).where(ReviewMessage.item_id == item.id, *shown()).order_by(ReviewMessage.id).limit(1)
        )
        message = session.execute(first).scalar_one()
        ranking, reasons = read_ranking(item.ranking), tuple(item.reasons.split(","))
        sure = bool(ranking) and ranking[0][1] >= self.rules.known and not DENIED & set(reasons)
        return Card(
            id=item.id,
            text=cipher_of(session).unseal(message.text),
            messages=item.messages,
            people=item.people,
            reasons=reasons,
            guesses=ranking[:3],
            procedure=message.procedure,
            known=sure and SAMPLE not in reasons,
            second=item.state != WAITING,
            said_at=message.said_at,
        )


class _Judge:
    """Turns labels into votes, knowing whose count by themselves."""

    def __init__(self, labels: Sequence[ReviewLabel], rules: ReviewRules) -> None:
        self.proven = proven(((row.item_id, row.by, row.intent) for row in labels), rules)
        self._by_item: defaultdict[int, list[Vote]] = defaultdict(list)
        recent: defaultdict[str, deque[datetime]] = defaultdict(deque)
        for row in labels:
            own = recent[row.by]
            while own and own[0] <= row.made_at - timedelta(days=7):
                own.popleft()
            over_cap = len(own) >= rules.per_labeller
            if row.intent != SKIP:
                own.append(row.made_at)
            counts = row.by in self.proven and not over_cap
            self._by_item[row.item_id].append(Vote(row.by, row.intent, row.procedure, counts, over_cap))

    def votes(self, item_id: int) -> list[Vote]:
        """What people say of one item."""
        return self._by_item[item_id]


def open_desk(database: Database, root: Path, home: Path | None = None) -> Desk:
    """The inbox of a checkout.

    Args:
        home: as in `Desk`.

    Raises:
        ReviewError: its rules can't be read.
    """
    rules, sentences = load_review_rules(root / "knowledge"), count_sentences(root / "data" / "nlu")
    return Desk(database, rules, sentences, procedures=load_procedures(root / "knowledge"), home=home)


def count_sentences(folder: Path) -> Counter[str]:
    """How many training sentences each intent has, quickly, in files of the shape that `DataFiles` asks for."""
    counts: Counter[str] = Counter()
    for path in sorted(folder.glob("*.yml")):
        intent = ""
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            found = _INTENT.match(line)
            if found or line.startswith("- "):
                intent = found.group(1) if found else ""
            elif intent and line.strip().startswith("-"):
                counts[intent] += 1
    return counts


def load_names(folder: Path) -> dict[str, str]:
    """What intents are called in Vietnamese, as `knowledge/intents.yml` has it."""
    content = yaml.safe_load((folder / "intents.yml").read_text(encoding="utf-8"))
    return {intent: str(names["reading"]) for intent, names in content.items()}


def load_procedures(folder: Path) -> dict[str, str]:
    """Keys and names of the procedures with content, quickly: only these two lines of each file are looked at."""
    found = {}
    for path in sorted((folder / "procedures").glob("*.yml")):
        lines: dict[str, str] = dict(_KEY_OR_NAME.findall(path.read_text(encoding="utf-8", errors="replace")))
        if "key" in lines:
            found[lines["key"]] = lines.get("name", lines["key"])
    return found


def find_intents(typed: str, intents: Iterable[str], names: Mapping[str, str]) -> list[str]:
    """Intents, or procedures, whose key and name together have every word that was typed.

    Args:
        names: what they are called in Vietnamese.
    """
    words = fold(normalise(typed)).replace("_", " ").split()

    def described(intent: str) -> str:
        return fold(normalise(f"{intent.replace('_', ' ')} {names.get(intent, '')}"))

    return [intent for intent in sorted(intents) if all(word in described(intent) for word in words)]


def _labelled(session: Session) -> dict[int, int]:
    """How many items of each theme were labelled."""
    counts = select(ReviewItem.theme, func.count()).where(ReviewItem.state != WAITING).group_by(ReviewItem.theme)
    return defaultdict(int, session.execute(counts).all())


def is_shown() -> Any:
    """That an item has a message of somebody who agrees at this moment."""
    return select(ReviewMessage.id).where(ReviewMessage.item_id == ReviewItem.id, *shown()).exists()
