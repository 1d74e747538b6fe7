"""Accounts of staff: made, changed, disabled. Each function is one transaction, with its line in the audit log."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from bot.accounts import attempts, audit, second_step
from bot.accounts.errors import (
    AccountError,
    BadNameError,
    ChangedOfficerError,
    LastAdministratorError,
    TakenError,
    UnknownOfficerError,
    UnknownRoleError,
)
from bot.accounts.identities import Entered, enter, entered_of
from bot.accounts.model import Officer, OfficerSession
from bot.accounts.passwords import Passwords, make_one_time_password
from bot.accounts.permissions import ADMINISTRATOR, ROLES
from bot.database import Database, now, take_turn
from bot.text.normalise import clean, fold, normalise

LONGEST_NAME = 100
_KEPT_NAMES = ("citizen", "system")


@dataclass(frozen=True)
class Person:
    """An officer as the rest of the programs knows them."""

    id: int
    name: str
    unit: str
    roles: frozenset[str]
    kinds: frozenset[str]
    disabled: bool
    second_step: bool


@dataclass(frozen=True)
class Accounts:
    """The accounts of one database.

    Attributes:
        passwords: how passwords are hashed.
    """

    database: Database
    passwords: Passwords = field(default_factory=Passwords)

    def add_first_administrator(self, name: str) -> str:
        """Make the first administrator; returns the one-time password.

        Raises:
            AccountError: there is an administrator already.
        """
        with self.database.transaction() as session:
            take_turn(session, "officers")
            if any(ADMINISTRATOR in person_of(row).roles for row in session.execute(select(Officer)).scalars()):
                raise AccountError("There is an administrator already; they can make more ('motcua users add').")
            return self._add(session, name, "", (ADMINISTRATOR,), (), by=one_line(name))

    def add(self, name: str, unit: str, roles: Iterable[str], kinds: Iterable[str], by: str) -> str:
        """Make an account; returns its one-time password, which has to be changed at the first log-in.

        Raises:
            AccountError: the name is taken, empty or too long, or there is no such role.
        """
        with self.database.transaction() as session:
            take_turn(session, "officers")
            return self._add(session, name, unit, roles, kinds, by)

    def reset(self, name: str, by: str) -> str:
        """Give an officer a new one-time password; the second step and all sessions end.

        Raises:
            UnknownOfficerError: there is none of this name.
        """
        password = make_one_time_password()
        hashed = self.passwords.make_hash(password)
        with self.database.transaction() as session:
            officer = find(session, name)
            officer.password, officer.must_change = hashed, True
            second_step.forget(session, officer)
            end_sessions(session, officer)
            audit.record(session, by, "officer.reset", officer.name)
        attempts.forgive(self.database, key_of(name))
        return password

    def disable(self, name: str, by: str) -> None:
        """Let an officer log in no more, and end their sessions at once.

        Raises:
            AccountError: there is none of this name, or it is the last administrator.
        """
        with self.database.transaction() as session:
            take_turn(session, "officers")
            officer = find(session, name)
            officer.disabled_at = officer.disabled_at or now()
            self._check_administrators(session)
            end_sessions(session, officer)
            audit.record(session, by, "officer.disable", officer.name)

    def enable(self, name: str, by: str) -> None:
        """Let a disabled officer log in again.

        Raises:
            UnknownOfficerError: there is none of this name.
        """
        with self.database.transaction() as session:
            officer = find(session, name)
            officer.disabled_at = None
            audit.record(session, by, "officer.enable", officer.name)

    def change(
        self,
        name: str,
        by: str,
        *,
        unit: str | None = None,
        roles: Iterable[str] | None = None,
        kinds: Iterable[str] | None = None,
        seen: Person | None = None,
    ) -> None:
        """Change what an officer is and may do; their sessions end. What is None stays.

        Args:
            seen: the officer as they were when it was decided.

        Raises:
            AccountError: there is none of this name, no such role, or no administrator would be left.
            ChangedOfficerError: they are no longer what was seen.
        """
        with self.database.transaction() as session:
            take_turn(session, "officers")
            officer = find(session, name)
            if seen is not None and person_of(officer) != seen:
                raise ChangedOfficerError("Somebody else has changed this account.")
            if unit is not None:
                officer.unit = one_line(unit) or None
            if roles is not None:
                officer.roles = _known_roles(roles)
            if kinds is not None:
                officer.kinds = " ".join(sorted(set(kinds)))
            self._check_administrators(session)
            end_sessions(session, officer)
            audit.record(session, by, "officer.change", officer.name, f"{officer.roles} / {officer.unit or '-'}")

    def unlock(self, name: str, by: str) -> None:
        """Forget an officer's wrong tries.

        Raises:
            UnknownOfficerError: there is none of this name.
        """
        with self.database.transaction() as session:
            officer = find(session, name)
            audit.record(session, by, "officer.unlock", officer.name)
        attempts.forgive(self.database, key_of(name))

    def set_identity(self, name: str, by: str, entered: Entered) -> None:
        """Say whom a provider has to vouch for to log this officer in; what is empty is nobody. Their sessions end.

        Raises:
            UnknownOfficerError: there is none of this name.
            BadIdentityError: no provider could name this.
            TakenError: it is another officer's already.
        """
        with self.database.transaction() as session:
            take_turn(session, "officers")
            officer = find(session, name)
            if enter(session, officer, entered):
                end_sessions(session, officer)
                what = " and ".join(field for field in ("email", "subject") if getattr(entered, field)) or "none"
                audit.record(session, by, "officer.identity", officer.name, what)

    def identity_of(self, name: str) -> Entered:
        """Whom a provider has to vouch for.

        Raises:
            UnknownOfficerError: there is none of this name.
        """
        with self.database.reading() as session:
            return entered_of(session, _find(session, select(Officer), name))

    def all(self) -> list[Person]:
        """Every account, by name."""
        with self.database.reading() as session:
            rows = session.execute(select(Officer).order_by(Officer.key)).scalars()
            return [person_of(row) for row in rows]

    def by_id(self, number: int) -> Person:
        """One account by its number.

        Raises:
            UnknownOfficerError: there is none.
        """
        with self.database.reading() as session:
            officer = session.get(Officer, number)
            if officer is None:
                raise UnknownOfficerError(f"There is no officer {number}.")
            return person_of(officer)

    def find(self, name: str) -> Person:
        """One account.

        Raises:
            UnknownOfficerError: there is none of this name.
        """
        with self.database.reading() as session:
            return person_of(_find(session, select(Officer), name))

    def _add(self, session: Session, name: str, unit: str, roles: Iterable[str], kinds: Iterable[str], by: str) -> str:
        name, password = one_line(name), make_one_time_password()
        key = key_of(name)
        if not key or len(name) > LONGEST_NAME or key in _KEPT_NAMES:
            raise BadNameError(f"An officer's name has letters, at most {LONGEST_NAME} characters, and is their own.")
        taken = session.execute(select(Officer.name).where(Officer.key == key)).scalar_one_or_none()
        if taken:
            raise TakenError(f"There is an officer '{taken}' already; add something that tells the two apart.")
        officer = Officer(
            name=name,
            key=key,
            unit=one_line(unit) or None,
            roles=_known_roles(roles),
            kinds=" ".join(sorted(set(kinds))),
            password=self.passwords.make_hash(password),
        )
        session.add(officer)
        session.flush()
        audit.record(session, by, "officer.add", name, f"{officer.roles} / {officer.unit or '-'}")
        return password

    def _check_administrators(self, session: Session) -> None:
        session.flush()
        left = session.execute(select(Officer).where(Officer.disabled_at.is_(None))).scalars()
        if not any(ADMINISTRATOR in person_of(row).roles for row in left):
            raise LastAdministratorError("One administrator has to be left who can log in.")


def find(session: Session, name: str) -> Officer:
    """The account of a name, with tones or without, held until the transaction ends.

    Raises:
        UnknownOfficerError: there is none.
    """
    return _find(session, select(Officer).with_for_update(), name)


def _find(session: Session, wanted: Select, name: str) -> Officer:
    officer = session.execute(wanted.where(Officer.key == key_of(name))).scalar_one_or_none()
    if officer is None:
        raise UnknownOfficerError(f"There is no officer '{one_line(name)}'; see 'motcua users list'.")
    return officer


def person_of(row: Officer) -> Person:
    """What is known of an officer."""
    return Person(
        id=row.id,
        name=row.name,
        unit=row.unit or "",
        roles=frozenset(row.roles.split()),
        kinds=frozenset(row.kinds.split()),
        disabled=row.disabled_at is not None,
        second_step=row.totp_confirmed,
    )


def end_sessions(session: Session, officer: Officer) -> None:
    """Log an officer out everywhere."""
    session.execute(delete(OfficerSession).where(OfficerSession.officer_id == officer.id))


def key_of(name: str) -> str:
    """A name in plain small letters, single spaces: what a log-in goes by."""
    return " ".join(fold(normalise(one_line(name))).casefold().split())[:LONGEST_NAME]


def one_line(name: str) -> str:
    """A name as it is kept."""
    return " ".join(clean(name.encode(errors="replace").decode()).split())


def _known_roles(roles: Iterable[str]) -> str:
    chosen = sorted(set(roles))
    unknown = [role for role in chosen if role not in ROLES]
    if unknown or not chosen:
        raise UnknownRoleError(f"A role is one of {', '.join(ROLES)}" + (f", not '{unknown[0]}'." if unknown else "."))
    return " ".join(chosen)
