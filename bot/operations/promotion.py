"""Puts a model live: into the ledger first, then into the running Rasa, which loads it between two turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.database import Database
from bot.settings import Settings
from bot.training import ledger
from bot.training.model import FAILED, Model
from bot.training.train import TrainingError, version_fingerprint

_ROUNDS = 3


class LoadTimeoutError(TrainingError):
    """Rasa took too long; whether it has the model is not known."""


class RasaModels:
    """Which model Rasa's server has, and another one for it.

    Args:
        url: Rasa's address.
        token: Rasa's `--auth-token`.
        patience: how long it is waited for, in seconds; loading takes one or two.
    """

    def __init__(self, url: str, token: str, patience: float = 60.0) -> None:
        self._url = url
        self._token = token
        self._patience = patience

    def loaded(self) -> str | None:
        """The name of the model it has, None while it is away."""
        try:
            with self._client() as client:
                answer = client.get("/status")
                return str(answer.json()["model_file"]).removesuffix(".tar.gz") if answer.is_success else None
        except (httpx.HTTPError, ValueError, KeyError):
            return None

    def load(self, path: Path) -> None:
        """Have it load a file; turns that began with the model before end with that one.

        Raises:
            LoadTimeoutError: it did not say whether it did.
            TrainingError: it did not; it goes on with the model it had.
        """
        try:
            with self._client() as client:
                answer = client.put("/model", json={"model_file": str(path)})
        except httpx.TimeoutException as error:
            raise LoadTimeoutError(f"Rasa did not load {path.name} within {self._patience:.0f} s.") from error
        except httpx.HTTPError as error:
            raise TrainingError(f"Rasa did not answer while it loaded {path.name} ({type(error).__name__}).") from error
        if not answer.is_success:
            raise TrainingError(f"Rasa could not load {path.name} (answer {answer.status_code}); its log says why.")

    @contextmanager
    def reading(self) -> Iterator[Callable[[str], tuple[tuple[str, float], ...]]]:
        """What the model it has makes of texts, one after the other.

        Raises:
            TrainingError: it does not answer.
        """
        with self._client() as client:

            def read(text: str) -> tuple[tuple[str, float], ...]:
                try:
                    answer = client.post("/model/parse", json={"text": text.lstrip("/") or "?"})
                    ranking = answer.raise_for_status().json()["intent_ranking"]
                except (httpx.HTTPError, ValueError, KeyError) as error:
                    raise TrainingError(f"Rasa did not read a text ({type(error).__name__}).") from error
                # The fallback's own entry says "not sure", not what was understood.
                return tuple((one["name"], one["confidence"]) for one in ranking if one["name"] != "nlu_fallback")

            yield read

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self._url, params={"token": self._token}, timeout=self._patience, trust_env=False)


class Promotion:
    """Puts models live, and back.

    Args:
        folder: of the models.
        rasa: the running bot's.
    """

    def __init__(self, database: Database, folder: Path, rasa: RasaModels) -> None:
        self._database = database
        self._folder = folder
        self._rasa = rasa
        # Of the code that this program runs; a newer one may lie on the disk by the time it is asked.
        self._version = version_fingerprint()

    def promote(self, name: str, by: str, because: str | None) -> Model:
        """Put a candidate live.

        Raises:
            TrainingError: the gate, its file or Rasa refused it; what was live stays live.
        """
        return self._change(lambda session: ledger.promote(session, name, self._folder, by, because))

    def rollback(self, by: str, because: str) -> Model:
        """Put the model live that was so before.

        Raises:
            TrainingError: there is none, or Rasa refused it.
        """
        has = self._rasa.loaded()

        def change(session: Session) -> Model:
            running = self._running_version(session, has) if has else None
            return ledger.go_back(session, self._folder, by, because, running)

        return self._change(change)

    def settle(self) -> str | None:
        """Let the running Rasa have the live model, whoever made it live; returns the name of what it loaded.

        Raises:
            TrainingError: the live model can't be loaded.
        """
        loaded = None
        # What another program makes live meanwhile counts, too.
        for _ in range(_ROUNDS):
            has = self._rasa.loaded()
            with self._database.reading() as session:
                row = ledger.live(session)
                version = self._running_version(session, has)
            # One of another version waits for the next start: Rasa runs the code it was started with.
            if has is None or row is None or row.name == has or row.version != version:
                break
            self._rasa.load(ledger.file_of(row, self._folder, (version,)))
            loaded = str(row.name)
        return loaded

    def waits_for_start(self, row: Model) -> bool:
        """Whether a live model is of another version than the running Rasa: only the next start has it."""
        has = self._rasa.loaded()
        with self._database.reading() as session:
            return has is not None and row.version != self._running_version(session, has)

    def _running_version(self, session: Session, name: str | None) -> str:
        """Of the code that Rasa runs, as far as its model tells."""
        kept = session.execute(select(Model.version).where(Model.name == name)).scalars().first()
        return str(kept or self._version)

    def _change(self, change: Callable[[Session], Model]) -> Model:
        with self._database.transaction() as session:
            was = ledger.live(session)
            before = {one.id: (one.state, one.reason) for one in ledger.list_models(session)}
            row = change(session)
        try:
            self.settle()
        except TrainingError as error:
            # A busy machine says nothing about the model.
            state, reason = before[row.id] if isinstance(error, LoadTimeoutError) else (FAILED, str(error))
            with self._database.transaction() as session:
                ledger.put_back(session, row.id, was.id if was else None, state, reason)
            raise
        return row


def open_promotion(database: Database, settings: Settings) -> Promotion:
    """For the bot of these settings."""
    return Promotion(database, settings.models, RasaModels(settings.rasa_url, settings.rasa_token))
