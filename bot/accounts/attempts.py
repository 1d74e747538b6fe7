"""Wrong tries to log in, counted for every program alike, and how long one has to wait after them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from bot.accounts.errors import WaitError
from bot.accounts.model import LoginAttempt
from bot.database import Database, take_turn

# By account: five free tries, then one minute, doubled each time. The wait ends, or anybody could lock anybody out.
FREE_TRIES, FIRST_WAIT, LONGEST_WAIT = 5, timedelta(minutes=1), timedelta(minutes=30)
# By address, whatever the names: an office shares one.
FREE_TRIES_OF_ADDRESS, WINDOW = 30, timedelta(minutes=15)
_KEPT = timedelta(days=2)


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
    digest = database.cipher.digest
    name, address = digest(f"login-name:{name}"), digest(f"login-address:{address}")
    with database.transaction() as session:
        for about in sorted((f"login:{name}", f"login:{address}")):
            take_turn(session, about)
        session.execute(delete(LoginAttempt).where(LoginAttempt.tried_at < moment - _KEPT))
        wrong = select(func.count(LoginAttempt.id), func.max(LoginAttempt.tried_at)).where(
            LoginAttempt.right.is_(False)
        )
        last_right = select(func.max(LoginAttempt.id)).where(LoginAttempt.name == name, LoginAttempt.right.is_(True))
        since = session.execute(last_right).scalar_one() or 0
        mine = session.execute(wrong.where(LoginAttempt.name == name, LoginAttempt.id > since)).one()
        _check(_wait_of_account(*mine), moment)
        near = (LoginAttempt.address == address, LoginAttempt.tried_at > moment - WINDOW)
        count, last = session.execute(wrong.where(*near)).one()
        _check(last + WINDOW if count >= FREE_TRIES_OF_ADDRESS else None, moment)
        row = LoginAttempt(name=name, address=address, tried_at=moment)
        session.add(row)
        session.flush()
        return Attempt(row.id, name)


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


def _wait_of_account(wrong: int, last: datetime | None) -> datetime | None:
    if wrong < FREE_TRIES or last is None:
        return None
    doubled = min(wrong - FREE_TRIES, 10)
    return last + min(FIRST_WAIT * 2**doubled, LONGEST_WAIT)


def _check(until: datetime | None, moment: datetime) -> None:
    if until is not None and until > moment:
        raise WaitError(int((until - moment).total_seconds()) + 1)
