"""Accounts to log in with, hashes that cost nothing, and a clock that is set."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

import pyotp
import pytest

from bot.accounts.officers import Accounts
from bot.accounts.passwords import Cost, Passwords
from bot.accounts.permissions import ADMINISTRATOR, OFFICER
from bot.accounts.sessions import LoggedIn, Sessions
from bot.database import Database

CHEAP = Passwords(Cost(passes=1, kibibytes=8))
HOA, ADMIN = "Lê Thị Hoa", "Trần Quản"
PASSWORD = "sáng nay trời mưa to"
HERE = "203.0.113.7"


@dataclass
class Clock:
    moment: datetime = datetime(2026, 11, 22, 8, 0, tzinfo=timezone.utc)

    def __call__(self) -> datetime:
        return self.moment

    def pass_by(self, **time: float) -> None:
        self.moment += timedelta(**time)


@dataclass
class Desk:
    """Accounts and log-ins of one database."""

    database: Database
    clock: Clock = field(default_factory=Clock)

    @property
    def accounts(self) -> Accounts:
        return Accounts(self.database, CHEAP)

    @property
    def sessions(self) -> Sessions:
        return Sessions(self.database, CHEAP, self.clock)

    def add(self, name: str = HOA, unit: str = "Phòng Một cửa", roles: tuple[str, ...] = (OFFICER,)) -> str:
        return self.accounts.add(name, unit, roles, (), ADMIN)

    def add_ready(self, name: str = HOA, **more: object) -> None:
        """An officer who has chosen a password."""
        once = self.add(name, **more)
        first = self.sessions.log_in(name, once, HERE)
        self.sessions.change_password(first.token, once, PASSWORD, HERE)

    def log_in(self, name: str = HOA, password: str = PASSWORD, address: str = HERE) -> LoggedIn:
        return self.sessions.log_in(name, password, address)

    def code(self, secret: str) -> str:
        return pyotp.TOTP(secret).at(self.clock.moment)

    def enrol(self, token: str) -> tuple[str, LoggedIn, list[str]]:
        """The secret of a second step that counts from now on."""
        secret, _ = self.sessions.begin_second_step(token)
        session, codes = self.sessions.confirm_second_step(token, self.code(secret))
        return secret, session, codes


@pytest.fixture
def desk(database: Database) -> Desk:
    desk = Desk(database)
    desk.accounts.add_first_administrator(ADMIN)
    return desk


ADMINISTRATORS = (ADMINISTRATOR,)
