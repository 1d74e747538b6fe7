"""Accepted messages on their way into the data files, and out of them again when their person asks for it."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.database import Database, cipher_of, now, take_turn
from bot.review.collecting import agreed, drop_texts, recount, shown
from bot.review.errors import ReviewError
from bot.review.files import BLIND_FILE, DataFiles, as_sentence
from bot.review.keeping import DATABASE, TOO_NEAR, is_kept_here, kept_of
from bot.review.labelling import Desk
from bot.review.model import (
    ACCEPTED,
    BLIND,
    TRAIN,
    WRITTEN,
    ReviewExample,
    ReviewItem,
    ReviewLabel,
    ReviewMessage,
)
from bot.review.rules import ReviewRules
from bot.text.copies import Nearest, plain
from bot.training import ledger
from bot.training.leftovers import drop_leftovers

logger = logging.getLogger(__name__)

# How long a message in which somebody saw what names a person can be taken back by undo.
_UNFIT_STAYS = timedelta(days=1)
# Tenths of a second that another program is waited for.
_TRIES = 100


@dataclass
class Written:
    """What went into the data, what stood there before, and what could not.

    Attributes:
        waiting: intents that there are none of in the data yet, with how many messages wait for each.
        in_database: the sentences stay in the database instead of going into files.
    """

    train: int = 0
    blind: int = 0
    known: int = 0
    near_blind: int = 0
    waiting: dict[str, int] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    in_database: bool = False
    diff: str = ""


@dataclass(frozen=True)
class _Candidate:
    item: ReviewItem
    message: ReviewMessage
    text: str
    part: str


class _OnlyLookingError(Exception):
    """Ends a transaction that was to show what would be done."""


def write(desk: Desk, root: Path, by: str, dry_run: bool = False) -> Written:
    """Put what was accepted into the data files of a checkout.

    The rows say what is on its way before a file has it; whatever is killed in between, the next run finds out which
    sentences arrived.

    Where the files are not to be written the sentences stay in the database, and are learnt from there.

    Raises:
        ReviewError: the files are not as they should be, or can't be written; nothing was changed.
    """
    done = Written(in_database=is_kept_here(root, desk.rules.in_database))
    with locked(root):
        if not dry_run:
            _end_cut_short(desk.database, root)
            _drop_ended(desk.database, root, desk.home)
        files = DataFiles(root)
        try:
            with desk.database.transaction() as session:
                take_turn(session, "review")
                desk.settle_all(session)
                chosen = list(_choose(session, desk, files, done))
                places = files.add((one.text, str(one.item.intent)) for one in chosen if one.part == TRAIN)
                files.add_blind(_blind_row(one) for one in chosen if one.part == BLIND)
                if dry_run:
                    raise _OnlyLookingError
                for one in chosen:
                    file = places[str(one.item.intent)] if one.part == TRAIN else BLIND_FILE.as_posix()
                    session.add(_example(session, one, DATABASE if done.in_database else file, by))
                    one.item.state = WRITTEN
        except _OnlyLookingError:
            done.diff = files.diff()
            return done
        if done.in_database:
            return done
        try:
            done.files = files.save()
        finally:
            _end_cut_short(desk.database, root)
    return done


@contextmanager
def locked(root: Path, needed: bool = True) -> Iterator[None]:
    """One program at a time changes the data files.

    Args:
        needed: whether there have to be any.

    Raises:
        ReviewError: there are none, or another program is at it for long.
    """
    if not needed and not _has_files(root):
        yield
        return
    try:
        handle = os.open(root / "data" / "nlu", os.O_RDONLY)
    except OSError as error:
        raise ReviewError("There are no data files here; what was accepted stays in the database.") from error
    try:
        for _ in range(_TRIES):
            with suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            time.sleep(0.1)
        else:
            raise ReviewError("Somebody else is writing the data files at this moment; try again in a minute.")
        yield
    finally:
        os.close(handle)


def erase(session: Session, root: Path, conversations: Sequence[str], home: Path | None = None) -> list[str]:
    """Take everything of some conversations out of the inbox and the data files, within the caller's transaction.

    Who calls holds the files (`locked`) until the transaction has ended.

    What others said nearly alike stays, with its labels.

    Args:
        home: where reports and logs lie that may quote sentences; they go where a sentence was in the data.

    Returns:
        The sentences that were in the data; the models that learnt them are marked.

    Raises:
        ReviewError: the files can't be changed; nothing was.
    """
    theirs = select(ReviewExample).where(ReviewExample.conversation.in_(conversations))
    examples = list(session.execute(theirs).scalars())
    texts = [cipher_of(session).unseal(row.text) for row in examples]
    in_files = [(text, row) for text, row in zip(texts, examples, strict=True) if row.file != DATABASE]
    if in_files and _has_files(root):
        files = DataFiles(root)
        stood = files.remove([(text, str(row.intent)) for text, row in in_files])
        for (_, row), was_there in zip(in_files, stood, strict=True):
            if not was_there:
                logger.warning("review: sentence %d does not stand in %s any more", row.id, row.file)
        files.save()
    ledger.mark_dropped(session, texts)
    if texts and home:
        try:
            drop_leftovers(home)
        except OSError as error:
            raise ReviewError(f"The reports of models can't be deleted: {error.strerror}.") from error
    for row in examples:
        item = session.get(ReviewItem, row.item_id)
        if item is not None:
            item.state = ACCEPTED
        session.delete(row)
    session.flush()
    mine = ReviewMessage.conversation.in_(conversations)
    items = set(session.execute(select(ReviewMessage.item_id).where(mine)).scalars())
    session.execute(delete(ReviewMessage).where(mine).execution_options(synchronize_session="fetch"))
    _drop_empty(session, items)
    return texts


def drop_ended(database: Database, root: Path, home: Path | None = None) -> list[str]:
    """Take out what is of people who do not agree any more, and what names somebody; returns sentences as `erase`."""
    with locked(root, needed=False):
        return _drop_ended(database, root, home)


def _drop_ended(database: Database, root: Path, home: Path | None) -> list[str]:
    with database.transaction() as session:
        take_turn(session, "review")
        rows = [
            select(table.conversation).where(~agreed(table.conversation)).distinct()
            for table in (ReviewMessage, ReviewExample)
        ]
        ended = sorted({name for query in rows for name in session.execute(query).scalars()})
        drop_texts(session, now() - _UNFIT_STAYS)
        return erase(session, root, ended, home) if ended else []


def _has_files(root: Path) -> bool:
    return (root / "data" / "nlu").is_dir()


def _end_cut_short(database: Database, root: Path) -> None:
    """Find out which sentences on their way are in the files; the others wait again."""
    on_its_way = select(ReviewExample).where(ReviewExample.written_at.is_(None))
    with database.reading() as session:
        if session.execute(on_its_way.limit(1)).first() is None:
            return
    # Before the transaction, because citizens' messages wait for its end; who is here holds the files.
    files = DataFiles(root)
    standing = {(plain(text), intent) for intent, texts in files.sentences().items() for text in texts}
    measuring = {plain(text) for text in files.blind()}
    with database.transaction() as session:
        take_turn(session, "review")
        for row in session.execute(on_its_way).scalars().all():
            own = plain(cipher_of(session).unseal(row.text))
            if own in measuring if row.part == BLIND else (own, str(row.intent)) in standing:
                row.written_at = now()
                continue
            item = session.get(ReviewItem, row.item_id)
            if item is not None:
                item.state = ACCEPTED
            session.delete(row)


def drop_old(session: Session, before: datetime, dry_run: bool = False) -> int:
    """Delete messages of the inbox from before a moment, within the caller's transaction; what is in the data stays."""
    old = select(ReviewMessage.id, ReviewMessage.item_id).where(ReviewMessage.said_at < before)
    rows = session.execute(old).all()
    if rows and not dry_run:
        gone = delete(ReviewMessage).where(ReviewMessage.said_at < before)
        session.execute(gone.execution_options(synchronize_session="fetch"))
        _drop_empty(session, {item_id for _, item_id in rows})
    return len(rows)


def part_of(text: str, share: float) -> str:
    """Whether a sentence is learnt from or kept to measure: by the sentence itself, so always the same."""
    number = int.from_bytes(hashlib.sha256(plain(text).encode()).digest()[:8], "big")
    return BLIND if number < share * 2**64 else TRAIN


def _choose(session: Session, desk: Desk, files: DataFiles, done: Written) -> Iterable[_Candidate]:
    sentences = files.sentences()
    kept = kept_of(session)
    standing = {plain(text): intent for intent, texts in sentences.items() for text in texts}
    standing |= {plain(text): intent for text, intent, part in kept if part == TRAIN}
    measuring = Nearest(TOO_NEAR)
    for text in [*files.blind(), *(text for text, _, part in kept if part == BLIND)]:
        measuring.add(text)
    accepted = select(ReviewItem).where(ReviewItem.state == ACCEPTED).order_by(ReviewItem.id).with_for_update()
    for item in session.execute(accepted).scalars().all():
        intent = str(item.intent)
        if intent not in sentences:
            done.waiting[intent] = done.waiting.get(intent, 0) + 1
            continue
        known, chosen = 0, 0
        for message, part in _messages_of(session, item, desk.rules):
            text = as_sentence(cipher_of(session).unseal(message.text))
            own = plain(text)
            if not own.strip() or own in standing:
                # Somebody wrote it before; it is not taken out when this person is erased.
                known += 1
                continue
            if measuring.find(text) is not None:
                done.near_blind += 1
                continue
            standing[own] = intent
            if part == BLIND:
                measuring.add(text)
            done.train += part == TRAIN
            done.blind += part == BLIND
            chosen += 1
            yield _Candidate(item, message, text, part)
        if known and not chosen:
            done.known += 1
        if not chosen:
            item.state = WRITTEN


def _messages_of(session: Session, item: ReviewItem, rules: ReviewRules) -> list[tuple[ReviewMessage, str]]:
    """The first messages of an item, each of another person and in other words, and what each is for.

    What measures is alone: others of its item would tell the model nearly the same.
    """
    rows = select(ReviewMessage).where(ReviewMessage.item_id == item.id, *shown()).order_by(ReviewMessage.id)
    found: dict[str, ReviewMessage] = {}
    people: set[str] = set()
    for message in session.execute(rows).scalars():
        own = plain(cipher_of(session).unseal(message.text))
        if own not in found and message.person not in people and len(found) < rules.variants:
            found[own] = message
            people.add(message.person)
    if not found:
        return []
    part = part_of(next(iter(found)), rules.blind)
    return [(message, part) for message in found.values()][: 1 if part == BLIND else None]


def _example(session: Session, one: _Candidate, file: str, by: str) -> ReviewExample:
    return ReviewExample(
        item_id=one.item.id,
        conversation=one.message.conversation,
        text=cipher_of(session).seal(one.text),
        intent=str(one.item.intent),
        procedure=one.item.procedure,
        part=one.part,
        file=file,
        by=by,
        # In the database it has arrived with this row.
        written_at=now() if file == DATABASE else None,
    )


def _blind_row(one: _Candidate) -> dict[str, object]:
    kept = {"id": f"r{one.item.id}", "slice": "reviewed", "text": one.text, "intent": one.item.intent}
    return {**kept, "procedure": one.item.procedure}


def _drop_empty(session: Session, items: Iterable[int]) -> None:
    for item_id in items:
        tables = (ReviewMessage, ReviewExample)
        if any(session.execute(select(own.id).where(own.item_id == item_id).limit(1)).first() for own in tables):
            recount(session, item_id)
            continue
        labels = delete(ReviewLabel).where(ReviewLabel.item_id == item_id)
        for gone in (labels, delete(ReviewItem).where(ReviewItem.id == item_id)):
            session.execute(gone.execution_options(synchronize_session="fetch"))
