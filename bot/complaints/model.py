"""Tables of what citizens tell the centre, and of everything that is kept about it."""

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
from sqlalchemy.orm import relationship
from sqlalchemy.sql.expression import text

from bot.complaints.lifecycle import CLOSED, OPEN, RECEIVED
from bot.database import Base, UtcDateTime, now
from bot.delivery.model import RowId

# Spelled with its values, not with parameters: only so a database sees that an index of the open ones is enough.
IS_OPEN = text("state IN ({})".format(", ".join(f"'{state}'" for state in sorted(OPEN))))

NOT_CLOSED = text(f"state <> '{CLOSED}'")

# Of a complaint about a person: nobody has confirmed yet who is named; somebody has.
WAITING, CONFIRMED = "waiting", "confirmed"
NAMING_WAITS = text(f"naming = '{WAITING}'")
# Spelled as each database is asked.
_RESTRICTED = {"sqlite_where": text("restricted IS 1"), "postgresql_where": text("restricted IS true")}


class Complaint(Base):
    """One piece of feedback. Personal values in its texts are tokens of the vault; `contact` is encrypted here.

    `description`, `office`, `happened`, `person` and `dossier_code` are what was understood; the citizen's own words
    stand in `words`. Erasing on request empties all of them, and the salt.
    """

    __tablename__ = "complaints"
    __table_args__ = (
        # Lists are in order of id. What is open is little, and mostly asked for, so it has indexes of its own.
        *(Index(f"ix_complaints_{column}_id", column, "id") for column in ("state", "kind", "unit", "assignee")),
        *(
            Index(f"ix_complaints_open_{column}_id", column, "id", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN)
            for column in ("kind", "unit", "assignee")
        ),
        Index("ix_complaints_open_id_due_on", "id", "due_on", sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        # All that the counts of queues ask for, so that they read no row.
        Index(
            "ix_complaints_not_closed",
            *("id", "state", "restricted", "kind", "unit", "assignee", "naming", "due_on", "waiting_since", "reopened"),
            sqlite_where=NOT_CLOSED,
            postgresql_where=NOT_CLOSED,
        ),
        Index("ix_complaints_created_at", "created_at"),
        Index("ix_complaints_restricted_id", "id", **_RESTRICTED),
        Index("ix_complaints_naming_id", "id", sqlite_where=NAMING_WAITS, postgresql_where=NAMING_WAITS),
    )

    id = Column(RowId, primary_key=True)
    code = Column(String(20), nullable=False, unique=True)
    # The inbox row whose turn filed it: the same turn run again finds what it filed before.
    filed_by_inbox_id = Column(BigInteger, nullable=False, unique=True)
    conversation = Column(String(100), nullable=False, index=True)
    # The province that the matter is about, as its profile's key.
    province = Column(String(40))
    route = Column(String(20), nullable=False, default="phan_anh")
    kind = Column(String(20), nullable=False)
    # A denunciation: only named readers see it.
    restricted = Column(Boolean, nullable=False, default=False)
    # About a person: "waiting" for a supervisor who confirms who is named, then "confirmed"; else empty.
    naming = Column(String(10))
    description = Column(Text)
    office = Column(Text)
    happened = Column(Text)
    person = Column(Text)
    dossier_code = Column(Text)
    contact = Column(LargeBinary)
    # All of the above in plain letters without tones, for search.
    folded = Column(Text)
    state = Column(String(20), nullable=False, default=RECEIVED)
    end_reason = Column(String(20))
    unit = Column(String(100))
    assignee = Column(String(100))
    due_on = Column(Date)
    # Since when the clock stands still because the citizen was asked something.
    waiting_since = Column(UtcDateTime)
    overdue_told_at = Column(UtcDateTime)
    reopened = Column(Integer, nullable=False, default=0)
    rating = Column(Integer)
    rating_words = Column(Text)
    joined_to_id = Column(RowId, ForeignKey("complaints.id"), index=True)
    salt = Column(LargeBinary)
    erased_at = Column(UtcDateTime)
    # Counts changes, so that two officers cannot overwrite each other.
    version = Column(Integer, nullable=False, default=1)
    created_at = Column(UtcDateTime, nullable=False, default=now)
    moves = relationship("ComplaintMove", order_by="ComplaintMove.id", lazy="selectin")
    words = relationship("ComplaintWord", order_by="ComplaintWord.id", lazy="select")

    __mapper_args__ = {"version_id_col": version}


class ComplaintMove(Base):
    """One step in a complaint's life: who, when, from, to, why. Rows are only ever added."""

    __tablename__ = "complaint_moves"

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False, index=True)
    moved_at = Column(UtcDateTime, nullable=False, default=now)
    # "citizen", "system", or the officer's name.
    moved_by = Column(String(100), nullable=False)
    from_state = Column(String(20))
    to_state = Column(String(20), nullable=False)
    reason = Column(String(20))
    note = Column(Text)


class ComplaintWord(Base):
    """What the citizen said, word for word: when filing, and whenever they added something. Rows are only added."""

    __tablename__ = "complaint_words"

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False, index=True)
    # The form's question, or "added", "not_solved", "withdrawn".
    question = Column(String(20), nullable=False)
    text = Column(Text)
    said_at = Column(UtcDateTime, nullable=False, default=now)


class ComplaintNamed(Base):
    """Who must not learn of a complaint: an officer it names, or who headed their unit when that was said."""

    __tablename__ = "complaint_named"
    __table_args__ = (
        UniqueConstraint("complaint_id", "officer"),
        # Asked by each list and count; they hold the answer, too.
        Index("ix_complaint_named_officer_named_complaint_id", "officer", "named", "complaint_id"),
        Index("ix_complaint_named_unit_complaint_id", "unit", "complaint_id"),
    )

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False)
    officer = Column(String(100), nullable=False)
    # Whether it is about them; else they headed `unit`, and stay out wherever they have gone since.
    named = Column(Boolean, nullable=False, default=True)
    # The named officer's unit when they were named; who heads it stays out even after they have moved on.
    unit = Column(String(100))
    confirmed_by = Column(String(100), nullable=False)
    confirmed_at = Column(UtcDateTime, nullable=False, default=now)


class ComplaintRemark(Base):
    """What officers tell each other about a complaint; citizens do not see it. Personal values are tokens."""

    __tablename__ = "complaint_remarks"

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False, index=True)
    made_by = Column(String(100), nullable=False)
    made_at = Column(UtcDateTime, nullable=False, default=now)
    text = Column(Text)


class ComplaintMention(Base):
    """That a remark calls for an officer, until they have looked at the complaint."""

    __tablename__ = "complaint_mentions"
    __table_args__ = (Index("ix_complaint_mentions_officer_seen_at", "officer", "seen_at"),)

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False, index=True)
    officer = Column(String(100), nullable=False)
    made_at = Column(UtcDateTime, nullable=False, default=now)
    seen_at = Column(UtcDateTime)


class ComplaintJoin(Base):
    """Somebody else with the same matter, who is told what becomes of it."""

    __tablename__ = "complaint_joins"
    __table_args__ = (UniqueConstraint("complaint_id", "conversation"),)

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False)
    conversation = Column(String(100), nullable=False, index=True)
    joined_at = Column(UtcDateTime, nullable=False, default=now)


class ComplaintNotice(Base):
    """A notice to a citizen about a complaint; whether it arrived is known by the outbox."""

    __tablename__ = "complaint_notices"

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False, index=True)
    outbox_id = Column(BigInteger, nullable=False, index=True)
    about = Column(String(20), nullable=False)


class ComplaintOpening(Base):
    """That a named person opened the contact, a restricted complaint or a file, and why."""

    __tablename__ = "complaint_openings"

    id = Column(RowId, primary_key=True)
    complaint_id = Column(RowId, ForeignKey("complaints.id"), nullable=False, index=True)
    opened_by = Column(String(100), nullable=False)
    opened_at = Column(UtcDateTime, nullable=False, default=now)
    what = Column(String(20), nullable=False)
    why = Column(Text)


class Evidence(Base):
    """A photo or document: here what it is, its bytes encrypted in a folder under the name `digest`."""

    __tablename__ = "evidence"
    __table_args__ = (Index("ix_evidence_conversation_complaint_id", "conversation", "complaint_id"),)

    id = Column(RowId, primary_key=True)
    # Empty until the complaint it belongs to is filed.
    complaint_id = Column(RowId, ForeignKey("complaints.id"), index=True)
    conversation = Column(String(100), nullable=False)
    # Keyed, so that nobody can ask whether a known file was sent.
    digest = Column(String(64), nullable=False, index=True)
    name = Column(LargeBinary, nullable=False)
    media_type = Column(String(100), nullable=False)
    size = Column(Integer, nullable=False)
    created_at = Column(UtcDateTime, nullable=False, default=now)
    removed_at = Column(UtcDateTime)
    removed_by = Column(String(100))
    removed_why = Column(Text)


class ChainLink(Base):
    """The commitment to what was filed, bound to all links before it. Neither content nor salt stands here."""

    __tablename__ = "chain_links"

    id = Column(RowId, primary_key=True)
    complaint_id = Column(BigInteger, nullable=False, unique=True)
    # The day in Viet Nam, "2026-11-22".
    day = Column(String(10), nullable=False, index=True)
    commitment = Column(String(64), nullable=False)
    link = Column(String(64), nullable=False)


class ChainDay(Base):
    """A day that is over: how many links it has and the last of them, its root."""

    __tablename__ = "chain_days"

    day = Column(String(10), primary_key=True)
    links = Column(Integer, nullable=False)
    root = Column(String(64), nullable=False)
    closed_at = Column(UtcDateTime, nullable=False, default=now)


class Consent(Base):
    """What a citizen agreed to, from when to when."""

    __tablename__ = "consents"

    id = Column(RowId, primary_key=True)
    conversation = Column(String(100), nullable=False, index=True)
    purpose = Column(String(20), nullable=False)
    given_at = Column(UtcDateTime, nullable=False, default=now)
    withdrawn_at = Column(UtcDateTime)


class PrivacyRequest(Base):
    """What a citizen asked about their data, and when it was done; after an erasure only a fingerprint says whose."""

    __tablename__ = "privacy_requests"

    id = Column(RowId, primary_key=True)
    conversation = Column(String(100), nullable=False, index=True)
    wish = Column(String(20), nullable=False)
    asked_at = Column(UtcDateTime, nullable=False, default=now)
    due_on = Column(Date)
    done_at = Column(UtcDateTime)
    result = Column(Text)
