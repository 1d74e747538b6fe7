"""Officers' accounts, sessions and audit log; who is named in a complaint; their remarks on it and filters."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0005"
down_revision = "0004"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = bot.database.UtcDateTime(timezone=True)
WAITING = "naming = 'waiting'"
INDEXES = (
    ("officers", "unit"),
    ("officer_recovery_codes", "officer_id"),
    ("officer_sessions", "officer_id"),
    ("officer_sessions", "ends_at"),
    ("officer_sessions", "looking_at"),
    ("login_attempts", "name", "tried_at"),
    ("login_attempts", "address", "tried_at"),
    ("audit_log", "by", "id"),
    ("audit_log", "subject", "id"),
    ("complaint_named", "officer"),
    ("complaint_named", "unit"),
    ("complaint_remarks", "complaint_id"),
    ("complaint_mentions", "officer", "seen_at"),
    ("complaint_mentions", "complaint_id"),
)
TABLES = (
    "officer_filters",
    "complaint_mentions",
    "complaint_remarks",
    "complaint_named",
    "audit_log",
    "login_attempts",
    "officer_sessions",
    "officer_identities",
    "officer_recovery_codes",
    "officers",
)


def upgrade() -> None:
    """Make the tables; what was filed about persons waits for a supervisor unless it has ended."""
    _accounts()
    _log()
    _complaints()
    _remarks()
    for table, *columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def _accounts() -> None:
    op.create_table(
        "officers",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("unit", sa.String(100)),
        sa.Column("roles", sa.String(200), nullable=False),
        sa.Column("kinds", sa.String(400), nullable=False),
        sa.Column("password", sa.String(200), nullable=False),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("totp", sa.LargeBinary()),
        sa.Column("totp_confirmed", sa.Boolean(), nullable=False),
        sa.Column("totp_step", sa.BigInteger(), nullable=False),
        sa.Column("disabled_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("name", name="uq_officers_name"),
        sa.UniqueConstraint("key", name="uq_officers_key"),
    )
    op.create_table(
        "officer_recovery_codes",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("officer_id", ROW_ID, sa.ForeignKey("officers.id"), nullable=False),
        sa.Column("used_at", MOMENT),
    )
    op.create_table(
        "officer_identities",
        sa.Column("officer_id", ROW_ID, sa.ForeignKey("officers.id"), primary_key=True),
        sa.Column("email", sa.String(254)),
        sa.Column("issuer", sa.String(300)),
        sa.Column("subject", sa.String(255)),
        sa.UniqueConstraint("email", name="uq_officer_identities_email"),
        sa.UniqueConstraint("issuer", "subject", name="uq_officer_identities_issuer_subject"),
    )
    op.create_table(
        "officer_sessions",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("officer_id", ROW_ID, sa.ForeignKey("officers.id"), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("second_step", sa.Boolean(), nullable=False),
        sa.Column("by_provider", sa.Boolean(), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("device", sa.String(100), nullable=False),
        sa.Column("looking_at", sa.String(20)),
        sa.Column("looked_at", MOMENT),
    )


def _log() -> None:
    op.create_table(
        "login_attempts",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("tried_at", MOMENT, nullable=False),
        sa.Column("right", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "audit_log",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("done_at", MOMENT, nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("act", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(100), nullable=False),
        sa.Column("detail", sa.String(200), nullable=False),
        sa.Column("previous", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.UniqueConstraint("digest", name="uq_audit_log_digest"),
    )


def _complaints() -> None:
    op.add_column("complaints", sa.Column("naming", sa.String(10), nullable=True))
    op.execute(
        "UPDATE complaints SET naming = 'waiting' WHERE state <> 'closed' AND erased_at IS NULL AND route <> 'khen'"
        " AND (person IS NOT NULL OR kind IN ('attitude', 'bribery'))"
    )
    where = {f"{dialect}_where": sa.text(WAITING) for dialect in ("sqlite", "postgresql")}
    op.create_index("ix_complaints_naming_id", "complaints", ["id"], **where)
    restricted = {"sqlite_where": sa.text("restricted IS 1"), "postgresql_where": sa.text("restricted IS true")}
    op.create_index("ix_complaints_restricted_id", "complaints", ["id"], **restricted)
    op.create_table(
        "complaint_named",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("complaint_id", ROW_ID, sa.ForeignKey("complaints.id"), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("unit", sa.String(100)),
        sa.Column("confirmed_by", sa.String(100), nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=False),
        sa.UniqueConstraint("complaint_id", "officer", name="uq_complaint_named_complaint_id_officer"),
    )


def _remarks() -> None:
    op.create_table(
        "complaint_remarks",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("complaint_id", ROW_ID, sa.ForeignKey("complaints.id"), nullable=False),
        sa.Column("made_by", sa.String(100), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("text", sa.Text()),
    )
    op.create_table(
        "complaint_mentions",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("complaint_id", ROW_ID, sa.ForeignKey("complaints.id"), nullable=False),
        sa.Column("officer", sa.String(100), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT),
    )
    op.create_table(
        "officer_filters",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("officer_id", ROW_ID, sa.ForeignKey("officers.id"), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("query", sa.String(1000), nullable=False),
        sa.UniqueConstraint("officer_id", "name", name="uq_officer_filters_officer_id_name"),
    )


def downgrade() -> None:
    """Drop what was added; complaints about persons are for every officer again."""
    for table in TABLES:
        op.drop_table(table)
    op.drop_index("ix_complaints_restricted_id", "complaints")
    op.drop_index("ix_complaints_naming_id", "complaints")
    with op.batch_alter_table("complaints") as batch:
        batch.drop_column("naming")
