"""Forms of maintainers about models: ask for a training, put one live, go back to the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from starlette.responses import Response

from bot.accounts import audit
from bot.accounts.permissions import CHANGE_MODELS
from bot.console.doors import Door, allowed
from bot.console.forms import whole
from bot.console.model_words import why_not
from bot.console.models import PATH, ModelPages
from bot.console.visit import Visit, go_to
from bot.database import Database
from bot.training import plans
from bot.training.train import TrainingError

ASKED = "asked for in the console"
_LONGEST = 300
_NO_REASON = "Cần ghi lý do khi quay lại mô hình trước."


class Promotes(Protocol):
    """Puts models live in the running bot."""

    def promote(self, name: str, by: str, because: str | None) -> Any:
        """Put a candidate live.

        Raises:
            TrainingError: it may not, or can't be loaded; what was live stays live.
        """

    def rollback(self, by: str, because: str) -> Any:
        """Put the model live that was so before.

        Raises:
            TrainingError: there is none, or it can't be loaded.
        """

    def waits_for_start(self, row: Any) -> bool:
        """Whether only the next start of the bot has a live model."""


@dataclass(frozen=True)
class ModelActs:
    """Handlers of the forms; each leads back to the page of models, or says what stood against it."""

    database: Database
    pages: ModelPages
    promotion: Promotes

    def doors(self) -> list[Door]:
        """Every form with who may send it."""
        needs = allowed(CHANGE_MODELS)
        return [
            Door("/mo-hinh/huan-luyen", self.train, needs, "POST"),
            Door("/mo-hinh/quay-lai", self.roll_back, needs, "POST"),
            Door("/mo-hinh/{number}/dua-len", self.promote, needs, "POST"),
        ]

    def train(self, visit: Visit) -> Response:
        """POST: ask for a training; the job `retrain` begins it within seconds, in a program of its own."""
        with self.database.transaction() as session:
            plans.plan(session, visit.person.name, ASKED, quiet=False)
            audit.record(session, visit.person.name, "model.train")
        return go_to(f"{PATH}?xong=huan-luyen")

    def promote(self, visit: Visit) -> Response:
        """POST: put a candidate live; with a reason also one that the gate has not passed."""
        number, reason = whole(visit.request.path_params["number"]), visit.form.get("reason")[:_LONGEST]
        if number is None:
            return self.pages.one(visit)
        try:
            row = self.promotion.promote(str(number), visit.person.name, reason or None)
        except TrainingError as error:
            return self.pages.one_page(visit, why_not(str(error)), status=422)
        return self._done(visit, "model.live", str(number), reason, self._said(row, "dua-len"))

    def roll_back(self, visit: Visit) -> Response:
        """POST: put the model live that was so before."""
        reason = visit.form.get("reason")[:_LONGEST]
        if not reason:
            return self.pages.list_page(visit, _NO_REASON, status=422)
        try:
            row = self.promotion.rollback(visit.person.name, reason)
        except TrainingError as error:
            return self.pages.list_page(visit, why_not(str(error)), status=422)
        return self._done(visit, "model.back", str(row.id), reason, self._said(row, "quay-lai"))

    def _said(self, row: Any, done: str) -> str:
        return "khoi-dong-sau" if self.promotion.waits_for_start(row) else done

    def _done(self, visit: Visit, act: str, number: str, reason: str, done: str) -> Response:
        # After Rasa has it: what is recorded has happened.
        with self.database.transaction() as session:
            audit.record(session, visit.person.name, act, number, reason)
        return go_to(f"{PATH}?xong={done}")
