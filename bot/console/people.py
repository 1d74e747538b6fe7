"""Accounts of staff, for administrators: made, changed, reset, closed. One-time passwords are shown once."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from bot.accounts.errors import AccountError, ChangedOfficerError, UnknownOfficerError
from bot.accounts.identities import Entered
from bot.accounts.officers import Accounts, Person
from bot.accounts.permissions import MANAGE, ROLES, SUPERVISOR
from bot.complaints.kinds import Kind
from bot.console.doors import Door, allowed
from bot.console.forms import whole
from bot.console.log_in import status_of
from bot.console.pages import Frame
from bot.console.sentences import DONE, sentence_of
from bot.console.visit import HOME, Visit, go_to

PEOPLE = f"{HOME}/nhan-su"
_ONE = "/nhan-su/{officer}"
_LONGEST_UNIT = 100


@dataclass(frozen=True)
class PeoplePages:
    """Handlers of the pages.

    Attributes:
        issuer: the provider that officers may log in with; empty is none.
    """

    accounts: Accounts
    kinds: dict[str, Kind]
    frame: Frame
    issuer: str

    def doors(self) -> list[Door]:
        """Every page with who may come in."""
        acts: tuple[tuple[str, Callable[[Visit, Person], str]], ...] = (
            ("vai-tro", self._change),
            ("khoa", self._disable),
            ("mo", self._enable),
            ("bo-cho", self._unlock),
        )
        return [
            Door("/nhan-su", self.show_all, allowed(MANAGE)),
            Door("/nhan-su", self.add, allowed(MANAGE), "POST"),
            Door(_ONE, self.show, allowed(MANAGE)),
            Door(f"{_ONE}/cap-lai", self.reset, allowed(MANAGE), "POST"),
            *(Door(f"{_ONE}/{path}", self._form(act), allowed(MANAGE), "POST") for path, act in acts),
            *([Door(f"{_ONE}/co-quan", self._form(self._identify), allowed(MANAGE), "POST")] if self.issuer else []),
        ]

    def show_all(self, visit: Visit) -> Response:
        """GET: every account, and a form for another."""
        return self._list(visit)

    def add(self, visit: Visit) -> Response:
        """POST: make an account; shows its one-time password, this once."""
        name = visit.form.get("name")
        try:
            password = self.accounts.add(name, _unit(visit), _roles(visit), self._kinds(visit), visit.person.name)
            person = self.accounts.find(name)
        except AccountError as error:
            return self._list(visit, error)
        return self._password_page(visit, person, password)

    def show(self, visit: Visit) -> Response:
        """GET: one account with its forms."""
        try:
            return self._page(visit, self._person(visit))
        except UnknownOfficerError:
            return self._unknown(visit)

    def reset(self, visit: Visit) -> Response:
        """POST: a new one-time password, shown this once; second step and sessions end."""
        try:
            person = self._person(visit)
            password = self.accounts.reset(person.name, visit.person.name)
        except UnknownOfficerError:
            return self._unknown(visit)
        except AccountError as error:
            return self._page(visit, person, error)
        return self._password_page(visit, person, password)

    def _form(self, act: Callable[[Visit, Person], str]) -> Callable[[Visit], Response]:
        def handle(visit: Visit) -> Response:
            try:
                person = self._person(visit)
            except UnknownOfficerError:
                return self._unknown(visit)
            try:
                done = act(visit, person)
            except AccountError as error:
                return self._page(visit, person, error)
            return go_to(f"{PEOPLE}/{person.id}?xong={done}")

        return handle

    def _change(self, visit: Visit, person: Person) -> str:
        if visit.form.get("seen") != _mark(person):
            raise ChangedOfficerError("Another form of this account was seen.")
        by, roles, kinds = visit.person.name, _roles(visit), self._kinds(visit)
        self.accounts.change(person.name, by, unit=_unit(visit), roles=roles, kinds=kinds, seen=person)
        return "changed"

    def _identify(self, visit: Visit, person: Person) -> str:
        email, subject, known = visit.form.get("email"), visit.form.get("subject"), self._known_as(person)
        if email.lower() != known.email and subject == known.subject:
            # It was the old address's.
            subject = ""
        self.accounts.set_identity(person.name, visit.person.name, Entered(email, self.issuer, subject))
        return "changed"

    def _disable(self, visit: Visit, person: Person) -> str:
        self.accounts.disable(person.name, visit.person.name)
        return "disabled"

    def _enable(self, visit: Visit, person: Person) -> str:
        self.accounts.enable(person.name, visit.person.name)
        return "enabled"

    def _unlock(self, visit: Visit, person: Person) -> str:
        self.accounts.unlock(person.name, visit.person.name)
        return "unlocked"

    def _person(self, visit: Visit) -> Person:
        number = whole(str(visit.request.path_params["officer"]))
        if number is None:
            raise UnknownOfficerError("There is no such officer.")
        return self.accounts.by_id(number)

    def _kinds(self, visit: Visit) -> list[str]:
        return [kind for kind in visit.form.all("kind") if kind in self.kinds]

    def _list(self, visit: Visit, error: AccountError | None = None) -> Response:
        people = self.accounts.all()
        return self.frame.page(
            visit,
            "people.html",
            **_told(error),
            people=people,
            typed=visit.form,
            unscreened=not any(SUPERVISOR in one.roles and not one.disabled for one in people),
            **self._choices(people),
        )

    def _page(self, visit: Visit, person: Person, error: AccountError | None = None) -> Response:
        person = self.accounts.by_id(person.id)
        return self.frame.page(
            visit,
            "one_person.html",
            **_told(error),
            done=DONE.get(visit.asked("xong"), ""),
            officer=person,
            seen=_mark(person),
            known_as=self._known_as(person) if self.issuer else None,
            **self._choices(self.accounts.all()),
        )

    def _known_as(self, person: Person) -> Entered:
        """What was entered; a subject of another provider than today's is none."""
        entered = self.accounts.identity_of(person.name)
        return entered if entered.issuer == self.issuer else Entered(entered.email)

    def _choices(self, people: list[Person]) -> dict[str, Any]:
        return {
            "roles": ROLES,
            "kinds": [(key, kind.label) for key, kind in self.kinds.items()],
            "units": sorted({one.unit for one in people if one.unit}),
        }

    def _password_page(self, visit: Visit, person: Person, password: str) -> Response:
        return self.frame.page(visit, "one_time_password.html", officer=person, password=password)

    def _unknown(self, visit: Visit) -> Response:
        return self.frame.page(visit, "unknown.html", status=404)


def _told(error: AccountError | None) -> dict[str, Any]:
    if error is None:
        return {"error": "", "status": 200}
    return {"error": sentence_of(error), "status": 409 if isinstance(error, ChangedOfficerError) else status_of(error)}


def _roles(visit: Visit) -> list[str]:
    return [role for role in visit.form.all("role") if role]


def _unit(visit: Visit) -> str:
    return visit.form.get("unit")[:_LONGEST_UNIT]


def _mark(person: Person) -> str:
    """Tells an account as it was seen from what it has become."""
    told = (person.name, person.unit, sorted(person.roles), sorted(person.kinds), person.disabled, person.second_step)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]
