"""One request to the console, after it was let in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.accounts.officers import Person
from bot.accounts.sessions import LoggedIn
from bot.complaints.visibility import Viewer, viewer_of
from bot.console.devices import device_of
from bot.console.forms import Form

HOME = "/can-bo"


@dataclass(frozen=True)
class Visit:
    """Who asks for what.

    Attributes:
        login: None on public pages without a session.
        csrf: what the page's forms have to carry.
        address: from where.
    """

    request: Request
    form: Form
    login: LoggedIn | None
    csrf: str
    address: str

    @property
    def session(self) -> LoggedIn:
        """The session, on pages that need one."""
        assert self.login
        return self.login

    @property
    def person(self) -> Person:
        """The officer, on pages that need one."""
        return self.session.person

    @property
    def viewer(self) -> Viewer:
        """The officer as one who looks at complaints."""
        return viewer_of(self.person)

    @property
    def device(self) -> str:
        """The browser, as people call it."""
        return device_of(self.request.headers.get("user-agent", ""))

    def with_form(self, **fields: str) -> Visit:
        """The same visit as if these fields had been typed."""
        typed = {**self.form.fields, **{name: [value] for name, value in fields.items()}}
        return replace(self, form=replace(self.form, fields=typed))

    def with_more(self, name: str, values: Iterable[str]) -> Visit:
        """The same visit as if a field had come with these values, too."""
        fields = {**self.form.fields, name: [*self.form.all(name), *values]}
        return replace(self, form=replace(self.form, fields=fields))

    def asked(self, name: str) -> str:
        """A part of the address behind the question mark."""
        return self.request.query_params.get(name, "").replace("\0", "").strip()[:200]


def go_to(path: str) -> Response:
    """Lead on to a page, also after a form."""
    return RedirectResponse(path, status_code=303)
