"""The review inbox by the clock: in what is new, out what nobody agrees to any more, read again by a new model."""

from __future__ import annotations

import logging
from pathlib import Path

from bot.database import Database
from bot.operations.promotion import RasaModels
from bot.review import writing
from bot.review.collecting import collect
from bot.review.rereading import reread
from bot.review.rules import load_review_rules
from bot.settings import ROOT
from bot.training.train import TrainingError

logger = logging.getLogger(__name__)


class Reviewing:
    """One run after the other.

    Args:
        rasa: reads what waits anew, once for each model.
        checkout: where the rules and the sentences lie.
        home: where reports and logs lie that may quote sentences.
    """

    def __init__(self, database: Database, rasa: RasaModels, checkout: Path = ROOT, home: Path | None = None) -> None:
        self._database = database
        self._rasa = rasa
        self._checkout = checkout
        self._home = home
        self._read_by: str | None = None

    def __call__(self) -> int:
        """Do it; returns how many messages came in or went."""
        left = writing.drop_ended(self._database, self._checkout, self._home)
        done = collect(self._database, load_review_rules(self._checkout / "knowledge"))
        self._read_again()
        return done.messages + len(left)

    def _read_again(self) -> None:
        model = self._rasa.loaded()
        if model is None or model == self._read_by:
            return
        try:
            with self._rasa.reading() as read:
                reread(self._database, read)
        except TrainingError as error:
            logger.warning("review: what waits is read again later: %s", error)
            return
        self._read_by = model
