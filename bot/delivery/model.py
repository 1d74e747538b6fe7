"""Tables of the delivery room."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    and_,
    literal_column,
    text,
)

from bot.database import Base, UtcDateTime, now

# SQLite counts rows up by itself only for INTEGER keys.
RowId = BigInteger().with_variant(Integer, "sqlite")

PENDING, CLAIMED, DONE, FAILED = "pending", "claimed", "done", "failed"
DELIVERED = "delivered"
# Of the outbox: can't go out before the citizen writes again.
HELD = "held"
# Of attachments, besides FAILED: not fetched yet, kept as evidence, let go because nobody asked for it.
WAITING, KEPT, LET_GO = "waiting", "kept", "let_go"
# Whose rows are that stay after an erasure.
NOBODY = "erased"
TELEGRAM = "telegram"
# Channels that fetch what was said; all others are sent to.
FETCHING = ("web", "terminal")
# Channels on which every button is a numbered line, besides the button or in its place.
NUMBERED = ("zalo_oa", "zalo_bot")
# What is under way or failed is little beside what was ever answered and sent, and has indexes of its own. SQLite takes
# one only for a query that says its condition in the same words, in the same order: queries say `AS_…` for the states.
_IS_UNFINISHED, _IS_CLAIMED = text("state IN ('claimed', 'pending')"), text("state = 'claimed'")
_IS_UNSENT, _IS_FAILED = text("state IN ('claimed', 'held', 'pending')"), text("state = 'failed'")
_IS_GONE = text("gone_at IS NOT NULL")
AS_CLAIMED, _AS_HELD, _AS_PENDING, AS_FAILED = (literal_column(f"'{one}'") for one in (CLAIMED, HELD, PENDING, FAILED))
AS_UNFINISHED = (AS_CLAIMED, _AS_PENDING)


def _index_of(rows: Any, name: str, *columns: str) -> Index:
    return Index(name, *columns, sqlite_where=rows, postgresql_where=rows)


def channel_of(conversation: str) -> str:
    """The channel a conversation lives on: the part of its name before the first colon."""
    return conversation.split(":", 1)[0]


def channel_of_row(context: Any) -> str:
    """The channel of a row that is being inserted."""
    return channel_of(context.get_current_parameters()["conversation"])


class InboxMessage(Base):
    """One thing a citizen sent, kept before it is answered for."""

    __tablename__ = "inbox"
    __table_args__ = (
        UniqueConstraint("channel", "external_key"),
        Index("ix_inbox_conversation_id", "conversation", "id"),
        _index_of(_IS_UNFINISHED, "ix_inbox_unfinished_id", "id"),
        _index_of(_IS_UNFINISHED, "ix_inbox_unfinished_conversation_id", "conversation", "id"),
        _index_of(_IS_CLAIMED, "ix_inbox_claimed_conversation", "conversation"),
        _index_of(_IS_FAILED, "ix_inbox_failed_received_at", "received_at"),
    )

    id = Column(RowId, primary_key=True)
    channel = Column(String(20), nullable=False)
    external_key = Column(String(200), nullable=False)
    conversation = Column(String(100), nullable=False)
    # What the citizen sees of their own message, and what Rasa is told when that is a button's payload.
    body = Column(LargeBinary, nullable=False)
    payload = Column(String(400))
    # "text" is worked on by Rasa; everything else (see `inbox.Arrival`) by whoever attends to it.
    kind = Column(String(20), nullable=False, default="text")
    # What a later correction of this message names it by, where the channel knows corrections.
    message_id = Column(String(100))
    state = Column(String(10), nullable=False, default=PENDING)
    attempts = Column(Integer, nullable=False, default=0)
    reason = Column(String(100))
    received_at = Column(UtcDateTime, nullable=False, default=now)
    # As the channel says, None where it does not: it may bring a message long after that.
    written_at = Column(UtcDateTime)
    next_attempt_at = Column(UtcDateTime, nullable=False, default=now)
    claimed_until = Column(UtcDateTime)
    # When the bot first tried; what citizens are told rests on this, not on how long the line was.
    first_attempt_at = Column(UtcDateTime)


class Attachment(Base):
    """A file that came with a message, still at its channel until somebody asks for it."""

    __tablename__ = "attachments"
    __table_args__ = (
        Index("ix_attachments_conversation_state", "conversation", "state"),
        UniqueConstraint("inbox_id", "position"),
    )

    id = Column(RowId, primary_key=True)
    inbox_id = Column(BigInteger, nullable=False)
    position = Column(Integer, nullable=False, default=0)
    channel = Column(String(20), nullable=False)
    conversation = Column(String(100), nullable=False)
    # "image", "file", "voice", "video".
    kind = Column(String(20), nullable=False)
    # What the channel fetches it by (an id or an address), and its name, both encrypted.
    reference = Column(LargeBinary, nullable=False)
    name = Column(LargeBinary, nullable=False)
    # Bytes as the channel says; nothing is built on it.
    size = Column(BigInteger)
    state = Column(String(10), nullable=False, default=WAITING)
    # Why it was not taken: a reason of `knowledge/evidence.yml`, or of the channel.
    reason = Column(String(40))
    created_at = Column(UtcDateTime, nullable=False, default=now)


class OutboxMessage(Base):
    """One thing the bot says, kept until its channel has it."""

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_conversation_id", "conversation", "id"),
        _index_of(_IS_UNSENT, "ix_outbox_unsent_channel_state_next_attempt_at", "channel", "state", "next_attempt_at"),
        _index_of(_IS_FAILED, "ix_outbox_failed_created_at", "created_at"),
        # What of a conversation is unfinished or held, however long the conversation is.
        Index("ix_outbox_conversation_state_id", "conversation", "state", "id"),
        UniqueConstraint("inbox_id", "position"),
    )

    id = Column(RowId, primary_key=True)
    # The beginning of the conversation's name; decides who carries it out.
    channel = Column(String(20), nullable=False, default=channel_of_row)
    conversation = Column(String(100), nullable=False)
    # JSON {"text", "buttons": [{"id", "title", "payload"}], "notice", "files": [see `attached.Attached`]}, encrypted.
    body = Column(LargeBinary, nullable=False)
    inbox_id = Column(BigInteger)
    position = Column(Integer, nullable=False, default=0)
    rate = Column(Boolean, nullable=False, default=False)
    state = Column(String(10), nullable=False, default=PENDING)
    created_at = Column(UtcDateTime, nullable=False, default=now)
    delivered_at = Column(UtcDateTime)
    # Of channels that are sent to; those that fetch (web, terminal) leave it as it is.
    attempts = Column(Integer, nullable=False, default=0)
    # Lies ahead while the channel asked for a long wait, such as until the morning.
    first_attempt_at = Column(UtcDateTime)
    next_attempt_at = Column(UtcDateTime, nullable=False, default=now)
    claimed_until = Column(UtcDateTime)
    # Parts of a long message that the channel has taken, the channel's own id of the last, and how often nobody could
    # know whether a try had arrived.
    parts_sent = Column(Integer, nullable=False, default=0)
    external_id = Column(String(100))
    uncertain = Column(Integer, nullable=False, default=0)
    # Why it failed, is held, or was put off.
    reason = Column(String(60))
    # It only had to wait for the citizen, and failed here because it was sent elsewhere.
    moved = Column(Boolean, nullable=False, default=False)
    # The channel asked for the wait, which is kept also when the citizen writes.
    wait_asked = Column(Boolean, nullable=False, default=False)
    # The citizen may have the file of its next part already: its link is told instead.
    in_doubt = Column(Boolean, nullable=False, default=False)
    # The row that takes this one along: held notices leave as one message and end as it does.
    carrier_id = Column(BigInteger)
    # The notice that did not arrive where it was meant to, and was sent here instead; of one that did not arrive here
    # either, what was sent elsewhere in its place.
    origin_id = Column(BigInteger, unique=True)


def is_unsent(*states: str) -> Any:
    """What of the outbox is in one of these states (`PENDING`, `CLAIMED`, `HELD`; without any, in any of them)."""
    under_way = OutboxMessage.state.in_((AS_CLAIMED, _AS_HELD, _AS_PENDING))
    return and_(under_way, OutboxMessage.state.in_(states)) if states else under_way


class SentButton(Base):
    """A button a conversation was sent, behind the opaque id that its channel carries."""

    __tablename__ = "buttons"

    id = Column(String(16), primary_key=True)
    conversation = Column(String(100), nullable=False, index=True)
    title = Column(String(200), nullable=False)
    payload = Column(String(400), nullable=False)


class Correspondent(Base):
    """The other end of a conversation: when it was last heard of, whether it can still be reached."""

    __tablename__ = "correspondents"
    __table_args__ = (_index_of(_IS_GONE, "ix_correspondents_gone_channel", "channel"),)

    conversation = Column(String(100), primary_key=True)
    channel = Column(String(20), nullable=False)
    # The same for all conversations of one person that were linked; None while there is only this one.
    person = Column(String(32), index=True)
    heard_at = Column(UtcDateTime)
    # Since when, and why, nothing can be sent there ("blocked", "left", "withdrawn").
    gone_at = Column(UtcDateTime)
    gone_reason = Column(String(40))
    # A person of the centre is writing there by hand: the bot keeps still until then.
    silent_until = Column(UtcDateTime)
    # When something that is paid for told them that a message waits; good until they write.
    told_at = Column(UtcDateTime)
    # Link codes typed there that opened nothing, and since when they are counted.
    wrong_codes = Column(Integer, nullable=False, default=0)
    wrong_since = Column(UtcDateTime)


class LinkCode(Base):
    """A code by which a person takes a conversation along to another channel, once; only its fingerprint is kept."""

    __tablename__ = "link_codes"

    digest = Column(String(64), primary_key=True)
    conversation = Column(String(100), nullable=False, index=True)
    expires_at = Column(UtcDateTime, nullable=False)
    used_at = Column(UtcDateTime)


class Switch(Base):
    """A channel, or the whole bot ("all"), that was switched off, and what citizens are told meanwhile."""

    __tablename__ = "switches"

    name = Column(String(20), primary_key=True)
    off_at = Column(UtcDateTime, nullable=False)
    off_by = Column(String(100), nullable=False)
    notice = Column(Text, nullable=False)


class ChannelCredential(Base):
    """What opens a neighbour's door and changes by itself, such as a pair of tokens; encrypted."""

    __tablename__ = "channel_credentials"

    name = Column(String(40), primary_key=True)
    # JSON, the present one and the one before it.
    value = Column(LargeBinary, nullable=False)
    former = Column(LargeBinary)
    # Until when it is good, and until when it can be renewed.
    expires_at = Column(UtcDateTime)
    renewable_until = Column(UtcDateTime)
    # The one program that renews it, and until when nobody else may.
    lease = Column(String(32))
    lease_until = Column(UtcDateTime)
    # What an operator must know, None while all is well.
    problem = Column(String(200))
    changed_at = Column(UtcDateTime, nullable=False, default=now)


class ChannelPace(Base):
    """How far the pace of a channel is used up, where several programs send through it."""

    __tablename__ = "channel_paces"

    channel = Column(String(20), primary_key=True)
    # Seconds since 1970, to be reckoned with: by when everything let through would have gone at an even pace, and
    # until when nothing goes out at all.
    even = Column(Float, nullable=False)
    paused_until = Column(Float, nullable=False)
    # How many messages the last program that asked was given.
    granted = Column(Integer, nullable=False)


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
