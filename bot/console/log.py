"""The page of what staff did."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from bot.accounts import audit
from bot.accounts.model import AuditEntry
from bot.accounts.permissions import READ_AUDIT
from bot.complaints.visibility import codes_seen
from bot.console.doors import Door, allowed
from bot.console.forms import whole
from bot.console.pages import Frame
from bot.console.sentences import ACTS
from bot.console.visit import HOME, Visit
from bot.database import Database
from bot.text.codes import find_receipt_code

PAGE = 100
_HIDDEN = "(phản ánh)"


@dataclass(frozen=True)
class LogPages:
    """Handlers of the page."""

    database: Database
    frame: Frame

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        return [
            Door("/nhat-ky", self.show, allowed(READ_AUDIT)),
            Door("/nhat-ky", self.verify, allowed(READ_AUDIT), "POST"),
        ]

    def show(self, visit: Visit) -> Response:
        """GET: entries, newest first."""
        return self._page(visit, None)

    def verify(self, visit: Visit) -> Response:
        """POST: whether the chain is whole."""
        return self._page(visit, audit.verify(self.database))

    def _page(self, visit: Visit, verdict: audit.Verdict | None) -> Response:
        by, before = visit.asked("ai"), whole(visit.asked("truoc"))
        rows = audit.list_entries(self.database, before, by, limit=PAGE + 1)
        entries, last = self._known(visit, rows[:PAGE]), rows[PAGE - 1].id if len(rows) > PAGE else None
        more = f"{HOME}/nhat-ky?truoc={last}" if last else ""
        return self.frame.page(visit, "log.html", entries=entries, more=more, by=by, acts=ACTS, verdict=verdict)

    def _known(self, visit: Visit, rows: list[AuditEntry]) -> list[tuple[AuditEntry, str, str]]:
        """Entries with what they are about, and how; those on what the visitor must not know of are left out.

        Who sees no complaint at all sees that there were acts, and not on which, nor how: so nothing stands out, and
        what was opened may have been a denunciation.
        """
        codes = {row.subject for row in rows if find_receipt_code(row.subject) == row.subject}
        if visit.viewer.scope is None:
            return [(row, _HIDDEN, "") if row.subject in codes else (row, row.subject, row.detail) for row in rows]
        with self.database.reading() as session:
            seen = codes_seen(session, codes, visit.viewer)
        return [(row, row.subject, row.detail) for row in rows if row.subject not in codes or row.subject in seen]
