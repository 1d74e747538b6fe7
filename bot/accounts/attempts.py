"""Wrong tries to log in, counted for every program alike, and how long one has to wait after them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from bot.accounts.errors import StaleLogInError, WaitError
from bot.accounts.model import LoginAttempt
from bot.database import Database, take_turn

# By account: five free tries, then one minute, doubled each time. The wait ends, or anybody could lock anybody out.
FREE_TRIES, FIRST_WAIT, LONGEST_WAIT = 5, timedelta(minutes=1), timedelta(minutes=30)
# By address, whatever the names: an office shares one.
FREE_TRIES_OF_ADDRESS, WINDOW = 30, timedelta(minutes=15)
_KEPT = timedelta(days=2)
_WRONG = LoginAttempt.right.is_(False)


@dataclass(frozen=True)
class Attempt:
    """A try that stands as wrong until `succeed`."""

    id: int
    name: str


def begin(database: Database, name: str, address: str, moment: datetime) -> Attempt:
    """Count a try before it is looked at, so that many at the same moment are many.

    Args:
        name: the account's key.

    Raises:
        WaitError: this account, or this address, has to wait; the try does not count.
    """
    with _counting(database, name, address, moment) as (session, row):
        wrong = select(func.count(LoginAttempt.id), func.max(LoginAttempt.tried_at)).where(_WRONG)
        mine = LoginAttempt.name == row.name
        last_right = select(func.max(LoginAttempt.id)).where(mine, LoginAttempt.right.is_(True))
        since = session.execute(last_right).scalar_one() or 0
        _check(_wait_of_account(*session.execute(wrong.where(mine, LoginAttempt.id > since)).one()), moment)
        return _keep(session, row)


def begin_once(database: Database, name: str, address: str, moment: datetime) -> Attempt:
    """Count a try with something that is good for one try only.

    Raises:
        StaleLogInError: it was tried before.
        WaitError: this address has to wait; the try does not count.
    """
    with _counting(database, name, address, moment) as (session, row):
        if session.execute(select(LoginAttempt.id).where(LoginAttempt.name == row.name).limit(1)).first():
            raise StaleLogInError("This log-in has ended already.")
        return _keep(session, row)


@contextmanager
def _counting(database: Database, name: str, address: str, moment: datetime) -> Iterator[tuple[Session, LoginAttempt]]:
    digest = database.cipher.digest
    row = LoginAttempt(name=digest(f"login-name:{name}"), address=digest(f"login-address:{address}"), tried_at=moment)
    with database.transaction() as session:
        for about in sorted((f"login:{row.name}", f"login:{row.address}")):
            take_turn(session, about)
        session.execute(delete(LoginAttempt).where(LoginAttempt.tried_at < moment - _KEPT))
        near = (LoginAttempt.address == row.address, LoginAttempt.tried_at > moment - WINDOW)
        wrong = select(func.count(LoginAttempt.id), func.max(LoginAttempt.tried_at)).where(_WRONG, *near)
        count, last = session.execute(wrong).one()
        _check(last + WINDOW if count >= FREE_TRIES_OF_ADDRESS else None, moment)
        yield session, row


def _keep(session: Session, row: LoginAttempt) -> Attempt:
    session.add(row)
    session.flush()
    return Attempt(row.id, row.name)


def succeed(database: Database, attempt: Attempt) -> None:
    """The try was right: the account starts anew, the address keeps its other wrong ones."""
    with database.transaction() as session:
        session.execute(update(LoginAttempt).where(LoginAttempt.id == attempt.id).values(right=True))


def drop(database: Database, attempt: Attempt) -> None:
    """The try was not looked at, so it does not count."""
    with database.transaction() as session:
        session.execute(delete(LoginAttempt).where(LoginAttempt.id == attempt.id))


def forgive(database: Database, name: str) -> None:
    """Let an account be tried at once."""
    names = [database.cipher.digest(f"login-name:{one}") for one in (name, name_of_codes(name))]
    with database.transaction() as session:
        session.execute(delete(LoginAttempt).where(LoginAttempt.name.in_(names)))


def name_of_codes(name: str) -> str:
    """Under which name wrong codes of an account's second step are counted; no account's key has a line break."""
    return f"{name}\ncode"


def name_of_state(state: str) -> str:
    """Under which name the return from a provider is counted."""
    return f"{state}\nstate"


def _wait_of_account(wrong: int, last: datetime | None) -> datetime | None:
    if wrong < FREE_TRIES or last is None:
        return None
    doubled = min(wrong - FREE_TRIES, 10)
    return last + min(FIRST_WAIT * 2**doubled, LONGEST_WAIT)


def _check(until: datetime | None, moment: datetime) -> None:
    if until is not None and until > moment:
        raise WaitError(int((until - moment).total_seconds()) + 1)
