"""Fills the review inbox from real turns: those worth a look, of people who agreed, without what names anybody."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from bot.complaints.consents import IMPROVE
from bot.complaints.model import Consent
from bot.complaints.workdays import VIET_NAM, day_in_viet_nam
from bot.database import Database, cipher_of, now, take_turn
from bot.delivery.model import NOBODY, Correspondent, InboxMessage, Turn
from bot.review.corrections import corrected
from bot.review.model import OPEN, UNUSABLE, WAITING, ReviewItem, ReviewMessage
from bot.review.rules import ReviewRules
from bot.text.anonymise import anonymise
from bot.text.copies import Nearest

NOT_MINE, DOWN, CORRECTED, HANDOVER, CLARIFY, LOW_MARGIN, UNSURE, DIFFERS, SAMPLE = (
    "not_mine",
    "down",
    "corrected",
    "handover",
    "clarify",
    "low_margin",
    "unsure",
    "differs",
    "sample",
)
# The reasons, what is surest to be a mistake first.
REASONS = (NOT_MINE, DOWN, CORRECTED, HANDOVER, DIFFERS, CLARIFY, LOW_MARGIN, UNSURE, SAMPLE)
# How probable it is at least, by why a message is here, that its person was not understood, however sure the model is.
_DOUBT = {DIFFERS: 0.5, HANDOVER: 0.3, SAMPLE: 0.2}
# Somebody has said that it was not understood, so a sure model says nothing.
DENIED = frozenset({NOT_MINE, DOWN, CORRECTED})
_REJECT = "/reject_answer"
# The reasons of a message whose text is gone because it named somebody.
_GONE = ""
# Words within the feedback form are a story for the centre, and never looked at here.
_NEVER = ("form",)
# Jaccard similarity of letter trigrams from which two messages are one row.
ALIKE = 0.8
# The same from which they are about something like it.
AKIN = 0.4
_BATCH = 200
GUESSES = 5
Ranking = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Said:
    """One message that may be looked at."""

    inbox_id: int
    conversation: str
    person: str
    text: str
    ranking: Ranking
    reasons: tuple[str, ...]
    procedure: str | None
    said_at: datetime


@dataclass
class Collected:
    """What a run did: messages taken, items that are new, rows whose reasons changed, and what it left by reason."""

    messages: int = 0
    items: int = 0
    changed: int = 0
    over_cap: int = 0
    left: dict[str, int] = field(default_factory=dict)


def collect(
    database: Database, rules: ReviewRules, moment: datetime | None = None, differing: Collection[int] = ()
) -> Collected:
    """Take in what is new since the last run; may be run at any time, and again after a kill.

    Args:
        differing: messages (their inbox rows) on which two models disagree.
    """
    moment = moment or now()
    done = Collected()
    with database.reading() as session:
        drawn = _draw(session, rules, moment)
        said = list(_worth_a_look(session, rules, moment, drawn, set(differing)))
        groups = _Groups(session, moment - timedelta(days=60))
    for batch in _batches(said):
        with database.transaction() as session:
            take_turn(session, "review")
            _store(session, batch, groups, rules, done)
    return done


def monday_of(moment: datetime) -> date:
    """The first day of the week of a moment, in Viet Nam."""
    day = day_in_viet_nam(moment)
    return day - timedelta(days=day.weekday())


def start_of(day: date) -> datetime:
    """Midnight before a day, in Viet Nam."""
    return datetime.combine(day, time(), VIET_NAM)


def agreed(conversation: Any) -> Any:
    """The condition that somebody agrees at this moment, for a column with names of conversations."""
    running = (
        Consent.conversation == conversation,
        Consent.purpose == IMPROVE,
        Consent.withdrawn_at.is_(None),
    )
    return select(Consent.id).where(*running).exists()


def shown() -> tuple[Any, Any]:
    """The conditions that a message may be shown at this moment: its person agrees, and its text is still there."""
    return agreed(ReviewMessage.conversation), ReviewMessage.reasons != _GONE


def recount(session: Session, item_id: int) -> None:
    """Bring an item's counts and worth up to its messages, within the caller's transaction."""
    own = select(ReviewMessage.person, ReviewMessage.reasons, ReviewMessage.doubt)
    rows = session.execute(own.where(ReviewMessage.item_id == item_id)).all()
    reasons = sorted({one for _, listed, _ in rows for one in listed.split(",") if one}, key=REASONS.index)
    people: dict[str, float] = {}
    for person, _, doubt in rows:
        people[person] = max(people.get(person, 0.0), doubt)
    # Of how many people it is to be expected that they were not understood; who asks again and again counts once.
    values: dict[str, Any] = {"messages": len(rows), "people": len(people), "reasons": ",".join(reasons)}
    values["worth"] = sum(people.values())
    session.execute(update(ReviewItem).where(ReviewItem.id == item_id).values(**values))


def doubt_of(reasons: Collection[str], ranking: Ranking, denied: str | None = None) -> float:
    """How probable it is that a person was not understood: by what the model makes of it, and why it is here.

    Args:
        denied: the reading that the citizen or staff denied, where they did.
    """
    best, share = ranking[0]
    if best == denied:
        return 1.0
    return max(1 - share, _doubt_by(set(reasons) - DENIED))


def drop_texts(session: Session, before: datetime) -> int:
    """Empty messages in which somebody saw what names a person, some time after, within the caller's transaction.

    Their rows stay, so that they are not taken in again.
    """
    unfit = select(ReviewItem.id).where(ReviewItem.state == UNUSABLE, ReviewItem.decided_at < before)
    emptied = {"text": cipher_of(session).seal(""), "reasons": _GONE, "doubt": 0.0, "procedure": None}
    gone = update(ReviewMessage).where(ReviewMessage.item_id.in_(unfit), ReviewMessage.reasons != _GONE)
    return int(session.execute(gone.values(**emptied).execution_options(synchronize_session=False)).rowcount)


def _worth_a_look(
    session: Session, rules: ReviewRules, moment: datetime, drawn: set[int], differing: set[int]
) -> Iterator[Said]:
    since = moment - timedelta(days=rules.days)
    denied, wrong = denied_messages(session, since), corrected(session, since)
    for turn, body, person in session.execute(typed(since, also=wrong)).all():
        ranking = read_ranking(turn.ranking)
        reasons = list(_reasons(turn, ranking, rules))
        reasons += [NOT_MINE] if turn.inbox_id in denied and NOT_MINE not in reasons else []
        reasons += [CORRECTED] if turn.inbox_id in wrong else []
        reasons += [DIFFERS] if turn.inbox_id in differing else []
        reasons += [SAMPLE] if turn.inbox_id in drawn else []
        if not reasons or not ranking:
            continue
        text = anonymise(cipher_of(session).unseal(body))
        if text and len(text) <= rules.longest:
            yield Said(
                turn.inbox_id,
                turn.conversation,
                person or turn.conversation,
                text,
                ranking[:GUESSES],
                tuple(reasons),
                turn.procedure,
                turn.created_at,
            )


def typed(since: datetime, until: datetime | None = None, also: Collection[int] = ()) -> Any:
    """Turns on what was typed by people who agree, with the message and whose it is, oldest first.

    Args:
        also: messages that count whenever they were said, and although a form began with them.
    """
    outside = and_(Turn.created_at >= since, or_(Turn.outcome.is_(None), Turn.outcome.not_in(_NEVER)))
    which = [
        InboxMessage.kind == "text",
        InboxMessage.payload.is_(None),
        Turn.conversation != NOBODY,
        or_(outside, Turn.inbox_id.in_(also)),
        agreed(Turn.conversation),
    ]
    if until:
        which.append(Turn.created_at < until)
    return (
        select(Turn, InboxMessage.body, Correspondent.person)
        .join(InboxMessage, InboxMessage.id == Turn.inbox_id)
        .join(Correspondent, Correspondent.conversation == Turn.conversation, isouter=True)
        .where(*which)
        .order_by(Turn.id)
    )


def denied_messages(session: Session, since: datetime) -> set[int]:
    """Messages whose answer was followed by "không phải ý tôi"."""
    taps = select(InboxMessage.conversation, InboxMessage.id).where(
        InboxMessage.payload == _REJECT, InboxMessage.received_at >= since
    )
    tapped = taps.subquery()
    before = (
        select(func.max(Turn.inbox_id))
        .join(tapped, and_(tapped.c.conversation == Turn.conversation, Turn.inbox_id < tapped.c.id))
        .join(InboxMessage, and_(InboxMessage.id == Turn.inbox_id, InboxMessage.payload.is_(None)))
        .group_by(tapped.c.id)
    )
    return set(session.execute(before).scalars())


def _reasons(turn: Turn, ranking: Ranking, rules: ReviewRules) -> Iterator[str]:
    if turn.feedback in (NOT_MINE, DOWN):
        yield turn.feedback
    if turn.outcome in (HANDOVER, CLARIFY):
        yield turn.outcome
    if len(ranking) > 1 and ranking[0][1] - ranking[1][1] < rules.low_margin:
        yield LOW_MARGIN
    elif ranking and ranking[0][1] < rules.known:
        yield UNSURE


def read_ranking(stored: str | None) -> Ranking:
    """A ranking as it is kept in a column."""
    return tuple((str(name), float(share)) for name, share in json.loads(stored or "[]"))


def _draw(session: Session, rules: ReviewRules, moment: datetime) -> set[int]:
    """The messages of each week that is over that were drawn by lot: those whose keyed digests come first.

    A week is drawn from when it is over, and by a key, so that nobody can aim at it.
    """
    this, digest = monday_of(moment), cipher_of(session).digest
    drawn: set[int] = set()
    for back in range(1, rules.days // 7 + 1):
        monday = this - timedelta(days=7 * back)
        ids = [turn.inbox_id for turn, *_ in session.execute(typed(start_of(monday), start_of(monday + timedelta(7))))]
        drawn |= set(sorted(ids, key=lambda number: digest(f"drawn:{number}"))[: rules.sample])
    return drawn


class _Groups:
    """Texts of the items there are, to find the one that a message belongs to."""

    def __init__(self, session: Session, since: datetime) -> None:
        self._near, self._far = Nearest(ALIKE), Nearest(AKIN)
        self._items: list[int] = []
        self._themes: list[int] = []
        first = (
            select(func.min(ReviewMessage.id))
            .join(ReviewItem, ReviewItem.id == ReviewMessage.item_id)
            .where(ReviewItem.created_at >= since, ReviewItem.state != UNUSABLE)
            .group_by(ReviewMessage.item_id)
        )
        rows = (
            select(ReviewMessage.item_id, ReviewItem.theme, ReviewMessage.text)
            .join(ReviewItem, ReviewItem.id == ReviewMessage.item_id)
            .where(ReviewMessage.id.in_(first))
            .order_by(ReviewMessage.item_id)
        )
        for item_id, theme, text in session.execute(rows).all():
            self.add(cipher_of(session).unseal(text), item_id, theme)

    def add(self, text: str, item_id: int, theme: int) -> None:
        self._near.add(text)
        self._items.append(item_id)
        if theme == item_id:
            # Only the first of a theme: otherwise each would lead on to the next, and all be one.
            self._far.add(text)
            self._themes.append(theme)

    def theme_of(self, text: str, item_id: int) -> int:
        """The theme of a new item: its own number where it begins one."""
        place = self._far.find(text)
        return item_id if place is None else self._themes[place]

    def find(self, text: str) -> int | None:
        place = self._near.find(text)
        return None if place is None else self._items[place]


def _store(session: Session, batch: list[Said], groups: _Groups, rules: ReviewRules, done: Collected) -> None:
    numbers = [one.inbox_id for one in batch]
    rows = select(ReviewMessage).where(ReviewMessage.inbox_id.in_(numbers))
    known = {row.inbox_id: row for row in session.execute(rows).scalars()}
    recent = _recent(session, {one.person for one in batch}, batch[-1].said_at)
    touched = set()
    for one in batch:
        row = known.get(one.inbox_id)
        if row is not None:
            if row.reasons == _GONE:
                continue
            merged = ",".join(dict.fromkeys([*row.reasons.split(","), *one.reasons]))
            if merged != row.reasons:
                # What other runs found, and what a newer model read, stays; only what is new counts besides.
                row.doubt = max(row.doubt, _doubt_by(set(one.reasons) - set(row.reasons.split(","))))
                row.reasons = merged
                done.changed += 1
                touched.add(row.item_id)
            continue
        if recent[one.person] >= rules.per_person and SAMPLE not in one.reasons:
            done.over_cap += 1
            continue
        recent[one.person] += 1
        touched.add(_take(session, one, groups, done))
    session.flush()
    for item_id in touched:
        recount(session, item_id)


def _take(session: Session, one: Said, groups: _Groups, done: Collected) -> int:
    item_id = groups.find(one.text)
    ranking = json.dumps([[name, round(share, 4)] for name, share in one.ranking])
    item = session.get(ReviewItem, item_id, with_for_update=True) if item_id is not None else None
    if item is None:
        # The item found may have been erased since.
        item = ReviewItem(ranking=ranking, reasons="", state=WAITING, created_at=one.said_at)
        session.add(item)
        session.flush()
        item.theme = groups.theme_of(one.text, item.id)
        groups.add(one.text, item.id, item.theme)
        done.items += 1
    elif item.state in OPEN:
        item.ranking = ranking
    message = ReviewMessage(
        item_id=item.id,
        inbox_id=one.inbox_id,
        conversation=one.conversation,
        person=one.person,
        text=cipher_of(session).seal(one.text),
        reasons=",".join(one.reasons),
        intent=one.ranking[0][0],
        doubt=_first_doubt(one),
        procedure=one.procedure,
        said_at=one.said_at,
    )
    session.add(message)
    done.messages += 1
    return int(item.id)


def _doubt_by(reasons: Collection[str]) -> float:
    """How probable it is by these reasons alone that a person was not understood."""
    return max([1.0 if DENIED & set(reasons) else 0.0, *(_DOUBT.get(one, 0.0) for one in reasons)])


def _first_doubt(one: Said) -> float:
    return doubt_of(one.reasons, one.ranking, one.ranking[0][0] if DENIED & set(one.reasons) else None)


def _recent(session: Session, people: set[str], moment: datetime) -> defaultdict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    rows = (
        select(ReviewMessage.person, func.count())
        .where(ReviewMessage.person.in_(people), ReviewMessage.said_at > moment - timedelta(days=7))
        .group_by(ReviewMessage.person)
    )
    for person, count in session.execute(rows):
        counts[person] = count
    return counts


def _batches(said: Iterable[Said]) -> Iterator[list[Said]]:
    waiting = iter(said)
    while batch := list(islice(waiting, _BATCH)):
        yield batch
