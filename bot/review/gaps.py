"""What content lacks: questions that nobody could answer, and answers that did not help; of people who agreed to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from bot.complaints.model import Complaint
from bot.complaints.workdays import day_in_viet_nam
from bot.database import Database, cipher_of, now
from bot.delivery.model import NOBODY, Turn
from bot.review.collecting import ALIKE, DOWN, HANDOVER, NOT_MINE, agreed, denied_messages, typed
from bot.review.model import UNUSABLE, ReviewItem, ReviewMessage
from bot.review.rules import ReviewRules
from bot.text.anonymise import anonymise
from bot.text.copies import Nearest

ANSWER, OUT_OF_SCOPE = "answer", "out_of_scope"
PROCEDURE, TOPIC = "procedure", "topic"
# The newest messages that are looked at, so that a page never waits for a crowd.
MOST = 2000
# Feedback that says nothing against an answer.
_KIND_WORDS = ("praise", "suggestion")


@dataclass
class Question:
    """Messages that say nearly the same, and that the bot did not answer.

    Attributes:
        text: one of them, without what names anybody.
        outcomes: what the bot did instead.
        subject: the procedure or topic that it could say nothing about, None where it found none.
        last: the day of the newest.
    """

    text: str
    last: date
    subject: str | None
    messages: int = 0
    outcomes: set[str] = field(default_factory=set)
    persons: set[str] = field(default_factory=set)

    @property
    def people(self) -> int:
        """How many people asked."""
        return len(self.persons)


@dataclass
class Subject:
    """Answers about one thing.

    Attributes:
        kind: "procedure" or "topic".
        denied: answers after which somebody said that they did not help.
        complained: times that somebody filed feedback on the same day, in the same conversation, after such an answer.
    """

    kind: str
    key: str
    answers: int = 0
    denied: int = 0
    complained: int = 0


def unanswered(database: Database, rules: ReviewRules, moment: datetime | None = None) -> list[Question]:
    """Questions of the last days that nobody could answer, those of most people first."""
    since = (moment or now()) - timedelta(days=rules.gap_days)
    asked = typed(since).where(Turn.outcome.in_((OUT_OF_SCOPE, HANDOVER))).order_by(None).order_by(Turn.id.desc())
    near, found = Nearest(ALIKE), list[Question]()
    with database.reading() as session:
        unfit = _unfit(session)
        for turn, body, person in session.execute(asked.limit(MOST)).all():
            text = anonymise(cipher_of(session).unseal(body)) if turn.inbox_id not in unfit else ""
            if not text or len(text) > rules.longest:
                continue
            place = near.find(text)
            if place is None:
                place = near.add(text)
                found.append(Question(text, day_in_viet_nam(turn.created_at), turn.procedure or turn.topic))
            one = found[place]
            one.messages += 1
            one.outcomes.add(str(turn.outcome))
            one.persons.add(person or turn.conversation)
    return sorted(found, key=lambda one: (-one.people, -one.messages))


def doubted(database: Database, rules: ReviewRules, moment: datetime | None = None) -> list[Subject]:
    """What was answered in the last days and did not help, most complaints first; counts, and nobody's words.

    Complaints about persons and denunciations do not count: who looks may be one of those who must not know of them.
    """
    since = (moment or now()) - timedelta(days=rules.gap_days)
    answered = select(Turn).where(
        Turn.created_at >= since, Turn.outcome == ANSWER, Turn.conversation != NOBODY, agreed(Turn.conversation)
    )
    found: dict[tuple[str, str], Subject] = {}
    said: defaultdict[tuple[str, date], list[tuple[datetime, tuple[str, str]]]] = defaultdict(list)
    with database.reading() as session:
        denied = denied_messages(session, since)
        for turn in session.execute(answered).scalars():
            key = (PROCEDURE, turn.procedure) if turn.procedure else (TOPIC, turn.topic)
            if not key[1]:
                continue
            one = found.setdefault(key, Subject(*key))
            one.answers += 1
            one.denied += turn.feedback in (DOWN, NOT_MINE) or turn.inbox_id in denied
            said[turn.conversation, day_in_viet_nam(turn.created_at)].append((turn.created_at, key))
        for key in _complained(session.execute(_open_words(since)).all(), said):
            found[key].complained += 1
    doubtful = (one for one in found.values() if one.denied or one.complained)
    return sorted(doubtful, key=lambda one: (-one.complained, -one.denied, one.key))


def _complained(
    complaints: Iterable[Any], said: dict[tuple[str, date], list[tuple[datetime, tuple[str, str]]]]
) -> Iterable[tuple[str, str]]:
    """Of each conversation and day with feedback, once each, what was answered there before it."""
    latest: dict[tuple[str, date], datetime] = {}
    for conversation, at in complaints:
        place = conversation, day_in_viet_nam(at)
        latest[place] = max(at, latest.get(place, at))
    for place, at in latest.items():
        yield from dict.fromkeys(key for moment, key in said.get(place, ()) if moment <= at)


def _open_words(since: datetime) -> Any:
    """Conversation and moment of feedback that everybody who works on it may know of."""
    return select(Complaint.conversation, Complaint.created_at).where(
        Complaint.created_at >= since,
        Complaint.restricted.is_(False),
        or_(Complaint.naming.is_(None), Complaint.naming == ""),
        Complaint.erased_at.is_(None),
        Complaint.kind.not_in(_KIND_WORDS),
        agreed(Complaint.conversation),
    )


def _unfit(session: Session) -> set[int]:
    """Messages in which somebody saw what names a person."""
    rows = select(ReviewMessage.inbox_id).join(ReviewItem, ReviewItem.id == ReviewMessage.item_id)
    return set(session.execute(rows.where(ReviewItem.state == UNUSABLE)).scalars())
