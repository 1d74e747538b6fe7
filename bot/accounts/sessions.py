"""Logging in and staying logged in: password, second step, sessions that end."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql import Select

from bot.accounts import attempts, audit, second_step
from bot.accounts.attempts import Attempt
from bot.accounts.errors import UnknownPersonError, WaitError, WeakPasswordError, WrongCodeError, WrongLoginError
from bot.accounts.identities import Identity, owner_of
from bot.accounts.model import Officer, OfficerSession
from bot.accounts.officers import Person, end_sessions, key_of, person_of
from bot.accounts.passwords import LONGEST, Passwords, check_strength
from bot.accounts.permissions import NEEDS_SECOND_STEP
from bot.database import Database, now

IDLE, LONGEST_SESSION = timedelta(hours=1), timedelta(hours=12)
# How long somebody who opened a page counts as being there.
PRESENT = timedelta(minutes=10)
# A page more does not write.
_SEEN_EVERY = timedelta(minutes=1)
NOBODY = "-"
Result = TypeVar("Result")

# What is still to be done before a session opens anything.
CODE, PASSWORD, ENROL, DONE = "code", "password", "enrol", "done"


@dataclass(frozen=True)
class LoggedIn:
    """A session that holds.

    Attributes:
        step: what is still to be done: "code", "password", "enrol", or "done".
        csrf: what every form of this session has to carry.
    """

    person: Person
    step: str
    token: str
    csrf: str


@dataclass(frozen=True)
class Begun:
    """How a session began.

    Attributes:
        second_step: whether the second step was passed, here or at the provider.
        by_provider: whether a provider vouched in place of a password.
    """

    moment: datetime
    address: str
    device: str = ""
    second_step: bool = False
    by_provider: bool = False


@dataclass(frozen=True)
class Sessions:
    """Log-ins of one database.

    Attributes:
        clock: the moment it is.
    """

    database: Database
    passwords: Passwords = field(default_factory=Passwords)
    clock: Callable[[], datetime] = now

    def log_in(self, name: str, password: str, address: str, device: str = "") -> LoggedIn:
        """Begin a session; what it still needs is its `step`.

        Args:
            device: the browser, in a few words.

        Raises:
            WrongLoginError: name or password is wrong, or the account is disabled.
            WaitError: there were too many wrong tries.
        """
        moment, key = self.clock(), key_of(name)
        attempt = attempts.begin(self.database, key, address, moment)
        with self.database.reading() as session:
            officer = session.execute(select(Officer).where(Officer.key == key)).scalar_one_or_none()
        right = len(password) <= LONGEST and self._fits(officer, password, attempt)
        if officer is None or not right or officer.disabled_at:
            # A name that is no account may be a password typed into the wrong field.
            self._record(officer.name if officer else NOBODY, "login.failed")
            raise WrongLoginError("Name or password is wrong.")
        attempts.succeed(self.database, attempt)
        with self.database.transaction() as session:
            row = session.get(Officer, officer.id, with_for_update=True)
            if row.password != officer.password or row.disabled_at:
                raise WrongLoginError("Name or password is wrong.")
            audit.record(session, row.name, "login", detail="password", moment=moment)
            return self.begin(session, row, Begun(moment, address, device))

    def begin_by_provider(self, state: str, address: str) -> Attempt:
        """Count the return from a provider before it is looked at.

        Raises:
            StaleLogInError: somebody came back with this state already.
            WaitError: this address has to wait.
        """
        return attempts.begin_once(self.database, attempts.name_of_state(state), address, self.clock())

    def log_in_by_provider(self, identity: Identity, attempt: Attempt, address: str, device: str = "") -> LoggedIn:
        """Begin a session of whom a provider vouches for; what it still needs is its `step`.

        Raises:
            UnknownPersonError: no administrator has entered them, or their account is disabled.
        """
        moment = self.clock()
        with self.database.transaction() as session:
            officer = owner_of(session, identity)
            if officer is not None and officer.disabled_at is None:
                how = "provider, second step there" if identity.second_step else "provider"
                audit.record(session, officer.name, "login", detail=how, moment=moment)
                begun = Begun(moment, address, device, identity.second_step, by_provider=True)
                login = self.begin(session, officer, begun)
            else:
                audit.record(session, officer.name if officer else NOBODY, "login.unknown", moment=moment)
                login = None
        if login is None:
            raise UnknownPersonError("There is no account for this person.")
        attempts.succeed(self.database, attempt)
        return login

    def fail_by_provider(self, why: str) -> None:
        """Keep that a log-in by the provider came to nothing, and why."""
        with self.database.transaction() as session:
            audit.record(session, NOBODY, "login.provider_failed", detail=why, moment=self.clock())

    def of(self, token: str, *, touch: bool = True) -> LoggedIn | None:
        """The session of a token, None when there is none, it has ended, or its officer was disabled.

        Args:
            touch: whether this keeps it from ending for idleness.
        """
        moment, digest = self.clock(), digest_of(token)
        with self.database.reading() as session:
            found = session.execute(
                select(OfficerSession, Officer)
                .join(Officer, Officer.id == OfficerSession.officer_id)
                .where(OfficerSession.digest == digest)
            ).first()
        if found is None or _is_over(found[0], moment) or found[1].disabled_at:
            return None
        kept, officer = found
        if touch and moment - kept.seen_at > _SEEN_EVERY:
            with self.database.transaction() as session:
                row = session.get(OfficerSession, digest, with_for_update=True)
                if row is None:
                    return None
                row.seen_at = max(row.seen_at, moment)
        return _shown(officer, kept, token)

    def pass_code(self, token: str, typed: str, address: str) -> LoggedIn:
        """Pass the second step with a code of the telephone or a recovery code; the session gets another token.

        Raises:
            WrongCodeError: the code is wrong, used, or too old.
            WaitError: there were too many wrong tries.
        """

        def go_on(session: Session, officer: Officer, how: str) -> LoggedIn:
            audit.record(session, officer.name, "login.second_step", detail=how, moment=self.clock())
            begun = self.take_over(session, token, self.clock())
            return self.begin(session, officer, replace(begun, second_step=True))

        return self.with_code(token, typed, address, go_on)

    def with_code(self, token: str, typed: str, address: str, act: Callable[[Session, Officer, str], Result]) -> Result:
        """Do what needs a code of the telephone or a recovery code, in the transaction that uses it up.

        Args:
            act: gets the transaction, the officer, and which kind of code it was.

        Raises:
            WrongCodeError: the code is wrong, used, or too old, or the session has ended.
            WaitError: there were too many wrong tries.
        """
        moment = self.clock()
        if (waiting := self._officer_of(token)) is None:
            raise WrongCodeError("This session has ended.")
        # Counted apart from passwords and from sessions: a new log-in gives no new tries.
        attempt = attempts.begin(self.database, attempts.name_of_codes(waiting.key), address, moment)
        with self.database.transaction() as session:
            officer = session.execute(officer_of(token).with_for_update(of=Officer)).scalar_one_or_none()
            how = _kind_of_code(session, officer, typed, moment) if officer and officer.totp_confirmed else ""
            if how:
                done = act(session, officer, how)
            else:
                audit.record(session, waiting.name, "login.code_failed", moment=moment)
        if not how:
            raise WrongCodeError("This code is wrong.")
        attempts.succeed(self.database, attempt)
        return done

    def begin_second_step(self, token: str) -> tuple[str, str]:
        """The secret to put into a telephone, and what its QR code says; the same as long as this session lasts.

        Raises:
            WrongCodeError: the session has ended, or the second step is set up already.
        """
        with self.database.reading() as session:
            officer = session.execute(officer_of(token)).scalar_one_or_none()
            if officer is None or officer.totp_confirmed:
                raise WrongCodeError("The second step is set up already.")
            secret = second_step.offered_to(session, token)
            return secret, second_step.address_of(secret, officer.name)

    def confirm_second_step(self, token: str, typed: str) -> tuple[LoggedIn, list[str]]:
        """Let the second step count, after a first code of it; other sessions end.

        Returns:
            The session, with another token, and recovery codes to be shown once.

        Raises:
            WrongCodeError: the code is wrong.
        """
        moment = self.clock()
        with self.database.transaction() as session:
            officer = session.execute(officer_of(token).with_for_update(of=Officer)).scalar_one_or_none()
            set_up, secret = officer is None or officer.totp_confirmed, second_step.offered_to(session, token)
            step = second_step.step_of(secret, typed, moment)
            if set_up or step is None:
                raise WrongCodeError("This code is wrong.")
            codes = second_step.put_in_place(session, officer, secret, step)
            begun = self.take_over(session, token, moment)
            end_sessions(session, officer)
            audit.record(session, officer.name, "officer.second_step", officer.name, moment=moment)
            return self.begin(session, officer, replace(begun, second_step=True)), codes

    def change_password(self, token: str, old: str, new: str, address: str) -> LoggedIn:
        """Choose a new password; every session ends but this, which gets another token.

        Raises:
            WrongLoginError: the old password is wrong, or the session has ended.
            WeakPasswordError: the new one can't be taken.
            WaitError: there were too many wrong tries.
        """
        moment = self.clock()
        if (officer := self._officer_of(token)) is None:
            raise WrongLoginError("This session has ended.")
        check_strength(new, officer.name)
        if new == old:
            raise WeakPasswordError("same")
        attempt = attempts.begin(self.database, officer.key, address, moment)
        if len(old) > LONGEST or not self._fits(officer, old, attempt):
            raise WrongLoginError("The old password is wrong.")
        attempts.succeed(self.database, attempt)
        hashed = self.passwords.make_hash(new)
        with self.database.transaction() as session:
            found = select(OfficerSession, Officer).join(Officer, Officer.id == OfficerSession.officer_id)
            mine = found.where(OfficerSession.digest == digest_of(token)).with_for_update()
            pair = session.execute(mine).first()
            if pair is None or pair[1].password != officer.password:
                raise WrongLoginError("This session has ended.")
            row = pair[1]
            row.password, row.must_change = hashed, False
            begun = self.take_over(session, token, moment)
            end_sessions(session, row)
            audit.record(session, row.name, "officer.password", row.name, moment=moment)
            return self.begin(session, row, begun)

    def look_at(self, token: str, subject: str) -> list[tuple[str, datetime]]:
        """Keep what this session has open now; returns who else opened the same a short while ago, and when.

        Whoever has gone on to something else is not among them.
        """
        moment, mine = self.clock(), digest_of(token)
        with self.database.transaction() as session:
            own = update(OfficerSession).where(OfficerSession.digest == mine)
            session.execute(own.values(looking_at=subject, looked_at=moment))
            others = (
                select(Officer.name, func.max(OfficerSession.looked_at))
                .join(OfficerSession, OfficerSession.officer_id == Officer.id)
                .where(OfficerSession.looking_at == subject, OfficerSession.looked_at > moment - PRESENT)
                .where(Officer.id.not_in(select(OfficerSession.officer_id).where(OfficerSession.digest == mine)))
                .group_by(Officer.name)
                .order_by(Officer.name)
            )
            return [(name, at) for name, at in session.execute(others)]

    def log_out(self, token: str) -> None:
        """End a session."""
        self.log_out_known(digest_of(token))

    def log_out_known(self, digest: str) -> None:
        """End the session whose token has this digest."""
        with self.database.transaction() as session:
            officer = session.execute(_officer_with(digest)).scalar_one_or_none()
            if officer:
                session.execute(delete(OfficerSession).where(OfficerSession.digest == digest))
                audit.record(session, officer.name, "logout", moment=self.clock())

    def begin(self, session: Session, officer: Officer, begun: Begun) -> LoggedIn:
        """A new session, with a new token, within the caller's transaction."""
        session.execute(delete(OfficerSession).where(OfficerSession.ends_at < begun.moment))
        token = secrets.token_urlsafe(32)
        kept = OfficerSession(
            digest=digest_of(token),
            officer_id=officer.id,
            created_at=begun.moment,
            seen_at=begun.moment,
            ends_at=begun.moment + LONGEST_SESSION,
            second_step=begun.second_step,
            by_provider=begun.by_provider,
            address=begun.address[:64],
            device=begun.device[:100],
        )
        session.add(kept)
        session.flush()
        return _shown(officer, kept, token)

    def take_over(self, session: Session, token: str, moment: datetime) -> Begun:
        """End this session; how it began, for the one that takes its place."""
        kept = session.get(OfficerSession, digest_of(token), with_for_update=True)
        begun = Begun(moment, kept.address, kept.device, kept.second_step, kept.by_provider)
        session.delete(kept)
        session.flush()
        return begun

    def _officer_of(self, token: str) -> Officer | None:
        with self.database.reading() as session:
            return session.execute(officer_of(token)).scalar_one_or_none()

    def _fits(self, officer: Officer | None, password: str, attempt: Attempt) -> bool:
        try:
            if officer is not None:
                return self.passwords.fits(officer.password, password)
            self.passwords.waste_time(password)
        except WaitError:
            # The machine was busy; that is nobody's wrong try.
            attempts.drop(self.database, attempt)
            raise
        return False

    def _record(self, by: str, act: str) -> None:
        with self.database.transaction() as session:
            audit.record(session, by, act, moment=self.clock())


def csrf_of(token: str) -> str:
    """What a form carries beside the cookie with this token; the cookie can't be found out from it."""
    return hmac.new(token.encode(), b"form", hashlib.sha256).hexdigest()


def _shown(officer: Officer, kept: OfficerSession, token: str) -> LoggedIn:
    person = person_of(officer)
    step = DONE
    if officer.totp_confirmed and not kept.second_step:
        step = CODE
    elif officer.must_change and not kept.by_provider:
        step = PASSWORD
    elif person.roles & NEEDS_SECOND_STEP and not (officer.totp_confirmed or kept.second_step):
        step = ENROL
    return LoggedIn(person, step, token, csrf_of(token))


def _kind_of_code(session: Session, officer: Officer, typed: str, moment: datetime) -> str:
    if second_step.take_code(session, officer, typed, moment):
        return "code"
    return "recovery code" if second_step.take_recovery_code(session, officer, typed, moment) else ""


def _is_over(kept: OfficerSession, moment: datetime) -> bool:
    return bool(moment >= kept.ends_at or moment - kept.seen_at >= IDLE)


def officer_of(token: str) -> Select:
    """Finds the officer of a session; nobody when it has none or they are disabled."""
    return _officer_with(digest_of(token))


def _officer_with(digest: str) -> Select:
    joined = select(Officer).join(OfficerSession, OfficerSession.officer_id == Officer.id)
    return joined.where(OfficerSession.digest == digest, Officer.disabled_at.is_(None))


def digest_of(token: str) -> str:
    """What the database knows of a token."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()
