"""What can go wrong with officers' accounts; each message is a sentence for whoever asked.

AccountError
├── UnknownOfficerError
├── BadNameError
├── TakenError
├── UnknownRoleError
├── LastAdministratorError
├── BadIdentityError
├── ChangedOfficerError
├── WeakPasswordError
├── WrongLoginError
├── WaitError
├── WrongCodeError
├── UnknownSessionError
└── ProviderError
    ├── ProviderDownError
    ├── ProviderRefusedError
    ├── StaleLogInError
    └── UnknownPersonError
"""

from __future__ import annotations


class AccountError(Exception):
    """Something can't be done with an account."""


class UnknownOfficerError(AccountError):
    """There is no officer of this name."""


class BadNameError(AccountError):
    """A name has no letters, is too long, or is kept for something else."""


class TakenError(AccountError):
    """The name, or what a provider knows somebody by, is another officer's already."""


class UnknownRoleError(AccountError):
    """There is no such role, or none is given."""


class LastAdministratorError(AccountError):
    """Nobody would be left who may make accounts."""


class BadIdentityError(AccountError):
    """This is no e-mail address, or no subject that a provider could name."""


class ChangedOfficerError(AccountError):
    """Somebody else has changed the account since it was seen."""


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


class UnknownSessionError(AccountError):
    """This session has ended, or is somebody else's."""


class ProviderError(AccountError):
    """Nobody was logged in by way of the provider."""


class ProviderDownError(ProviderError):
    """The provider does not answer, or answers what no provider should."""


class ProviderRefusedError(ProviderError):
    """The provider gave no word that can be believed; `reason` says why, for operators."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The provider's word can't be believed: {reason}.")
        self.reason = reason


class StaleLogInError(ProviderError):
    """This log-in was not begun in this browser, has ended already, or took too long."""


class UnknownPersonError(ProviderError):
    """The provider vouches for somebody who has no account here, or a disabled one."""
