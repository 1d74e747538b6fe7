"""Passwords: hashed with Argon2id, refused when easy to guess."""

from __future__ import annotations

import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bot.accounts.errors import WaitError, WeakPasswordError
from bot.text.normalise import fold

SHORTEST, LONGEST = 12, 200
_FEWEST_LETTERS = 6
_ONE_TIME_GROUPS, _GROUP = 4, 5
# No letter or figure that is taken for another.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Cost:
    """How dear one hash is, in one thread."""

    passes: int
    kibibytes: int


# 46 MiB, one pass, one thread: what OWASP's Password Storage Cheat Sheet gives as its first choice.
COST = Cost(passes=1, kibibytes=47_104)
# A flood of log-ins must take neither the memory nor the threads that citizens' pages need. Seconds.
AT_ONCE, PATIENCE, RETRY_AFTER = 4, 0.5, 5


@dataclass(frozen=True)
class Passwords:
    """Makes and checks hashes.

    Attributes:
        cost: Argon2's parameters; tests take the cheapest.
    """

    cost: Cost = COST
    _turns: threading.BoundedSemaphore = field(
        default_factory=lambda: threading.BoundedSemaphore(AT_ONCE), compare=False, repr=False
    )

    def make_hash(self, password: str) -> str:
        """The hash to keep.

        Raises:
            WaitError: as many as the machine bears are being made.
        """
        with self._turn():
            return self._hasher().hash(_composed(password))

    def fits(self, kept: str, password: str) -> bool:
        """Whether a password is the one; as slow for a wrong one.

        Raises:
            WaitError: as many as the machine bears are being checked.
        """
        with self._turn():
            try:
                return self._hasher().verify(kept, _composed(password))
            except (VerificationError, InvalidHashError):
                return False

    def waste_time(self, password: str) -> None:
        """Take as long as `fits`, so that time does not tell whether a name exists."""
        self.make_hash(password)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._turns.acquire(timeout=PATIENCE):
            raise WaitError(RETRY_AFTER)
        try:
            yield
        finally:
            self._turns.release()

    def _hasher(self) -> PasswordHasher:
        return PasswordHasher(time_cost=self.cost.passes, memory_cost=self.cost.kibibytes, parallelism=1)


def make_one_time_password() -> str:
    """A random password to be read out once: 99 bits in four groups."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_ONE_TIME_GROUPS))
    return "-".join(groups)


def check_strength(password: str, name: str) -> None:
    """Whether a password may be chosen; length is what counts, no signs are asked for.

    Raises:
        WeakPasswordError: it may not.
    """
    password = _composed(password)
    plain = fold(password).casefold().replace(" ", "")
    if len(password) < SHORTEST:
        raise WeakPasswordError("short")
    if len(password) > LONGEST:
        raise WeakPasswordError("long")
    if len(set(plain)) < _FEWEST_LETTERS or plain.isdigit():
        raise WeakPasswordError("simple")
    if fold(name).casefold().replace(" ", "") in plain:
        raise WeakPasswordError("name")


def _composed(password: str) -> str:
    # Keyboards write the same Vietnamese letter in two ways. Half a letter can't be encoded.
    return unicodedata.normalize("NFC", password).encode(errors="replace").decode()
