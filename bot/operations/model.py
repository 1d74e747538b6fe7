"""Table of the operations room."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Column, Float, Integer, String

from bot.database import Base, UtcDateTime


class JobRun(Base):
    """How the last runs of a job went; no value of a citizen stands here."""

    __tablename__ = "jobs"

    name = Column(String(40), primary_key=True)
    # The mark of the run that has it, and until when nobody else may begin: a program that died does not come back.
    lease = Column(String(32))
    lease_until = Column(UtcDateTime)
    started_at = Column(UtcDateTime)
    finished_at = Column(UtcDateTime)
    seconds = Column(Float)
    # What the last good run said, and why the last one failed (empty when it did not).
    result = Column(String(200))
    error = Column(String(200))
    # Runs in a row that began and did not end well.
    failures = Column(Integer, nullable=False, default=0)


def is_running(lease_until: datetime | None, moment: datetime) -> bool:
    """Whether somebody has a job in hand."""
    return lease_until is not None and lease_until > moment


def failed_runs(failures: int, lease_until: datetime | None, moment: datetime) -> int:
    """How many runs in a row failed: one that goes on is counted in its row, but has not failed yet."""
    return max(failures - is_running(lease_until, moment), 0)
