"""Erasing a person's data in every store, on request, after the turn in which it was asked for.

Safe to kill and to run again: a wish is done only when every store has been emptied and the files hold nothing of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.complaints import privacy
from bot.complaints.erasure import erase_complaints
from bot.complaints.rules import Rules
from bot.database import Database, DatabaseError, take_turn
from bot.delivery import correspondents, erase, inbox, outbox
from bot.delivery.outbox import Reply
from bot.delivery.rasa import RasaClient, RasaError
from bot.delivery.sentences import ERASED
from bot.review import writing
from bot.review.errors import ReviewError
from bot.settings import ROOT, Settings

logger = logging.getLogger(__name__)

T = TypeVar("T")
# Ends what is kept of an erasure after which nobody can be told of it.
NOBODY_TO_TELL = ", nobody to tell"


class AskRasa:
    """Runs one request with a client of Rasa, from any thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, work: Callable[[RasaClient], Awaitable[T]]) -> T:
        """What `work` gives.

        Raises:
            RasaError: Rasa is away or late.
        """
        return asyncio.run(self._run(work))

    async def _run(self, work: Callable[[RasaClient], Awaitable[T]]) -> T:
        settings = self._settings
        client = RasaClient(settings.rasa_url, settings.rasa_token, settings.actions_url, settings.turn_timeout)
        try:
            return await work(client)
        finally:
            await client.close()


@dataclass(frozen=True)
class Stores:
    """Everything in which something of a person is kept.

    Attributes:
        folder: where photos and documents lie.
        ask_rasa: runs something with a client of Rasa, whose tracker nobody else opens.
        checkout: where the sentences lie that the model learns from.
        home: where reports and logs lie that may quote sentences; None where there are none.
    """

    database: Database
    rules: Rules
    folder: Path
    ask_rasa: AskRasa
    checkout: Path = ROOT
    home: Path | None = None


def run_erasures(stores: Stores) -> int:
    """Do every wish to delete whose conversation is at rest; returns how many were done. The others wait."""
    done = 0
    for wish in privacy.list_wishes(stores.database, wish=privacy.DELETE):
        try:
            done += _erase(stores, wish)
        except (RasaError, DatabaseError, ReviewError) as error:
            logger.warning("erasure %d waits: %s", wish.id, error)
    return done


def _erase(stores: Stores, wish: privacy.Wish) -> bool:
    if not _empty_database(stores, wish):
        return False
    # Last of the stores, because a turn that was running until now would have come back there.
    stores.ask_rasa(lambda rasa: rasa.forget(wish.conversation))
    stores.database.scrub()
    with stores.database.transaction() as session:
        request = privacy.lock(session, wish.id)
        if request is None:
            return False
        told = not str(request.result).endswith(NOBODY_TO_TELL)
        notice = outbox.enqueue(session, wish.conversation, [Reply(ERASED)])[0] if told else None
        privacy.sign_off(session, request, notice)
    return True


def _empty_database(stores: Stores, wish: privacy.Wish) -> bool:
    with writing.locked(stores.checkout, needed=False), stores.database.transaction() as session:
        # Nothing arrives while it is emptied.
        take_turn(session, f"inbox:{wish.conversation}")
        request = privacy.lock(session, wish.id)
        if request is None:
            return False
        if request.result:
            # Emptied before, then this program was killed: what the citizen began since then is theirs.
            return True
        if inbox.is_busy(session, wish.conversation):
            return False
        # Who took back that we may write hears nothing, not even of this.
        nobody = "" if correspondents.reachable(session, wish.conversation) else NOBODY_TO_TELL
        sentences = writing.erase(session, stores.checkout, [wish.conversation], stores.home)
        codes = erase_complaints(session, stores.rules, stores.folder, wish.conversation)
        counts = {"complaints": len(codes), **erase.erase_conversation(session, wish.conversation)}
        counts["sentences"] = len(sentences)
        told = ", ".join(f"{store} {count}" for store, count in counts.items())
        privacy.keep_emptied(session, request, told + nobody)
        logger.info("erasure %d: %s", wish.id, request.result)
    return True
