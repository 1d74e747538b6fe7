"""Telegram's refusals in the words of the outbox: one table, for sending and for everything else."""

from __future__ import annotations

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)

from bot.channels.calls import CallError
from bot.delivery.adapter import Outcome, Refused, TryAgain

# Until an operator has looked after the token or the other program; every try says so in the log.
OPERATOR_SECONDS = 60.0
# Telegram's words (a part of them, small letters), the reason, whether the chat is out of reach.
_FORBIDDEN = (
    ("blocked", "blocked"),
    ("deactivated", "deactivated"),
    ("initiate conversation", "not_started"),
    ("kicked", "kicked"),
)
_BAD_REQUESTS = (
    ("chat not found", "no_chat", True),
    ("peer_id_invalid", "no_chat", True),
    ("user_is_blocked", "blocked", True),
    ("input_user_deactivated", "deactivated", True),
    ("rights to send", "no_rights", True),
    ("write_forbidden", "no_rights", True),
    ("too long", "too_long", False),
    ("text is empty", "empty", False),
    ("text must be non-empty", "empty", False),
    ("button_data_invalid", "button", False),
    ("parse entities", "entities", False),
)


def outcome_of(error: TelegramError, everybody: bool = False) -> Outcome:
    """What becomes of a message that Telegram did not take.

    Args:
        everybody: whether "too many requests" is about all chats; Telegram does not say.
    """
    words = error.message.lower()
    # BadRequest and TimedOut are NetworkErrors, too: the narrower ones come first.
    if isinstance(error, RetryAfter):
        return TryAgain("too_many", after=seconds_of(error), everybody=everybody)
    if isinstance(error, Forbidden):
        return Refused(next((reason for part, reason in _FORBIDDEN if part in words), "forbidden"), gone=True)
    if isinstance(error, ChatMigrated):
        return Refused("moved", gone=True)
    if isinstance(error, BadRequest):
        found = ((reason, gone) for part, reason, gone in _BAD_REQUESTS if part in words)
        reason, gone = next(found, ("bad_request", False))
        return Refused(reason, gone)
    if isinstance(error, (InvalidToken, Conflict)):
        return TryAgain(reason_of(error), after=OPERATOR_SECONDS, everybody=True)
    return TryAgain(reason_of(error), uncertain=not _never_left(error))


def reason_of(error: TelegramError) -> str:
    """A short name of an error, for logs; its own words may quote the token, or what a citizen wrote."""
    if _never_left(error):
        return "unreachable"
    names = (
        (RetryAfter, "too_many"),
        (Forbidden, "forbidden"),
        (BadRequest, "bad_request"),
        (InvalidToken, "token"),
        (Conflict, "conflict"),
        (TimedOut, "timeout"),
        (NetworkError, "network"),
    )
    return next((name for kind, name in names if isinstance(error, kind)), "unreadable")


def seconds_of(error: RetryAfter) -> float:
    """How long Telegram asks to wait."""
    # Its public name warns of a coming change of its type.
    return float(error._retry_after.total_seconds())


def _never_left(error: TelegramError) -> bool:
    return isinstance(error.__cause__, CallError) and not error.__cause__.sent
