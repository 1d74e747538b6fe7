"""The other end of each conversation: when it was heard of, whether it can be reached, who else is the same person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import and_, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from bot.database import UtcDateTime, now, take_turn
from bot.delivery.holding import release_held
from bot.delivery.model import FETCHING, HELD, PENDING, Correspondent, OutboxMessage, channel_of

_TABLE = Correspondent.__table__
# What is put off for longer does not wait when its citizen writes: a night, the late steps of many tries.
LONG = timedelta(minutes=5)


def heard(session: Session, conversation: str, moment: datetime | None = None) -> None:
    """The citizen has written: whoever was gone is back, and what had to wait for this goes out.

    Conversations that fetch are only kept in mind once they are linked to another.

    Args:
        moment: when it was written; whoever left after that stays gone.
    """
    heard_all(session, {conversation: moment or now()})


def heard_all(session: Session, moments: Mapping[str, datetime]) -> None:
    """As `heard`, for different conversations in a few statements, however many they are."""
    if not moments:
        return
    names = sorted(moments)
    sent_to = [name for name in names if channel_of(name) not in FETCHING]
    if _hear_of(session, names, moments) < len(names) and sent_to:
        _meet(session, sent_to, moments)
    if sent_to:
        _let_go(session, sent_to)


def gone(session: Session, conversation: str, reason: str, moment: datetime | None = None) -> None:
    """Nothing can be sent there until the citizen comes back; what waits is failed by the sender, which tries nothing.

    Args:
        reason: a short name, such as "blocked".
        moment: when they left; whoever wrote after that is there.
    """
    moment = moment or now()
    who = ensure(session, conversation)
    session.refresh(who)
    if who.heard_at is not None and who.heard_at > moment:
        return
    who.gone_at = max(moment, who.gone_at or moment)
    who.gone_reason = reason[:40]
    session.flush()
    release_held(session, conversation, now(), together=False)


def keep_silent(session: Session, conversation: str, until: datetime) -> None:
    """A person of the centre writes there by hand: the bot keeps still until then."""
    _know(session, conversation, {"silent_until": until})


def is_silent(session: Session, conversation: str, moment: datetime | None = None) -> bool:
    """Whether a person of the centre has the word."""
    until = session.execute(
        select(Correspondent.silent_until).where(Correspondent.conversation == conversation)
    ).scalar_one_or_none()
    return until is not None and until > (moment or now())


def begin_telling(session: Session, conversation: str, moment: datetime) -> bool:
    """Keep that the citizen is now told, for money, that something waits; False when they were and have not written
    since."""
    who = ensure(session, conversation)
    if who.told_at is not None and (who.heard_at is None or who.told_at > who.heard_at):
        return False
    who.told_at = moment
    session.flush()
    return True


def take_back_telling(session: Session, conversation: str) -> None:
    """They were not told after all."""
    _change(session, conversation, {"told_at": None})


def reachable(session: Session, conversation: str) -> bool:
    """Whether anything can be sent there, as far as is known."""
    row = session.get(Correspondent, conversation)
    return row is None or row.gone_at is None


def gone_reasons(session: Session, conversations: list[str]) -> dict[str, str]:
    """Those of them that can't be reached, and why."""
    rows = session.execute(_gone_of(), {"names": conversations})
    return {conversation: reason or "gone" for conversation, reason in rows}


def lock(session: Session, conversation: str) -> Correspondent | None:
    """The row of a conversation, locked: what is decided by it can't be overtaken by a message of the citizen."""
    found = select(Correspondent).where(Correspondent.conversation == conversation).with_for_update()
    row: Correspondent | None = session.execute(found).scalar_one_or_none()
    return row


def conversations_of(session: Session, conversation: str) -> list[str]:
    """All conversations of the person behind one, itself first."""
    person = select(Correspondent.person).where(Correspondent.conversation == conversation)
    linked = select(Correspondent.conversation).where(Correspondent.person.in_(person))
    others = set(session.execute(linked).scalars()) - {conversation}
    return [conversation, *sorted(others)]


def best_other(session: Session, conversation: str, sent_to: bool = False, without: Sequence[str] = ()) -> str | None:
    """Where else the person can be told something: heard of last, one that is sent to before one that fetches.

    Args:
        sent_to: only conversations that are sent to.
        without: conversations that are left out.
    """
    person = select(Correspondent.person).where(Correspondent.conversation == conversation)
    others = select(Correspondent).where(
        Correspondent.person.in_(person),
        Correspondent.conversation.not_in({conversation, *without}),
        Correspondent.gone_at.is_(None),
    )
    rows = [row for row in session.execute(others).scalars() if not sent_to or row.channel not in FETCHING]
    rows.sort(key=lambda row: (row.channel not in FETCHING, row.heard_at is not None, row.heard_at), reverse=True)
    return str(rows[0].conversation) if rows else None


def ensure(session: Session, conversation: str) -> Correspondent:
    """The row of a conversation, made when there is none, locked."""
    row = lock(session, conversation)
    if row is None:
        # Two programs may hear of somebody for the first time at once.
        take_turn(session, f"correspondent:{conversation}")
        row = lock(session, conversation)
    if row is None:
        row = Correspondent(conversation=conversation, channel=channel_of(conversation), wrong_codes=0)
        session.add(row)
        session.flush()
    return row


def _hear_of(session: Session, names: Sequence[str], moments: Mapping[str, datetime]) -> int:
    """Keep when they wrote; returns of how many, for of the others nothing is known, or something later."""
    given = [{"name": name, "moment": moments[name]} for name in names]
    return int(session.execute(_hear(), given).rowcount)


def _meet(session: Session, names: Sequence[str], moments: Mapping[str, datetime]) -> None:
    """Keep who was never heard of before; the others of them did something else since."""
    known = set(session.execute(_known(), {"names": names}).scalars())
    strangers = [name for name in names if name not in known]
    if not strangers:
        return
    for name in strangers:
        # Two programs may hear of somebody for the first time at once.
        take_turn(session, f"correspondent:{name}")
    met = set(session.execute(_known(), {"names": strangers}).scalars())
    if met:
        _hear_of(session, sorted(met), moments)
    rows = [
        {"conversation": name, "channel": channel_of(name), "heard_at": moments[name]}
        for name in strangers
        if name not in met
    ]
    if rows:
        session.execute(_new(), rows)


def _let_go(session: Session, names: Sequence[str]) -> None:
    """What was put off for long goes out now: the answer to what was just written would stand behind it."""
    moment = now()
    later = moment + LONG
    waiting = session.execute(_waiting(), {"names": names, "later": later}).all()
    put_off = sorted(name for name, state in waiting if state == PENDING)
    if put_off:
        session.execute(_hasten(), {"names": put_off, "moment": moment, "later": later})
    for name in sorted(name for name, state in waiting if state == HELD):
        release_held(session, name, moment)


# Made once: putting these statements together takes longer than running them, and each message needs them.
@lru_cache(maxsize=1)
def _new() -> Any:
    return insert(_TABLE)


@lru_cache(maxsize=1)
def _hear() -> Any:
    moment = bindparam("moment", type_=UtcDateTime)
    later = or_(_TABLE.c.heard_at > moment, _TABLE.c.gone_at > moment)
    heard = update(_TABLE).where(_TABLE.c.conversation == bindparam("name"), later.is_not(True))
    return heard.values(heard_at=moment, gone_at=None, gone_reason=None)


@lru_cache(maxsize=1)
def _gone_of() -> Any:
    columns = (_TABLE.c.conversation, _TABLE.c.gone_reason)
    among = _TABLE.c.conversation.in_(bindparam("names", expanding=True))
    return select(*columns).where(among, _TABLE.c.gone_at.is_not(None))


@lru_cache(maxsize=1)
def _known() -> Any:
    return select(_TABLE.c.conversation).where(_TABLE.c.conversation.in_(bindparam("names", expanding=True)))


@lru_cache(maxsize=1)
def _waiting() -> Any:
    """Which conversations have something that is held, or put off for long; mostly none."""
    table = OutboxMessage.__table__
    mine = table.c.conversation.in_(bindparam("names", expanding=True)), table.c.state.in_((HELD, PENDING))
    for_long = or_(table.c.state == HELD, and_(*_put_off_by_us(table)))
    return select(table.c.conversation, table.c.state).where(*mine, for_long).distinct()


@lru_cache(maxsize=1)
def _hasten() -> Any:
    table = OutboxMessage.__table__
    mine = (
        table.c.conversation.in_(bindparam("names", expanding=True)),
        table.c.state == PENDING,
    )
    return (
        update(table)
        .where(*mine, *_put_off_by_us(table))
        .values(next_attempt_at=bindparam("moment", type_=UtcDateTime))
    )


def _put_off_by_us(table: Any) -> tuple[Any, Any]:
    return table.c.next_attempt_at > bindparam("later", type_=UtcDateTime), table.c.wait_asked.is_(False)


def _know(session: Session, conversation: str, values: Mapping[str, object]) -> None:
    if not _change(session, conversation, values):
        ensure(session, conversation)
        _change(session, conversation, values)


def _change(session: Session, conversation: str, values: Mapping[str, object]) -> bool:
    own = update(Correspondent).where(Correspondent.conversation == conversation).values(**values)
    return bool(session.execute(own.execution_options(synchronize_session=False)).rowcount)
