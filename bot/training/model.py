"""Tables of the training room."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Float, Index, Integer, LargeBinary, String, Text, text
from sqlalchemy.orm import deferred

from bot.database import Base, UtcDateTime, now

TRAINING, CANDIDATE, REFUSED, LIVE, FORMER, FAILED = "training", "candidate", "refused", "live", "former", "failed"

IS_LIVE = text("state = 'live'")


class Model(Base):
    """One model: what it was made of, how it compares with the live one, what became of it."""

    __tablename__ = "models"
    # At most one model is live.
    __table_args__ = (Index("uq_models_live", "state", unique=True, sqlite_where=IS_LIVE, postgresql_where=IS_LIVE),)

    id = Column(Integer, primary_key=True)
    # The name of its file without the ending; empty until there is one.
    name = Column(String(60))
    state = Column(String(10), nullable=False, default=TRAINING)
    # Fingerprints: of everything, of what it must share with the rest of the bot, of its sentences, of how it learnt.
    inputs = Column(String(64), nullable=False)
    version = Column(String(64), nullable=False)
    data = Column(String(64), nullable=False)
    pipeline = Column(String(64), nullable=False)
    # "rasa 3.6.21, scikit-learn 1.1.3 …"
    packages = Column(String(200), nullable=False)
    seed = Column(Integer)
    sentences = Column(Integer, nullable=False)
    sha256 = Column(String(64))
    created_at = Column(UtcDateTime, nullable=False, default=now)
    seconds = Column(Float)
    # How far a training is; why one failed, or why a model was put live against the gate.
    step = Column(String(200))
    reason = Column(String(300))
    promoted_at = Column(UtcDateTime)
    promoted_by = Column(String(100))
    # The gate's verdict and the model it was compared with.
    verdict = Column(Text)
    compared_with = Column(Integer)
    # Sentences it was made of whose people took them back since, and when the last of them did.
    dropped = Column(Integer, nullable=False, default=0, server_default="0")
    dropped_at = Column(UtcDateTime)
    # Since when it reads along without answering; what came of it, as JSON (bot/training/shadow.py).
    shadow_since = Column(UtcDateTime)
    shadow = Column(Text)
    # Its sentences as keyed digests with their intents, and what it made of the blind set (bot/training/packed.py).
    examples = deferred(Column(LargeBinary))
    predictions = deferred(Column(LargeBinary))


class ModelPlan(Base):
    """A training that somebody asked for, or that is due because sentences were taken back."""

    __tablename__ = "model_plans"

    id = Column(Integer, primary_key=True)
    by = Column(String(100), nullable=False)
    reason = Column(String(300), nullable=False)
    # Whether it waits for the night.
    quiet = Column(Boolean, nullable=False)
    asked_at = Column(UtcDateTime, nullable=False, default=now)
    ended_at = Column(UtcDateTime)
    result = Column(String(300))
