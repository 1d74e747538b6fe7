"""What opens a neighbour's door and changes by itself, such as a pair of tokens: sealed, renewed by one at a time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy.orm import Session

from bot.database import Database, cipher_of, now, take_turn
from bot.delivery.model import ChannelCredential

# Longer than any single request of a renewal; after it the holder counts as dead.
LEASE = timedelta(seconds=180)
# As a former pair is marked when the present one was bought with it.
SPENT = "spent"


@dataclass(frozen=True)
class Credential:
    """A credential as it stands.

    Attributes:
        value: what it consists of, by name.
        former: the one before it, with `spent` when it bought this one.
        expires_at: until when it is good.
        renewable_until: until when it can be renewed.
        problem: what an operator must know, None while all is well.
        ready_at: no renewal before, after one that failed.
    """

    name: str
    value: Mapping[str, str]
    former: Mapping[str, str] | None
    expires_at: datetime | None
    renewable_until: datetime | None
    problem: str | None
    changed_at: datetime
    ready_at: datetime | None


class Turn(Enum):
    """What came of asking to be the one who renews."""

    OURS = auto()
    # Ours, and an earlier holder never came back: what it had in hand may be used up.
    INHERITED = auto()
    SOMEBODY = auto()
    # Renewed already.
    CHANGED = auto()
    # The last renewal failed a moment ago.
    NOT_YET = auto()
    MISSING = auto()


def load_credential(database: Database, name: str) -> Credential | None:
    """The credential of this name, None when there is none."""
    with database.reading() as session:
        row = session.get(ChannelCredential, name)
        return _shown(session, row) if row else None


def ask_to_renew(database: Database, name: str, holder: str, stale: str) -> tuple[Turn, Credential | None]:
    """Ask to be the one who renews a credential.

    Args:
        holder: who asks, different for every program and renewal.
        stale: the `access_token` that no longer serves; another one in store means that somebody has renewed it.
    """
    with database.transaction() as session:
        row = session.get(ChannelCredential, name, with_for_update=True)
        if row is None:
            return Turn.MISSING, None
        shown = _shown(session, row)
        if shown.value.get("access_token") != stale:
            return Turn.CHANGED, shown
        if row.lease_until and row.lease_until > now():
            return (Turn.SOMEBODY if row.lease else Turn.NOT_YET), shown
        turn = Turn.INHERITED if row.lease else Turn.OURS
        row.lease, row.lease_until = holder, now() + LEASE
        return turn, shown


def store_credential(
    database: Database,
    name: str,
    value: Mapping[str, str],
    expires_at: datetime,
    renewable_until: datetime | None,
    bought_with: str | None = None,
    problem: str | None = None,
) -> bool:
    """Keep a new credential in place of the present one, which becomes the former; returns whether it is present now.

    Args:
        bought_with: the `access_token` of the one that bought it and is worth nothing any more. When somebody logged
            in meanwhile, their one stays, and what was bought becomes the former.
        problem: what an operator must know of the new one.
    """
    with database.transaction() as session:
        take_turn(session, f"credential:{name}")
        cipher = cipher_of(session)
        row = session.get(ChannelCredential, name, with_for_update=True)
        sealed = cipher.seal(json.dumps(dict(value)))
        if row is None:
            row = ChannelCredential(name=name, value=sealed)
            session.add(row)
        else:
            present = json.loads(cipher.unseal(row.value))
            if bought_with is not None and present.get("access_token") != bought_with:
                row.former = sealed
                return False
            row.former = cipher.seal(json.dumps(present if bought_with is None else {**present, SPENT: "yes"}))
            row.value = sealed
        row.expires_at, row.renewable_until, row.changed_at = expires_at, renewable_until, now()
        row.lease, row.lease_until, row.problem = None, None, problem
        return True


def give_up_renewal(database: Database, name: str, holder: str, problem: str | None, pause: float) -> None:
    """Let go of a renewal that came to nothing; nobody tries again for `pause` seconds."""
    with database.transaction() as session:
        row = session.get(ChannelCredential, name, with_for_update=True)
        if row is not None and row.lease == holder:
            row.lease, row.lease_until = None, now() + timedelta(seconds=pause)
            row.problem = problem or row.problem


def pause_renewals(database: Database, name: str, token: str, problem: str | None, pause: float) -> None:
    """Let nobody renew for `pause` seconds while this `access_token` is the present one and nobody is at it.

    Args:
        problem: what an operator must know; None ends what they were told.
    """
    with database.transaction() as session:
        row = session.get(ChannelCredential, name, with_for_update=True)
        if row is None or row.lease or _shown(session, row).value.get("access_token") != token:
            return
        row.lease_until, row.problem = now() + timedelta(seconds=pause), problem


def _shown(session: Session, row: ChannelCredential) -> Credential:
    cipher = cipher_of(session)
    former = json.loads(cipher.unseal(row.former)) if row.former else None
    ready_at = row.lease_until if row.lease is None else None
    return Credential(
        row.name,
        json.loads(cipher.unseal(row.value)),
        former,
        row.expires_at,
        row.renewable_until,
        row.problem,
        row.changed_at,
        ready_at,
    )
