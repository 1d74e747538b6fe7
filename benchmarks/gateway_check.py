"""Whether the promises held: every message answered once and in order per person, checked at the neighbours."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from benchmarks.gateway_fakes import Said
from benchmarks.gateway_posts import Post
from bot.database import Database
from bot.delivery.adapter import Adapter
from bot.delivery.model import DELIVERED, DONE, InboxMessage, OutboxMessage
from bot.delivery.outbox import read_reply

# So much of an answer tells it from the others.
PREFIX = 60
_SHOWN = 20


@dataclass
class Verdict:
    """What was found.

    Attributes:
        unknowable: copies that citizens saw more than once because the neighbour kept the sender from knowing …
        killed: … because the sender was killed while a message was on its way …
        unexplained: … for no reason, which breaks the promise.
        broken: what broke a promise, in words; nothing when all held.
    """

    messages: int = 0
    answered: int = 0
    delivered: int = 0
    unknowable: int = 0
    killed: int = 0
    unexplained: int = 0
    broken: list[str] = field(default_factory=list)

    def blame(self, what: str) -> None:
        """A promise broke."""
        self.broken.append(what)


@dataclass(frozen=True)
class Answer:
    """One row of the outbox: the texts its channel is sent, and how often nobody could know whether one arrived."""

    inbox_id: int | None
    state: str
    text: str
    parts: tuple[str, ...]
    uncertain: int


def check(
    database: Database,
    posts: Sequence[Post],
    said: Sequence[Said],
    openings: Sequence[str],
    adapters: Mapping[str, Adapter],
) -> Verdict:
    """Compare what was posted, what is stored and what citizens saw.

    Args:
        posts: in the order in which they were posted, each once.
        openings: how the answer to each question begins.
    """
    verdict = Verdict(messages=len(posts))
    rows = _inbox(database)
    answers = _outbox(database, adapters)
    seen: dict[str, list[Said]] = defaultdict(list)
    for one in said:
        seen[one.conversation].append(one)
    by_person: dict[str, list[Post]] = defaultdict(list)
    for post in posts:
        by_person[post.conversation].append(post)
    for conversation, asked in by_person.items():
        _check_person(verdict, asked, rows, answers[conversation], seen[conversation], openings)
    return verdict


def _check_person(
    verdict: Verdict,
    asked: Sequence[Post],
    rows: Mapping[tuple[str, str], tuple[int, str]],
    answers: Sequence[Answer],
    seen: Sequence[Said],
    openings: Sequence[str],
) -> None:
    stored = [rows.get((post.channel, post.key)) for post in asked]
    lost = [post.key for post, row in zip(asked, stored, strict=True) if row is None]
    if lost:
        verdict.blame(f"lost: {len(lost)} messages never came to the inbox, such as {lost[0]}")
        return
    ids = [row[0] for row in stored if row]
    undone = [row for row in stored if row and row[1] != DONE]
    if undone:
        verdict.blame(f"inbox {undone[0][0]} is {undone[0][1]}")
    if ids != sorted(ids):
        verdict.blame(f"stored out of order around inbox {ids[0]}")
    own = set(ids)
    answers = [answer for answer in answers if answer.inbox_id in own]
    order = [answer.inbox_id for answer in answers]
    if order != sorted(order):
        verdict.blame(f"answered out of order around inbox {ids[0]}")
    first: dict[int, Answer] = {}
    for answer in answers:
        first.setdefault(answer.inbox_id or 0, answer)
    for post, inbox_id in zip(asked, ids, strict=True):
        answer = first.get(inbox_id)
        if answer is None:
            verdict.blame(f"inbox {inbox_id} has no answer")
        elif answer.text[:PREFIX] != openings[post.question]:
            verdict.blame(f"inbox {inbox_id} has an answer to another question, or none: {answer.text[:PREFIX]!r}")
        else:
            verdict.answered += 1
    check_seen(verdict, answers, seen)


def check_seen(verdict: Verdict, answers: Sequence[Answer], seen: Sequence[Said]) -> None:
    """Compare what one person was to be sent with what they saw."""
    place = 0
    for answer in answers:
        if answer.state != DELIVERED:
            verdict.blame(f"the answer to inbox {answer.inbox_id} is {answer.state}")
        excuses = answer.uncertain
        for part in answer.parts:
            copies = []
            while place < len(seen) and seen[place].text == part:
                copies.append(seen[place])
                place += 1
            if not copies:
                found = seen[place].text[:PREFIX] if place < len(seen) else "nothing"
                verdict.blame(f"of the answer to inbox {answer.inbox_id} a part did not arrive in its place: {found!r}")
                return
            verdict.delivered += 1
            for copy in copies[:-1]:
                if copy.doubtful:
                    verdict.unknowable += 1
                    excuses -= 1
                elif excuses > 0:
                    verdict.killed += 1
                    excuses -= 1
                else:
                    verdict.unexplained += 1
                    verdict.blame(f"the answer to inbox {answer.inbox_id} came twice without a reason")
    if place < len(seen):
        verdict.blame(f"something was said that nothing in the outbox explains: {seen[place].text[:PREFIX]!r}")


def openings_of(database: Database, posts: Sequence[Post]) -> list[tuple[int, str]]:
    """(question, how its answer begins) of each post that was answered."""
    rows = _inbox(database)
    answers: dict[int, str] = {}
    with database.reading() as session:
        for inbox_id, body in session.execute(
            select(OutboxMessage.inbox_id, OutboxMessage.body).order_by(OutboxMessage.id.desc())
        ):
            answers[inbox_id] = read_reply(database.cipher, body).text[:PREFIX]
    return [(post.question, answers.get(rows[post.channel, post.key][0], "")) for post in posts]


def _inbox(database: Database) -> dict[tuple[str, str], tuple[int, str]]:
    wanted = select(InboxMessage.channel, InboxMessage.external_key, InboxMessage.id, InboxMessage.state)
    with database.reading() as session:
        return {(channel, key): (row_id, state) for channel, key, row_id, state in session.execute(wanted)}


def _outbox(database: Database, adapters: Mapping[str, Adapter]) -> dict[str, list[Answer]]:
    found: dict[str, list[Answer]] = defaultdict(list)
    with database.reading() as session:
        for row in session.execute(select(OutboxMessage).order_by(OutboxMessage.id)).scalars():
            if row.channel not in adapters:
                continue
            reply = read_reply(database.cipher, row.body)
            parts = tuple(_text_of(part) for part in adapters[row.channel].render(reply))
            found[row.conversation].append(Answer(row.inbox_id, row.state, reply.text, parts, row.uncertain))
    return found


def _text_of(part: Mapping[str, object]) -> str:
    message = part.get("message", part)
    assert isinstance(message, Mapping)
    return str(message["text"])


def show(verdict: Verdict) -> list[str]:
    """The promises that broke, a few of them."""
    lines = [f"BROKEN: {what}" for what in verdict.broken[:_SHOWN]]
    return lines + ([f"… and {len(verdict.broken) - _SHOWN} more"] if len(verdict.broken) > _SHOWN else [])
