"""Searches that an officer keeps under a name, to come back to."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl

from starlette.responses import Response

from bot.accounts.errors import AccountError
from bot.accounts.filters import delete_filter, save_filter
from bot.accounts.permissions import READ
from bot.complaints.errors import UnknownComplaintError
from bot.console.doors import Door, allowed
from bot.console.forms import whole
from bot.console.lists import ASKED, LIST, query_of
from bot.console.pages import Frame
from bot.console.visit import HOME, Visit, go_to
from bot.database import Database


@dataclass(frozen=True)
class FilterPages:
    """Handlers of the forms."""

    database: Database
    frame: Frame

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        return [
            Door("/bo-loc", self.save, allowed(READ), "POST"),
            Door("/bo-loc/{filter}/xoa", self.delete, allowed(READ), "POST"),
        ]

    def save(self, visit: Visit) -> Response:
        """POST: keep what was searched for."""
        asked = dict(parse_qsl(visit.form.get("query")))
        query = query_of({name: asked.get(name, "") for name in ASKED})
        try:
            save_filter(self.database, visit.person.id, visit.form.get("name"), query)
        except AccountError:
            return self.frame.page(visit, "filter_refused.html", status=422, back=f"{LIST}?{query}")
        return go_to(f"{LIST}?{query}")

    def delete(self, visit: Visit) -> Response:
        """POST: forget a search."""
        number = whole(visit.request.path_params["filter"])
        if number is None or not delete_filter(self.database, visit.person.id, number):
            raise UnknownComplaintError("There is no such filter.")
        return go_to(HOME)
