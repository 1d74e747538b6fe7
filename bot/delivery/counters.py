"""What this program has seen since it started, counted for monitoring: never a person's value, few values per label."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from sqlalchemy.orm import Session

from bot.database import once_kept

REGISTRY = CollectorRegistry()

# Of `inbox.Arrival`.
KINDS = frozenset(
    (
        "text",
        "image",
        "file",
        "voice",
        "video",
        "location",
        "sticker",
        "edited",
        "follow",
        "unfollow",
        "left",
        "unsupported",
    )
)
# Why a webhook took nothing; see `bot.channels.bodies` for what a body may be.
REFUSALS = frozenset(("secret", "too_large", "too_slow", "cut_off", "no_json", "shape", "content_type", "not_stored"))
STATES = ("delivered", "failed", "held")
_CHANNELS = frozenset(("web", "telegram", "zalo_oa", "zalo_bot", "terminal"))
# Of the whole account, as Zalo names them: of the package, bought, given.
QUOTAS = ("sub_quota", "purchase_quota", "reward_quota")
OTHER = "other"
# Zalo waits for two seconds in all.
_KEEP_SECONDS = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5)
# A turn takes tens of milliseconds; Rasa gives up after half a minute.
_TURN_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_received = Counter("motcua_received", "Messages stored.", ["channel", "kind"], registry=REGISTRY)
_kept = Histogram(
    "motcua_keep_seconds",
    "From reading a message of a channel until it is on disk.",
    ["channel"],
    buckets=_KEEP_SECONDS,
    registry=REGISTRY,
)
_duplicates = Counter(
    "motcua_duplicates", "Messages that had been stored before, dropped.", ["channel"], registry=REGISTRY
)
_refused = Counter("motcua_refused", "Requests of channels not taken.", ["channel", "reason"], registry=REGISTRY)
_turns = Histogram(
    "motcua_turn_seconds",
    "From taking a message up to its answer.",
    ["channel"],
    buckets=_TURN_SECONDS,
    registry=REGISTRY,
)
_retries = Counter("motcua_turn_retries", "Turns that failed and were put off.", ["channel"], registry=REGISTRY)
_deliveries = Counter("motcua_deliveries", "Messages by how they ended.", ["channel", "state"], registry=REGISTRY)
_uncertain = Counter(
    "motcua_uncertain", "Tries of which nobody can know whether they arrived.", ["channel"], registry=REGISTRY
)
_no_buttons = Counter(
    "motcua_buttons_refused",
    "Messages whose buttons the channel refused, sent without.",
    ["channel"],
    registry=REGISTRY,
)
_quota = Gauge("motcua_zalo_quota_left", "Messages left, as Zalo last said.", ["quota"], registry=REGISTRY)


def count_received(channel: str, kind: str, new: bool) -> None:
    """A message came: stored, or dropped because it had been."""
    if new:
        _received.labels(_known(channel, _CHANNELS), _known(kind, KINDS)).inc()
    else:
        _duplicates.labels(_known(channel, _CHANNELS)).inc()


def count_kept(channel: str, seconds: float) -> None:
    """A message, new or not, is on disk so many seconds after it was read."""
    _kept.labels(_known(channel, _CHANNELS)).observe(seconds)


def count_refused(channel: str, reason: str) -> None:
    """A channel's request was not taken; see `REFUSALS`."""
    _refused.labels(_known(channel, _CHANNELS), _known(reason, REFUSALS)).inc()


def count_turn(channel: str, seconds: float) -> None:
    """A message was answered, so many seconds after it was taken up."""
    _turns.labels(_known(channel, _CHANNELS)).observe(seconds)


def count_retry(channel: str) -> None:
    """A turn failed and will be tried again, or was given up."""
    _retries.labels(_known(channel, _CHANNELS)).inc()


def count_delivery(channel: str, state: str, count: int = 1) -> None:
    """Messages to citizens came to an end, or to a halt; see `STATES`."""
    _deliveries.labels(_known(channel, _CHANNELS), state if state in STATES else OTHER).inc(count)


def count_once_kept(session: Session, channel: str, state: str, count: int = 1) -> None:
    """As `count_delivery`, once the session's transaction is committed: what it takes back has not come to an end."""
    if count:
        once_kept(session, lambda: count_delivery(channel, state, count))


def count_uncertain(channel: str) -> None:
    """Of one try nobody can know whether it arrived."""
    _uncertain.labels(_known(channel, _CHANNELS)).inc()


def count_buttons_refused(channel: str) -> None:
    """A channel did not take buttons, and the message went out with numbers only."""
    _no_buttons.labels(_known(channel, _CHANNELS)).inc()


def note_quota(quota: str, left: int) -> None:
    """So many messages are left of one of `QUOTAS`."""
    _quota.labels(quota).set(left)


def _known(value: str, known: frozenset[str]) -> str:
    return value if value in known else OTHER
