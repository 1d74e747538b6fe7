"""Messages that can't go out before the citizen writes again; several notices then leave as one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from bot.delivery.model import CLAIMED, HELD, PENDING, OutboxMessage
from bot.delivery.outbox import Reply, is_notice
from bot.text.codes import find_receipt_code


def release_held(session: Session, conversation: str, moment: datetime, together: bool = True) -> int:
    """Put what is held for a conversation on its way, within the caller's transaction; returns how many messages.

    Notices that wait share the oldest one's way: it carries them, and they end as it does. One that has gone out in
    part already goes on as it was, and those whose carrier is on its way are left to it.

    Args:
        together: whether notices are merged.
    """
    found = select(OutboxMessage).where(OutboxMessage.conversation == conversation, OutboxMessage.state == HELD)
    rows = list(session.execute(found.order_by(OutboxMessage.id).with_for_update()).scalars())
    carriers = {row.carrier_id for row in rows if row.carrier_id is not None} - {row.id for row in rows}
    if carriers:
        under_way = (OutboxMessage.id.in_(carriers), OutboxMessage.state.in_((PENDING, CLAIMED)))
        busy = set(session.execute(select(OutboxMessage.id).where(*under_way)).scalars())
        rows = [row for row in rows if row.carrier_id not in busy]
    begun = {row.id for row in rows if row.parts_sent}
    free = [row for row in rows if row.id not in begun and row.carrier_id not in begun]
    notices = [row for row in free if is_notice(session, row)] if together else []
    leaving = [row for row in rows if row.id in begun] + [row for row in free if row not in notices] + notices[:1]
    for row in notices[1:]:
        row.carrier_id = notices[0].id
    for row in leaving:
        row.state, row.carrier_id, row.next_attempt_at = PENDING, None, moment
        # Being held says nothing about the channel: what it may try begins anew.
        row.attempts, row.first_attempt_at = 0, None
    session.flush()
    return len(leaving)


def carried_by(session: Session, conversations: Sequence[str], carriers: Sequence[int]) -> dict[int, list[int]]:
    """For each message that carries others their ids, in order."""
    carried: dict[int, list[int]] = {}
    for carrier, row_id in session.execute(_carried(), {"names": conversations, "carriers": carriers}):
        carried.setdefault(carrier, []).append(row_id)
    return carried


# Made once: putting it together takes longer than running it.
@lru_cache(maxsize=1)
def _carried() -> Any:
    return (
        select(OutboxMessage.carrier_id, OutboxMessage.id)
        .where(
            OutboxMessage.conversation.in_(bindparam("names", expanding=True)),
            OutboxMessage.state == HELD,
            OutboxMessage.carrier_id.in_(bindparam("carriers", expanding=True)),
        )
        .order_by(OutboxMessage.id)
    )


def merge(replies: Sequence[Reply]) -> Reply:
    """One message of several: texts one below the other, buttons and files of all.

    Buttons that say and mean the same are given once; those that only say the same are told apart by their case.
    """
    if len(replies) == 1:
        return replies[0]
    given: dict[tuple[str, str], str] = {}
    for place, reply in enumerate(replies, 1):
        case = find_receipt_code(reply.text) or str(place)
        for button in reply.buttons:
            given.setdefault((button.title, button.payload), case)
    meanings = Counter(title for title, _ in given)
    buttons, known = [], set()
    for button in (button for reply in replies for button in reply.buttons):
        key = (button.title, button.payload)
        if key not in known:
            known.add(key)
            title = f"{button.title} ({given[key]})" if meanings[button.title] > 1 else button.title
            buttons.append(replace(button, title=title))
    text, files = "\n\n".join(r.text for r in replies), tuple(file for reply in replies for file in reply.files)
    return Reply(text, tuple(buttons), notice=all(r.notice for r in replies), files=files)
