"""What officers do with their own account besides logging in: their sessions, another telephone, new recovery codes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from bot.accounts import audit, second_step
from bot.accounts.errors import UnknownSessionError, WrongCodeError
from bot.accounts.model import Officer, OfficerSession
from bot.accounts.officers import end_sessions
from bot.accounts.sessions import IDLE, LoggedIn, Sessions, digest_of, officer_of
from bot.database import DatabaseError

# How long a new secret waits for its first code.
PATIENCE = timedelta(minutes=10)
# As much of a session's digest as tells it from the officer's others; the token can't be found out from it.
_MARK = 16


@dataclass(frozen=True)
class OwnSession:
    """One of an officer's own log-ins.

    Attributes:
        mark: what to end it by.
        this: whether it is the one that asks.
    """

    mark: str
    began_at: datetime
    seen_at: datetime
    address: str
    device: str
    by_provider: bool
    this: bool


@dataclass(frozen=True)
class NewSecret:
    """A secret that waits for its first code.

    Attributes:
        sealed: what the form brings back with the code.
        address: what the QR code says.
    """

    sealed: str
    secret: str
    address: str


@dataclass(frozen=True)
class OwnAccount:
    """The account of whoever asks with the token of a session."""

    sessions: Sessions

    def list_sessions(self, token: str) -> list[OwnSession]:
        """The officer's log-ins that hold, this one first, then the newest."""
        moment, mine = self.sessions.clock(), digest_of(token)
        with self.sessions.database.reading() as session:
            held = (
                select(OfficerSession)
                .where(OfficerSession.officer_id == officer_of(token).with_only_columns(Officer.id).scalar_subquery())
                .where(OfficerSession.ends_at > moment, OfficerSession.seen_at > moment - IDLE)
                .order_by(OfficerSession.digest != mine, OfficerSession.created_at.desc())
            )
            return [_shown(row, mine) for row in session.execute(held).scalars()]

    def end_session(self, token: str, mark: str) -> None:
        """End one of the officer's own sessions.

        Raises:
            UnknownSessionError: it has ended, or is not theirs.
        """
        with self.sessions.database.transaction() as session:
            officer = self._officer(session, token)
            own = select(OfficerSession).where(OfficerSession.officer_id == officer.id)
            found = [row for row in session.execute(own).scalars() if row.digest[:_MARK] == mark]
            if not found:
                raise UnknownSessionError("There is no such session.")
            session.delete(found[0])
            audit.record(session, officer.name, "officer.end_sessions", officer.name, "one", self.sessions.clock())

    def end_others(self, token: str) -> None:
        """End every session of the officer but this.

        Raises:
            UnknownSessionError: this one has ended itself.
        """
        with self.sessions.database.transaction() as session:
            officer = self._officer(session, token)
            others = delete(OfficerSession).where(OfficerSession.officer_id == officer.id)
            session.execute(others.where(OfficerSession.digest != digest_of(token)))
            audit.record(session, officer.name, "officer.end_sessions", officer.name, "others", self.sessions.clock())

    def count_recovery_codes(self, token: str) -> int:
        """How many recovery codes are left."""
        with self.sessions.database.reading() as session:
            officer = session.execute(officer_of(token)).scalar_one_or_none()
            return second_step.count_recovery_codes(session, officer) if officer else 0

    def begin_other_telephone(self, token: str, typed: str, address: str) -> NewSecret:
        """A secret for another telephone, for who shows a code of the old one or a recovery code.

        The old one counts until a code of the new one was shown.

        Raises:
            WrongCodeError, WaitError: as `Sessions.with_code`.
        """

        def begin(session: Session, officer: Officer, how: str) -> str:
            return str(officer.name)

        name, secret = self.sessions.with_code(token, typed, address, begin), second_step.new_secret()
        kept = {"session": digest_of(token), "secret": secret, "at": self.sessions.clock().timestamp()}
        sealed = self.sessions.database.cipher.seal(json.dumps(kept)).decode()
        return NewSecret(sealed, secret, second_step.address_of(secret, name))

    def find_new_secret(self, token: str, sealed: str) -> NewSecret:
        """The secret that waits, as the form brought it back.

        Raises:
            WrongCodeError: it was begun in another session, or too long ago.
        """
        try:
            kept = json.loads(self.sessions.database.cipher.unseal(sealed.encode(errors="replace")))
            fresh = self.sessions.clock().timestamp() - kept["at"] <= PATIENCE.total_seconds()
            mine, secret = kept["session"] == digest_of(token), kept["secret"]
        except (DatabaseError, ValueError, KeyError, TypeError) as error:
            raise WrongCodeError("No secret waits for a code.") from error
        if not (fresh and mine):
            raise WrongCodeError("This secret waits no more.")
        with self.sessions.database.reading() as session:
            officer = session.execute(officer_of(token)).scalar_one_or_none()
        if officer is None:
            raise WrongCodeError("This session has ended.")
        return NewSecret(sealed, secret, second_step.address_of(secret, officer.name))

    def finish_other_telephone(self, token: str, sealed: str, typed: str) -> tuple[LoggedIn, list[str]]:
        """Let the new telephone count in place of the old one, after its first code; other sessions end.

        Returns:
            The session, with another token, and recovery codes to be shown once.

        Raises:
            WrongCodeError: the code is wrong, or the secret waits no more.
        """
        moment, secret = self.sessions.clock(), self.find_new_secret(token, sealed).secret
        step = second_step.step_of(secret, typed, moment)
        if step is None:
            raise WrongCodeError("This code is wrong.")
        with self.sessions.database.transaction() as session:
            officer = self._officer(session, token)
            codes = second_step.put_in_place(session, officer, secret, step)
            begun = self.sessions.take_over(session, token, moment)
            end_sessions(session, officer)
            audit.record(session, officer.name, "officer.second_step", officer.name, "other telephone", moment)
            return self.sessions.begin(session, officer, begun), codes

    def make_recovery_codes(self, token: str, typed: str, address: str) -> list[str]:
        """New recovery codes in place of all old ones, for who shows a code.

        Raises:
            WrongCodeError, WaitError: as `Sessions.with_code`.
        """

        def make(session: Session, officer: Officer, how: str) -> list[str]:
            audit.record(session, officer.name, "officer.recovery_codes", officer.name, moment=self.sessions.clock())
            return second_step.confirm(session, officer)

        return self.sessions.with_code(token, typed, address, make)

    def _officer(self, session: Session, token: str) -> Officer:
        officer = session.execute(officer_of(token).with_for_update(of=Officer)).scalar_one_or_none()
        if officer is None:
            raise UnknownSessionError("This session has ended.")
        return officer


def _shown(row: OfficerSession, mine: str) -> OwnSession:
    return OwnSession(
        mark=row.digest[:_MARK],
        began_at=row.created_at,
        seen_at=row.seen_at,
        address=row.address,
        device=row.device,
        by_provider=row.by_provider,
        this=row.digest == mine,
    )
