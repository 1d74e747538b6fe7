"""Taking every sealed field over to the newest key, so that an old one can be thrown away."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import func, select, update

from bot.accounts.model import Officer
from bot.complaints.model import Complaint, Evidence
from bot.database import Database
from bot.delivery.model import Attachment, ChannelCredential, InboxMessage, OutboxMessage, VaultEntry
from bot.review.model import ReviewExample, ReviewMessage

SEALED = (
    InboxMessage.body,
    OutboxMessage.body,
    VaultEntry.value,
    Attachment.reference,
    Attachment.name,
    ChannelCredential.value,
    ChannelCredential.former,
    Complaint.contact,
    Evidence.name,
    Officer.totp,
    ReviewMessage.text,
    ReviewExample.text,
)
BATCH = 500


def count_sealed(database: Database) -> int:
    """How many fields are sealed, for a progress bar."""
    with database.reading() as session:
        return sum(session.execute(select(func.count(column))).scalar_one() for column in SEALED)


def rotate_keys(database: Database, tell: Callable[[int], object] = lambda _: None) -> int:
    """Seal every field with the newest key; returns how many were not yet.

    Each batch is a transaction of its own, and what is done is known by its key: run again after a kill, it goes on.

    Args:
        tell: is told how many fields were looked at since the last time.

    Raises:
        DatabaseError: none of the keys opens a field, so it must not be lost with its key.
    """
    renewed = 0
    for column in SEALED:
        for looked_at, changed in _rotate(database, column):
            renewed += changed
            tell(looked_at)
    if renewed:
        # What the old key opens must not lie behind the new rows.
        database.scrub()
    return renewed


def _rotate(database: Database, column: Any) -> Iterator[tuple[int, int]]:
    table = column.class_.__table__
    key = next(iter(table.primary_key.columns))
    sealed = table.columns[column.key]
    last: Any = None
    while True:
        with database.transaction() as session:
            # Only these columns: a complaint's version is not counted up by a new key.
            batch = select(key, sealed).where(sealed.is_not(None)).order_by(key).limit(BATCH).with_for_update()
            rows = session.execute(batch if last is None else batch.where(key > last)).all()
            changed = [(row_id, new) for row_id, old in rows if (new := database.cipher.reseal(old))]
            for row_id, new in changed:
                session.execute(update(table).where(key == row_id).values({sealed: new}))
        if not rows:
            return
        last = rows[-1][0]
        yield len(rows), len(changed)
