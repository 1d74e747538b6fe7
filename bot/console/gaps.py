"""The page of what content lacks, for maintainers and content editors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from starlette.responses import Response

from bot.accounts.permissions import SEE_GAPS
from bot.console.doors import Door, allowed
from bot.console.pages import Frame
from bot.console.review import by_rules
from bot.console.visit import Visit
from bot.database import Database
from bot.review.gaps import doubted, unanswered
from bot.review.rules import load_review_rules

OUTCOMES = {"out_of_scope": "nói là ngoài phạm vi", "handover": "mời gặp cán bộ"}
KINDS = {"procedure": "thủ tục", "topic": "chủ đề"}
_MOST = 100


@dataclass(frozen=True)
class GapPages:
    """Handlers of the page.

    Attributes:
        checkout: where the rules lie.
        titles: what procedures and topics are called, by their keys.
    """

    database: Database
    frame: Frame
    checkout: Path
    titles: Mapping[str, str]

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        return [Door("/thieu-noi-dung", by_rules(self.frame, self.show), allowed(SEE_GAPS))]

    def show(self, visit: Visit) -> Response:
        """GET: what nobody could answer, and which answers did not help."""
        rules = load_review_rules(self.checkout / "knowledge")
        questions = unanswered(self.database, rules)
        return self.frame.page(
            visit,
            "gaps.html",
            questions=questions[:_MOST],
            more=len(questions) - _MOST,
            subjects=doubted(self.database, rules)[:_MOST],
            days=rules.gap_days,
            outcomes=OUTCOMES,
            kinds=KINDS,
            titled=lambda key: self.titles.get(key, key),
        )
