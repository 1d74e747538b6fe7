"""Taking rows of inbox and outbox for a worker: the same few words of SQL for both."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Table, bindparam, case, update

from bot.database import UtcDateTime
from bot.delivery.model import CLAIMED


@lru_cache(maxsize=2)
def take(table: Table) -> Any:
    """Mark the rows `mine` as taken at `moment`, `until` a claim ends.

    Made once for each table: putting it together takes longer than running it.
    """
    moment = bindparam("moment", type_=UtcDateTime)
    return (
        update(table)
        .where(table.c.id.in_(bindparam("mine", expanding=True)))
        .values(
            state=CLAIMED,
            claimed_until=bindparam("until"),
            attempts=table.c.attempts + 1,
            # One that lies ahead was put off, and is taken sooner.
            first_attempt_at=case((table.c.first_attempt_at < moment, table.c.first_attempt_at), else_=moment),
        )
    )
