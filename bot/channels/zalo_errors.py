"""Zalo's error codes of the Official Account, each with what becomes of the message: one table, and nowhere else.

`ZaloError` is the root: `NotAnsweredError` (no answer that can be read), `LaterError` (nothing goes out to anybody for
now), of which `TokenError` (no token to ask with) is one.
"""

from __future__ import annotations

from enum import Enum, auto

from bot.delivery.adapter import NIGHT

# Zalo says no more than "wait": its counters begin anew with every minute.
NEXT_MINUTE = 60.0
# Where Zalo's night is not ours: nothing is given up for it.
NIGHT_AGAIN = 3600.0


class ZaloError(Exception):
    """Zalo could not be asked; the message is a short name of why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NotAnsweredError(ZaloError):
    """No answer came that can be read.

    Attributes:
        uncertain: what was asked may have been done all the same.
    """

    def __init__(self, reason: str, uncertain: bool) -> None:
        super().__init__(reason)
        self.uncertain = uncertain


class LaterError(ZaloError):
    """Nobody can be written to for now.

    Attributes:
        after: seconds until asking again may help.
    """

    def __init__(self, reason: str, after: float) -> None:
        super().__init__(reason)
        self.after = after


class TokenError(LaterError):
    """There is no access token that serves."""


class Fate(Enum):
    """What becomes of a message that met an error."""

    AGAIN = auto()  # later, this message
    NEXT_MINUTE = auto()  # later, everybody
    RENEW = auto()  # once with a new token; afterwards later, everybody
    WAIT = auto()  # only after the citizen has written, or as a template
    MORNING = auto()  # after the night
    QUOTA = auto()  # only after the citizen has written: answers are free then; the operator is told
    NEVER = auto()  # this message
    GONE = auto()  # nothing reaches this citizen
    STOPPED = auto()  # later, everybody, and only after the operator did something


# Code → what becomes of the message, and the name of the reason that staff see.
FATES: dict[int, tuple[Fate, str]] = {
    -32: (Fate.NEXT_MINUTE, "too_many_calls"),
    -100: (Fate.NEVER, "attachment_expired"),
    -200: (Fate.AGAIN, "send_failed"),
    -201: (Fate.NEVER, "invalid_field"),
    -204: (Fate.STOPPED, "account_disabled"),
    -205: (Fate.STOPPED, "account_unknown"),
    -209: (Fate.STOPPED, "app_not_activated"),
    -210: (Fate.NEVER, "too_long"),
    -211: (Fate.QUOTA, "out_of_quota"),
    -212: (Fate.STOPPED, "api_not_registered"),
    -213: (Fate.WAIT, "not_following"),
    -216: (Fate.RENEW, "token_invalid"),
    -217: (Fate.NEVER, "blocked_invitation"),
    -218: (Fate.NEVER, "receiver_out_of_quota"),
    -219: (Fate.STOPPED, "app_removed"),
    -220: (Fate.RENEW, "token_expired"),
    -221: (Fate.STOPPED, "account_not_verified"),
    -223: (Fate.STOPPED, "api_not_authorised"),
    -224: (Fate.STOPPED, "package_too_small"),
    -227: (Fate.GONE, "banned_or_inactive"),
    -230: (Fate.WAIT, "window_closed"),
    -232: (Fate.WAIT, "window_closed"),
    -233: (Fate.NEVER, "type_not_supported"),
    -234: (Fate.MORNING, NIGHT),
    -235: (Fate.STOPPED, "wrong_kind_of_account"),
    -240: (Fate.NEVER, "api_shut_down"),
    -242: (Fate.STOPPED, "wrong_proof"),
    -244: (Fate.GONE, "restricted_by_user"),
    -248: (Fate.NEVER, "against_standards"),
    -249: (Fate.NEVER, "template_not_by_user"),
    # Of what has to be paid for; what is free goes out all the same.
    -320: (Fate.QUOTA, "no_cloud_account"),
    -321: (Fate.QUOTA, "out_of_money"),
    # Of templates only (section 6 of the facts; M).
    -1121: (Fate.NEVER, "template_value_too_long"),
    -1122: (Fate.NEVER, "template_value_missing"),
}
# Asking the operator's attention again sooner would change nothing.
STOPPED_SECONDS = 300.0


def fate_of(code: int) -> tuple[Fate, str]:
    """What becomes of a message that met this code; one that nobody knows is tried again, and given up in the end."""
    return FATES.get(code, (Fate.AGAIN, f"error_{abs(code)}"))
