"""What staff see of messages on their way, never what they say or whose they are; and how one is sent again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from bot.database import Database, now
from bot.delivery.elsewhere import may_be_resent
from bot.delivery.model import (
    CLAIMED,
    DELIVERED,
    DONE,
    FAILED,
    HELD,
    PENDING,
    Correspondent,
    InboxMessage,
    OutboxMessage,
)

# Where messages of citizens and of the bot lie.
IN, OUT = "in", "out"
UNFINISHED = (PENDING, CLAIMED, HELD, FAILED)


@dataclass(frozen=True)
class OnItsWay:
    """One message.

    Attributes:
        side: "in" for one of a citizen, "out" for one of the bot.
        uncertain: how often nobody could know whether a try had arrived.
        marks: what else an operator should know of it.
    """

    side: str
    id: int
    channel: str
    state: str
    attempts: int
    uncertain: int
    reason: str | None
    since: datetime
    marks: tuple[str, ...] = ()


def list_messages(
    database: Database, channel: str | None = None, states: tuple[str, ...] = UNFINISHED, limit: int = 50
) -> list[OnItsWay]:
    """Messages in these states, newest first, citizens' before the bot's; at most `limit` of either."""
    found: list[OnItsWay] = []
    with database.reading() as session:
        for side, table, since in ((IN, InboxMessage, "received_at"), (OUT, OutboxMessage, "created_at")):
            rows = select(table).where(table.state.in_(states), *([table.channel == channel] if channel else []))
            for row in session.execute(rows.order_by(table.id.desc()).limit(limit)).scalars():
                uncertain, marks = (row.uncertain, _marks(row)) if side == OUT else (0, ())
                own = (side, row.id, row.channel, row.state, row.attempts, uncertain, row.reason)
                found.append(OnItsWay(*own, getattr(row, since), marks))
    return found


def _marks(row: OutboxMessage) -> tuple[str, ...]:
    said = {
        "the channel asked to wait": row.wait_asked and row.state == PENDING,
        "sent elsewhere": row.moved,
        "its next part may have arrived": row.in_doubt and row.state != DELIVERED,
    }
    return tuple(name for name, holds in said.items() if holds)


def known_states() -> tuple[str, ...]:
    """Every state a message can be in."""
    return (*UNFINISHED, DONE, DELIVERED)


def resend(database: Database, outbox_id: int) -> bool:
    """Try a message once more that failed, from the part that failed on; returns whether it had.

    One that went to another conversation of the same person instead is not sent again, nor one that waits in another.
    """
    with database.transaction() as session:
        found = select(OutboxMessage).where(OutboxMessage.id == outbox_id, OutboxMessage.state == FAILED)
        row = session.execute(found.with_for_update()).scalar_one_or_none()
        if row is None or not may_be_resent(session, row):
            return False
        row.state, row.reason, row.attempts, row.first_attempt_at = PENDING, None, 0, None
        row.next_attempt_at, row.carrier_id, row.moved = now(), None, False
        # Or it would fail again without a try.
        back = update(Correspondent).where(Correspondent.conversation == row.conversation)
        session.execute(back.values(gone_at=None, gone_reason=None))
        return True
