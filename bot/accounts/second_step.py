"""The second step of a log-in: codes of a telephone (TOTP, RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from bot.accounts.model import Officer, RecoveryCode
from bot.database import cipher_of

SECONDS = 30
# A telephone's clock may be half a minute off.
_STEPS_OFF = 1
RECOVERY_CODES = 8
_ISSUER = "Mot Cua"


def begin(session: Session, officer: Officer) -> str:
    """A new secret, kept sealed; it counts only when a code of it was shown (`confirm`)."""
    secret = new_secret()
    officer.totp, officer.totp_confirmed = cipher_of(session).seal(secret), False
    return secret


def secret_of(session: Session, officer: Officer) -> str:
    """The secret of an officer; empty when there is none."""
    return cipher_of(session).unseal(officer.totp) if officer.totp else ""


def address_of(secret: str, name: str) -> str:
    """What the QR code says to the telephone."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=_ISSUER)


def take_code(session: Session, officer: Officer, typed: str, moment: datetime) -> bool:
    """Whether this is a code of the telephone that is good now and was not used; it is used by this."""
    step = step_of(secret_of(session, officer), typed, moment, officer.totp_step)
    if step is None:
        return False
    officer.totp_step = step
    return True


def step_of(secret: str, typed: str, moment: datetime, after: int = 0) -> int | None:
    """Which half-minute a code belongs to, None when it is none of now or not later than `after`."""
    figures = "".join(typed.split())
    if not secret or not (len(figures) == 6 and figures.isascii() and figures.isdigit()):
        return None
    current, codes = int(moment.timestamp()) // SECONDS, pyotp.TOTP(secret)
    near = range(max(current - _STEPS_OFF, after + 1), current + _STEPS_OFF + 1)
    return next((step for step in near if hmac.compare_digest(codes.at(step * SECONDS), figures)), None)


def new_secret() -> str:
    """A secret to be put into a telephone."""
    return pyotp.random_base32()


def put_in_place(session: Session, officer: Officer, secret: str, step: int) -> list[str]:
    """Another telephone counts from now on, after a code of it; returns new recovery codes."""
    officer.totp, officer.totp_step = cipher_of(session).seal(secret), step
    return confirm(session, officer)


def confirm(session: Session, officer: Officer) -> list[str]:
    """The second step counts from now on; returns new recovery codes, to be shown once."""
    officer.totp_confirmed = True
    session.execute(delete(RecoveryCode).where(RecoveryCode.officer_id == officer.id))
    codes = [f"{secrets.token_hex(4)}-{secrets.token_hex(4)}" for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(digest=_digest(officer, code), officer_id=officer.id) for code in codes)
    return codes


def take_recovery_code(session: Session, officer: Officer, typed: str, moment: datetime) -> bool:
    """Whether this is a recovery code that was not used; it is used by this."""
    wanted = _digest(officer, typed.strip().lower())
    unused = select(RecoveryCode).where(RecoveryCode.digest == wanted, RecoveryCode.used_at.is_(None))
    code = session.execute(unused.with_for_update()).scalar_one_or_none()
    if code is None or code.officer_id != officer.id:
        return False
    code.used_at = moment
    return True


def count_recovery_codes(session: Session, officer: Officer) -> int:
    """How many were not used yet."""
    unused = select(func.count()).select_from(RecoveryCode)
    unused = unused.where(RecoveryCode.officer_id == officer.id, RecoveryCode.used_at.is_(None))
    return int(session.execute(unused).scalar_one())


def forget(session: Session, officer: Officer) -> None:
    """Take the second step away, with its recovery codes."""
    officer.totp, officer.totp_confirmed = None, False
    session.execute(delete(RecoveryCode).where(RecoveryCode.officer_id == officer.id))


def _digest(officer: Officer, code: str) -> str:
    # 64 random bits: no slow hash is needed.
    return hashlib.sha256(f"recovery:{officer.id}:{code}".encode(errors="replace")).hexdigest()
