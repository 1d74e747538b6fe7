"""The pace of channels that several programs send to: it stands in the database and moves on with each claim."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from time import monotonic
from typing import Any

from sqlalchemy import Float, Integer, and_, bindparam, case, cast, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from bot.delivery.model import ChannelPace
from bot.delivery.pace import CHANNEL_BURST, Pace, Rates

# Of an interval: rounding must not make less of a whole number.
_HAIR = 1e-3
# Between two messages where there is no limit.
_NO_INTERVAL = 1e-9
# No program is ever so far ahead of the even pace: a clock was set back.
_TOO_FAR = 60.0


class SharedPace(Pace):
    """As `Pace`, for all programs together that send through a channel, on PostgreSQL.

    Each conversation is still counted in each program alone.
    """

    def __init__(self, rates: Mapping[str, Rates], clock: Callable[[], float] = monotonic) -> None:
        super().__init__(rates, clock)
        self._intervals = {
            name: 1 / one.per_second if one.per_second > 0 else _NO_INTERVAL for name, one in rates.items()
        }

    def grant(self, session: Session, channel: str, wanted: int, moment: datetime) -> int:
        """How many of these messages may go now; whoever else asks waits until this transaction ends."""
        interval = self._intervals[channel]
        ahead = max(CHANNEL_BURST - interval, 0.0)
        first = min(wanted, int(ahead / interval + _HAIR) + 1)
        at = moment.timestamp()
        given = {"channel": channel, "wanted": wanted, "at": at, "ahead": ahead, "interval": interval}
        row = session.execute(_grant(), {**given, "first": first, "first_even": at + first * interval}).first()
        return int(row.granted) if row else 0

    def share_pause(self, session: Session, channel: str, seconds: float, moment: datetime) -> None:
        """Let no program send through a channel for so long."""
        session.execute(_pause(), {"channel": channel, "until": moment.timestamp() + seconds})


# Made once: putting these statements together takes longer than running them.
@lru_cache(maxsize=1)
def _grant() -> Any:
    table = ChannelPace.__table__
    at, ahead, interval = (bindparam(name, type_=Float) for name in ("at", "ahead", "interval"))
    even = case((table.c.even > at + _TOO_FAR, at), else_=func.greatest(table.c.even, at))
    room = cast(func.least(func.floor((at + ahead - even) / interval + _HAIR) + 1, bindparam("wanted")), Integer)
    row = insert(table).values(
        channel=bindparam("channel"), even=bindparam("first_even"), granted=bindparam("first"), paused_until=0.0
    )
    return row.on_conflict_do_update(
        index_elements=[table.c.channel],
        set_={"even": even + room * interval, "granted": room},
        where=and_(table.c.paused_until <= at, room > 0),
    ).returning(table.c.granted)


@lru_cache(maxsize=1)
def _pause() -> Any:
    table = ChannelPace.__table__
    until = bindparam("until", type_=Float)
    row = insert(table).values(channel=bindparam("channel"), even=0.0, granted=0, paused_until=until)
    longest = func.greatest(table.c.paused_until, until)
    return row.on_conflict_do_update(index_elements=[table.c.channel], set_={"paused_until": longest})
