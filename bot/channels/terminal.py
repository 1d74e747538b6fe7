"""The terminal as a channel: the same inbox and dispatcher as everybody's, answers read where they are kept."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.database import Database
from bot.delivery import inbox, outbox, turns
from bot.delivery.inbox import Arrival
from bot.delivery.model import DONE, FAILED
from bot.delivery.outbox import Button, Reply
from bot.delivery.turns import TurnLog

CHANNEL = "terminal"
# Messages that wait for their answer at the same time; more would only stand in line.
IN_FLIGHT = 32
LOOK_EVERY = 0.05


class NoAnswerError(Exception):
    """The bot did not answer in time."""


@dataclass(frozen=True)
class Answer:
    """What came of one message."""

    log: TurnLog
    replies: list[Reply]


def new_conversation() -> str:
    """A conversation nobody has had."""
    return f"{CHANNEL}:{uuid.uuid4().hex}"


def send(database: Database, conversation: str, text: str, button: Button | None = None) -> int:
    """Put a message, or a tap on a button, into the inbox. Returns its id."""
    payload = button.payload if button else None
    arrival = Arrival(CHANNEL, uuid.uuid4().hex, conversation, button.title if button else text, payload)
    return inbox.accept(database, arrival)[0]


def wait_for_answer(database: Database, inbox_id: int, seconds: float) -> Answer:
    """The answer to a message.

    Raises:
        NoAnswerError: none came within `seconds`.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with database.reading() as session:
            if turns.inbox_state(session, inbox_id) in (DONE, FAILED):
                log = turns.find_turn(session, inbox_id) or TurnLog(outcome="handover")
                return Answer(log, outbox.replies_to(session, inbox_id))
        time.sleep(LOOK_EVERY)
    raise NoAnswerError(f"The bot did not answer within {seconds:.0f} s.")


def ask_all(database: Database, texts: Iterable[str], seconds: float) -> Iterator[Answer]:
    """Ask each text in a conversation of its own; answers come in the order of the texts.

    Raises:
        NoAnswerError: one of them got no answer within `seconds` of its turn.
    """
    waiting: list[int] = []
    for text in texts:
        waiting.append(send(database, new_conversation(), text))
        if len(waiting) >= IN_FLIGHT:
            yield wait_for_answer(database, waiting.pop(0), seconds)
    for inbox_id in waiting:
        yield wait_for_answer(database, inbox_id, seconds)
