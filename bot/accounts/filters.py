"""Searches that officers keep under a name."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_plus

from sqlalchemy import delete, func, select

from bot.accounts.errors import AccountError
from bot.accounts.model import OfficerFilter
from bot.accounts.officers import one_line
from bot.database import Database, take_turn
from bot.text.mask import find_personal_values

MOST = 20
LONGEST_NAME, LONGEST_QUERY = 60, 1000


@dataclass(frozen=True)
class SavedFilter:
    """One search: its name, and what stands behind the question mark of the list's address."""

    id: int
    name: str
    query: str


def list_filters(database: Database, officer_id: int) -> list[SavedFilter]:
    """An officer's searches by name."""
    kept = select(OfficerFilter).where(OfficerFilter.officer_id == officer_id).order_by(OfficerFilter.name)
    with database.reading() as session:
        return [SavedFilter(row.id, row.name, row.query) for row in session.execute(kept).scalars()]


def save_filter(database: Database, officer_id: int, name: str, query: str) -> None:
    """Keep a search; one of the same name is replaced.

    Raises:
        AccountError: the name is empty or too long, there are too many, or the search holds personal values, which
            are kept nowhere but with the complaint.
    """
    name = one_line(name)
    if not name or len(name) > LONGEST_NAME or not query or len(query) > LONGEST_QUERY:
        raise AccountError(f"A filter has a name of 1 to {LONGEST_NAME} characters, and something to look for.")
    if find_personal_values(name) or find_personal_values(unquote_plus(query)):
        raise AccountError("A filter can't hold a telephone number, an address or an identity number.")
    with database.transaction() as session:
        take_turn(session, f"filters:{officer_id}")
        mine = OfficerFilter.officer_id == officer_id
        session.execute(delete(OfficerFilter).where(mine, OfficerFilter.name == name))
        if session.execute(select(func.count(OfficerFilter.id)).where(mine)).scalar_one() >= MOST:
            raise AccountError(f"There can be {MOST} filters; delete one first.")
        session.add(OfficerFilter(officer_id=officer_id, name=name, query=query))


def delete_filter(database: Database, officer_id: int, filter_id: int) -> bool:
    """Forget one of an officer's own searches; returns whether they had it."""
    own = (OfficerFilter.id == filter_id, OfficerFilter.officer_id == officer_id)
    with database.transaction() as session:
        return bool(session.execute(delete(OfficerFilter).where(*own)).rowcount)
