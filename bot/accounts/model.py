"""Tables of officers' accounts. No password, code or session can be read from them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, LargeBinary, String, UniqueConstraint

from bot.database import Base, UtcDateTime, now

RowId = BigInteger().with_variant(Integer, "sqlite")


class Officer(Base):
    """One member of staff. Accounts are disabled, never deleted: what they did keeps their name."""

    __tablename__ = "officers"

    id = Column(RowId, primary_key=True)
    # What histories, assignments and `--by` have.
    name = Column(String(100), nullable=False, unique=True)
    # The name in plain small letters: nobody gets a name that only tones tell from another's.
    key = Column(String(100), nullable=False, unique=True)
    unit = Column(String(100), index=True)
    # Keys with spaces between them: of `permissions.ROLES`, and of kinds of feedback (none is all).
    roles = Column(String(200), nullable=False, default="")
    kinds = Column(String(400), nullable=False, default="")
    password = Column(String(200), nullable=False)
    must_change = Column(Boolean, nullable=False, default=True)
    # The secret of the second step, sealed, and whether a code of it was shown once.
    totp = Column(LargeBinary)
    totp_confirmed = Column(Boolean, nullable=False, default=False)
    # The last half-minute whose code was taken: no code counts twice.
    totp_step = Column(BigInteger, nullable=False, default=0)
    disabled_at = Column(UtcDateTime)
    created_at = Column(UtcDateTime, nullable=False, default=now)


class RecoveryCode(Base):
    """A code for whoever lost their telephone; counts once."""

    __tablename__ = "officer_recovery_codes"

    digest = Column(String(64), primary_key=True)
    officer_id = Column(RowId, ForeignKey("officers.id"), nullable=False, index=True)
    used_at = Column(UtcDateTime)


class OfficerIdentity(Base):
    """Whom an OpenID Connect provider has to vouch for to let this officer in; an administrator enters it."""

    __tablename__ = "officer_identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    officer_id = Column(RowId, ForeignKey("officers.id"), primary_key=True)
    # Small letters. It counts until the provider has named its subject: addresses are given to others later.
    email = Column(String(254), unique=True)
    # A subject says something only together with who named it.
    issuer = Column(String(300))
    subject = Column(String(255))


class OfficerSession(Base):
    """One log-in of one browser; the browser alone knows the token behind the digest."""

    __tablename__ = "officer_sessions"

    digest = Column(String(64), primary_key=True)
    officer_id = Column(RowId, ForeignKey("officers.id"), nullable=False, index=True)
    created_at = Column(UtcDateTime, nullable=False)
    seen_at = Column(UtcDateTime, nullable=False)
    ends_at = Column(UtcDateTime, nullable=False, index=True)
    # Whether the second step was passed in it, here or at the provider that vouched for it.
    second_step = Column(Boolean, nullable=False, default=False)
    # Begun by the provider's word: the password kept here was not shown.
    by_provider = Column(Boolean, nullable=False, default=False)
    # From where it began and in which browser, so that its owner knows it again.
    address = Column(String(64), nullable=False, default="")
    device = Column(String(100), nullable=False, default="")
    # What is open in the browser, such as a receipt code, and since when.
    looking_at = Column(String(20), index=True)
    looked_at = Column(UtcDateTime)


class OfficerFilter(Base):
    """A search that an officer kept under a name."""

    __tablename__ = "officer_filters"
    __table_args__ = (UniqueConstraint("officer_id", "name"),)

    id = Column(RowId, primary_key=True)
    officer_id = Column(RowId, ForeignKey("officers.id"), nullable=False)
    name = Column(String(60), nullable=False)
    # As it stands behind the question mark of the list's address.
    query = Column(String(1000), nullable=False)


class LoginAttempt(Base):
    """One try to log in, or to pass the second step. Name and address are keyed digests: a name may be a password."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        Index("ix_login_attempts_name_tried_at", "name", "tried_at"),
        Index("ix_login_attempts_address_tried_at", "address", "tried_at"),
    )

    id = Column(RowId, primary_key=True)
    name = Column(String(64), nullable=False)
    address = Column(String(64), nullable=False)
    tried_at = Column(UtcDateTime, nullable=False)
    # Wrong until it turns out right, so that tries at the same moment count, too.
    right = Column(Boolean, nullable=False, default=False)


class AuditEntry(Base):
    """One act of staff. Each holds the digest of the one before it; rows are only ever added."""

    __tablename__ = "audit_log"
    __table_args__ = (Index("ix_audit_log_by_id", "by", "id"), Index("ix_audit_log_subject_id", "subject", "id"))

    id = Column(RowId, primary_key=True)
    done_at = Column(UtcDateTime, nullable=False)
    by = Column(String(100), nullable=False)
    act = Column(String(40), nullable=False)
    # A receipt code, an officer's name, or nothing; never a value of a citizen.
    subject = Column(String(100), nullable=False, default="")
    detail = Column(String(200), nullable=False, default="")
    previous = Column(String(64), nullable=False)
    # Of the entry and `previous`; unique, so that the chain can't fork.
    digest = Column(String(64), nullable=False, unique=True)
