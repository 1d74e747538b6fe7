"""Tables of the import: runs, what each source said, the merged procedures, replaced codes, the portal's state."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)

from bot.database import Base, UtcDateTime, now

Key = BigInteger().with_variant(Integer, "sqlite")

PENDING, DONE, FAILED = "pending", "done", "failed"


class ImportRun(Base):
    """One run of the import; `permission` says who allowed it, where the portal itself was asked."""

    __tablename__ = "import_runs"

    id = Column(Key, primary_key=True)
    kind = Column(String(20), nullable=False)
    permission = Column(Text)
    started_at = Column(UtcDateTime, nullable=False, default=now)
    finished_at = Column(UtcDateTime)
    counts = Column(Text)


class ImportedSource(Base):
    """What one source said of one procedure (`content`: compressed JSON of a `Record`), kept to merge again."""

    __tablename__ = "imported_sources"
    __table_args__ = (UniqueConstraint("shape", "key"),)

    id = Column(Key, primary_key=True)
    shape = Column(String(20), nullable=False)
    key = Column(String(300), nullable=False)
    code = Column(String(20), nullable=False, index=True)
    content_hash = Column(String(64), nullable=False)
    content = Column(LargeBinary, nullable=False)
    notes = Column(Text, nullable=False)
    file = Column(String(300), nullable=False)
    updated_at = Column(UtcDateTime)
    run_id = Column(Key, ForeignKey("import_runs.id"), nullable=False, index=True)
    imported_at = Column(UtcDateTime, nullable=False, default=now)


class ImportedProcedure(Base):
    """One procedure, merged from its sources; `content` is JSON of a `Record`.

    `identity` tells procedures of one code apart: "uuid:…" or "publisher:…". `first_run_id` is the run that brought it,
    `run_id` the last one that changed it.
    """

    __tablename__ = "imported_procedures"
    __table_args__ = (UniqueConstraint("code", "identity"), Index("ix_imported_procedures_province", "province"))

    id = Column(Key, primary_key=True)
    code = Column(String(20), nullable=False)
    identity = Column(String(300), nullable=False)
    uuid = Column(String(36), nullable=False)
    publisher = Column(Text, nullable=False)
    province = Column(String(100), nullable=False)
    name = Column(Text, nullable=False)
    detail = Column(String(10), nullable=False)
    type = Column(String(30), nullable=False)
    state = Column(String(20), nullable=False)
    shape = Column(String(20), nullable=False)
    file = Column(String(300), nullable=False)
    url = Column(Text, nullable=False)
    updated_at = Column(UtcDateTime)
    data_date = Column(Date)
    content_hash = Column(String(64), nullable=False)
    content = Column(Text, nullable=False)
    origins = Column(Text, nullable=False)
    notes = Column(Text, nullable=False)
    first_run_id = Column(Key, ForeignKey("import_runs.id"), nullable=False)
    run_id = Column(Key, ForeignKey("import_runs.id"), nullable=False, index=True)
    changed_at = Column(UtcDateTime, nullable=False, default=now)


class CodeAlias(Base):
    """A code that was replaced; `new_code` is empty where only the new name is known."""

    __tablename__ = "code_aliases"

    old_code = Column(String(20), primary_key=True)
    new_code = Column(String(20), nullable=False, index=True)
    name = Column(Text, nullable=False)


class PortalRound(Base):
    """How far one reading of the whole portal has come; its list is asked page by page up to `last_id`."""

    __tablename__ = "portal_rounds"

    id = Column(Key, primary_key=True)
    last_id = Column(String(100), nullable=False, default="")
    listed = Column(Boolean, nullable=False, default=False)
    started_at = Column(UtcDateTime, nullable=False, default=now)
    finished_at = Column(UtcDateTime)


class PortalItem(Base):
    """One procedure of a round: still to be asked for, done, or failed with the reason."""

    __tablename__ = "portal_items"
    __table_args__ = (
        UniqueConstraint("round_id", "uuid"),
        Index("ix_portal_items_round_id_state", "round_id", "state"),
    )

    id = Column(Key, primary_key=True)
    round_id = Column(Key, ForeignKey("portal_rounds.id"), nullable=False)
    uuid = Column(String(36), nullable=False)
    state = Column(String(10), nullable=False, default=PENDING)
    reason = Column(Text)
