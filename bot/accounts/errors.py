"""What can go wrong with officers' accounts; each message is a sentence for whoever asked.

AccountError
├── UnknownOfficerError
├── WeakPasswordError
├── WrongLoginError
├── WaitError
└── WrongCodeError
"""

from __future__ import annotations


class AccountError(Exception):
    """Something can't be done with an account."""


class UnknownOfficerError(AccountError):
    """There is no officer of this name."""


class WeakPasswordError(AccountError):
    """A password can't be taken; `reason` is "short", "long", "simple", "name" or "same"."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The password can't be taken: {reason}.")
        self.reason = reason


class WrongLoginError(AccountError):
    """Name or password is wrong, or the account is disabled; nothing tells which."""


class WaitError(AccountError):
    """There were too many wrong tries; `seconds` until the next one counts."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Too many wrong tries; wait {seconds} seconds.")
        self.seconds = seconds


class WrongCodeError(AccountError):
    """A code of the second step is wrong, was used before, or its time is over."""
