"""Channels that are sent to: tries and final states of the outbox, attachments, correspondents, switches, tokens."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0004"
down_revision = "0003"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = bot.database.UtcDateTime(timezone=True)
OUTBOX_COLUMNS = (
    ("channel", sa.String(20), False, ""),
    ("attempts", sa.Integer(), False, "0"),
    ("first_attempt_at", MOMENT, True, None),
    ("next_attempt_at", MOMENT, True, None),
    ("claimed_until", MOMENT, True, None),
    ("parts_sent", sa.Integer(), False, "0"),
    ("external_id", sa.String(100), True, None),
    ("uncertain", sa.Integer(), False, "0"),
    ("reason", sa.String(60), True, None),
    ("carrier_id", sa.BigInteger(), True, None),
    ("origin_id", sa.BigInteger(), True, None),
)
# Name → columns, which rows.
INBOX_INDEXES = {
    "ix_inbox_unfinished_id": (["id"], "state IN ('claimed', 'pending')"),
    "ix_inbox_unfinished_conversation_id": (["conversation", "id"], "state IN ('claimed', 'pending')"),
    "ix_inbox_claimed_conversation": (["conversation"], "state = 'claimed'"),
}


def upgrade() -> None:
    """Widen inbox and outbox and make the new tables."""
    with op.batch_alter_table("inbox") as batch:
        batch.add_column(sa.Column("kind", sa.String(20), nullable=False, server_default="text"))
        batch.add_column(sa.Column("message_id", sa.String(100), nullable=True))
    for name, (columns, rows) in INBOX_INDEXES.items():
        op.create_index(name, "inbox", columns, sqlite_where=sa.text(rows), postgresql_where=sa.text(rows))
    with op.batch_alter_table("outbox") as batch:
        for name, kind, empty, default in OUTBOX_COLUMNS:
            batch.add_column(sa.Column(name, kind, nullable=empty, server_default=default))
    _fill_outbox()
    with op.batch_alter_table("outbox") as batch:
        batch.alter_column("channel", existing_type=sa.String(20), server_default=None)
        batch.alter_column("next_attempt_at", existing_type=MOMENT, nullable=False)
        batch.create_unique_constraint("uq_outbox_origin_id", ["origin_id"])
    op.create_index("ix_outbox_channel_state_next_attempt_at", "outbox", ["channel", "state", "next_attempt_at"])
    op.create_index("ix_outbox_conversation_state_id", "outbox", ["conversation", "state", "id"])
    _new_tables()


def _fill_outbox() -> None:
    outbox = sa.table("outbox", sa.column("conversation"), sa.column("channel"))
    for channel in ("web", "terminal"):
        mine = outbox.c.conversation.like(f"{channel}:%")
        op.execute(outbox.update().where(mine).values(channel=channel))
    op.execute("UPDATE outbox SET next_attempt_at = created_at")


def _new_tables() -> None:
    op.create_table(
        "attachments",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("inbox_id", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("conversation", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("reference", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.BigInteger()),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(40)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.UniqueConstraint("inbox_id", "position", name="uq_attachments_inbox_id_position"),
    )
    op.create_index("ix_attachments_conversation_state", "attachments", ["conversation", "state"])
    op.create_table(
        "correspondents",
        sa.Column("conversation", sa.String(100), primary_key=True),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("person", sa.String(32)),
        sa.Column("heard_at", MOMENT),
        sa.Column("gone_at", MOMENT),
        sa.Column("gone_reason", sa.String(40)),
        sa.Column("silent_until", MOMENT),
        sa.Column("told_at", MOMENT),
        sa.Column("wrong_codes", sa.Integer(), nullable=False),
        sa.Column("wrong_since", MOMENT),
    )
    op.create_index("ix_correspondents_person", "correspondents", ["person"])
    op.create_table(
        "link_codes",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("conversation", sa.String(100), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT),
    )
    op.create_index("ix_link_codes_conversation", "link_codes", ["conversation"])
    op.create_table(
        "switches",
        sa.Column("name", sa.String(20), primary_key=True),
        sa.Column("off_at", MOMENT, nullable=False),
        sa.Column("off_by", sa.String(100), nullable=False),
        sa.Column("notice", sa.Text(), nullable=False),
    )
    op.create_table(
        "channel_credentials",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("former", sa.LargeBinary()),
        sa.Column("expires_at", MOMENT),
        sa.Column("renewable_until", MOMENT),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", MOMENT),
        sa.Column("problem", sa.String(200)),
        sa.Column("changed_at", MOMENT, nullable=False),
    )


def downgrade() -> None:
    """Drop what was added; messages on their way keep what the former tables hold."""
    for table in ("channel_credentials", "switches", "link_codes", "correspondents", "attachments"):
        op.drop_table(table)
    op.drop_index("ix_outbox_channel_state_next_attempt_at", "outbox")
    op.drop_index("ix_outbox_conversation_state_id", "outbox")
    with op.batch_alter_table("outbox") as batch:
        batch.drop_constraint("uq_outbox_origin_id", type_="unique")
        for name, *_ in reversed(OUTBOX_COLUMNS):
            batch.drop_column(name)
    for name in INBOX_INDEXES:
        op.drop_index(name, "inbox")
    with op.batch_alter_table("inbox") as batch:
        batch.drop_column("message_id")
        batch.drop_column("kind")
