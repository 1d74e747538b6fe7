"""Tables of the review room."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, LargeBinary, String, Text

from bot.database import Base, UtcDateTime, now
from bot.delivery.model import RowId

# Of items: nobody looked yet; a second person is asked; two differ; goes into the data; is in it; holds nothing to use.
WAITING, SECOND, DISPUTED, ACCEPTED, WRITTEN, UNUSABLE = (
    "waiting",
    "second",
    "disputed",
    "accepted",
    "written",
    "unusable",
)
OPEN = (WAITING, SECOND, DISPUTED)
# Of examples: learnt from, or kept to measure.
TRAIN, BLIND = "train", "blind"


class ReviewItem(Base):
    """Messages that say nearly the same, as one row for people who label."""

    __tablename__ = "review_items"
    __table_args__ = (Index("ix_review_items_state_worth", "state", "worth"),)

    id = Column(RowId, primary_key=True)
    state = Column(String(10), nullable=False, default=WAITING)
    # What it was decided to be.
    intent = Column(String(60))
    procedure = Column(String(60))
    # Why a second person is asked, as words of `deciding.py` with commas between them.
    asks = Column(String(200), nullable=False, default="")
    # JSON [[intent, share], …] of its newest message.
    ranking = Column(Text, nullable=False)
    # Why its messages are here, with commas between; how many there are, of how many people.
    reasons = Column(String(200), nullable=False)
    messages = Column(Integer, nullable=False, default=0)
    people = Column(Integer, nullable=False, default=0)
    # The first item that is about something like it; itself where it is the first.
    theme = Column(BigInteger, nullable=False, default=0, index=True)
    # Of how many people it is to be expected that they were not understood; the more, the sooner it is shown.
    worth = Column(Float, nullable=False, default=0.0)
    created_at = Column(UtcDateTime, nullable=False, default=now)
    decided_at = Column(UtcDateTime)


class ReviewMessage(Base):
    """One message of a person who agreed to it, without what names anybody."""

    __tablename__ = "review_messages"

    id = Column(RowId, primary_key=True)
    item_id = Column(BigInteger, ForeignKey("review_items.id"), nullable=False, index=True)
    inbox_id = Column(BigInteger, nullable=False, unique=True)
    conversation = Column(String(100), nullable=False, index=True)
    # The same for all conversations of one person.
    person = Column(String(100), nullable=False, index=True)
    text = Column(LargeBinary, nullable=False)
    reasons = Column(String(200), nullable=False)
    # What the model made of it, and the procedure that was answered.
    intent = Column(String(60))
    procedure = Column(String(60))
    # How probable it is that the person was not understood, by the newest model that read it.
    doubt = Column(Float, nullable=False, default=0.0)
    said_at = Column(UtcDateTime, nullable=False, index=True)


class ReviewLabel(Base):
    """What one person says an item is; never changed, only undone."""

    __tablename__ = "review_labels"
    __table_args__ = (Index("ix_review_labels_by_made_at", "by", "made_at"),)

    id = Column(RowId, primary_key=True)
    item_id = Column(BigInteger, ForeignKey("review_items.id"), nullable=False, index=True)
    by = Column(String(100), nullable=False)
    # An intent, "skip" or "unusable".
    intent = Column(String(60), nullable=False)
    procedure = Column(String(60))
    # What an intent that does not exist yet would be for.
    definition = Column(Text)
    made_at = Column(UtcDateTime, nullable=False, default=now)
    undone_at = Column(UtcDateTime)


class ReviewExample(Base):
    """A sentence that went into the data: which message it is of, and where it stands."""

    __tablename__ = "review_examples"

    id = Column(RowId, primary_key=True)
    item_id = Column(BigInteger, ForeignKey("review_items.id"), nullable=False, index=True)
    conversation = Column(String(100), nullable=False, index=True)
    text = Column(LargeBinary, nullable=False)
    intent = Column(String(60), nullable=False)
    procedure = Column(String(60))
    part = Column(String(10), nullable=False)
    # Below the checkout.
    file = Column(String(100), nullable=False)
    by = Column(String(100), nullable=False)
    # None while it is on its way into the file.
    written_at = Column(UtcDateTime)
