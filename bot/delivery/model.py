"""Tables of the delivery room."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, LargeBinary, String, Text, UniqueConstraint

from bot.database import Base, UtcDateTime, now

# SQLite counts rows up by itself only for INTEGER keys.
RowId = BigInteger().with_variant(Integer, "sqlite")

PENDING, CLAIMED, DONE, FAILED = "pending", "claimed", "done", "failed"
DELIVERED = "delivered"
# Whose rows are that stay after an erasure.
NOBODY = "erased"


class InboxMessage(Base):
    """One thing a citizen sent, kept before it is answered for."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "external_key"),
        Index("ix_inbox_state_next_attempt_at", "state", "next_attempt_at"),
        Index("ix_inbox_conversation_id", "conversation", "id"),
    )

    id = Column(RowId, primary_key=True)
    channel = Column(String(20), nullable=False)
    external_key = Column(String(200), nullable=False)
    conversation = Column(String(100), nullable=False)
    # What the citizen sees of their own message, and what Rasa is told when that is a button's payload.
    body = Column(LargeBinary, nullable=False)
    payload = Column(String(400))
    state = Column(String(10), nullable=False, default=PENDING)
    attempts = Column(Integer, nullable=False, default=0)
    reason = Column(String(100))
    received_at = Column(UtcDateTime, nullable=False, default=now)
    next_attempt_at = Column(UtcDateTime, nullable=False, default=now)
    claimed_until = Column(UtcDateTime)
    # When the bot first tried; what citizens are told rests on this, not on how long the line was.
    first_attempt_at = Column(UtcDateTime)


class OutboxMessage(Base):
    """One thing the bot says, kept until its channel has it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_conversation_id", "conversation", "id"),
        UniqueConstraint("inbox_id", "position"),
    )

    id = Column(RowId, primary_key=True)
    conversation = Column(String(100), nullable=False)
    # JSON {"text", "buttons": [{"id", "title", "payload"}]}, encrypted.
    body = Column(LargeBinary, nullable=False)
    inbox_id = Column(BigInteger)
    position = Column(Integer, nullable=False, default=0)
    rate = Column(Boolean, nullable=False, default=False)
    state = Column(String(10), nullable=False, default=PENDING)
    created_at = Column(UtcDateTime, nullable=False, default=now)
    delivered_at = Column(UtcDateTime)


class SentButton(Base):
    """A button a conversation was sent, behind the opaque id that its channel carries."""

    __tablename__ = "buttons"

    id = Column(String(16), primary_key=True)
    conversation = Column(String(100), nullable=False, index=True)
    title = Column(String(200), nullable=False)
    payload = Column(String(400), nullable=False)


class Turn(Base):
    """What the bot understood and did about one message; never the message itself."""

    __tablename__ = "turns"

    id = Column(RowId, primary_key=True)
    inbox_id = Column(BigInteger, nullable=False, unique=True)
    conversation = Column(String(100), nullable=False, index=True)
    intent = Column(String(60))
    confidence = Column(Float)
    outcome = Column(String(20))
    procedure = Column(String(60))
    topic = Column(String(60))
    # JSON [[intent, confidence], …], the best few.
    ranking = Column(Text)
    feedback = Column(String(10))
    created_at = Column(UtcDateTime, nullable=False, default=now)


class VaultEntry(Base):
    """A personal value behind the token that Rasa sees in its place."""

    __tablename__ = "vault"
    __table_args__ = (UniqueConstraint("conversation", "digest"),)

    token = Column(String(12), primary_key=True)
    conversation = Column(String(100), nullable=False)
    kind = Column(String(20), nullable=False)
    digest = Column(String(64), nullable=False)
    value = Column(LargeBinary, nullable=False)
    created_at = Column(UtcDateTime, nullable=False, default=now)
