"""First tables: inbox, outbox, buttons, turns, vault, complaints and their moves."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "buttons",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("conversation", sa.String(length=100), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("payload", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buttons")),
    )
    op.create_index(op.f("ix_buttons_conversation"), "buttons", ["conversation"], unique=False)
    op.create_table(
        "complaints",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("filed_by_inbox_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("office", sa.Text(), nullable=True),
        sa.Column("happened", sa.Text(), nullable=True),
        sa.Column("dossier_code", sa.Text(), nullable=True),
        sa.Column("contact", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaints")),
        sa.UniqueConstraint("code", name=op.f("uq_complaints_code")),
        sa.UniqueConstraint("filed_by_inbox_id", name=op.f("uq_complaints_filed_by_inbox_id")),
    )
    op.create_index(op.f("ix_complaints_conversation"), "complaints", ["conversation"], unique=False)
    op.create_index(op.f("ix_complaints_state"), "complaints", ["state"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(length=20), nullable=False),
        sa.Column("external_key", sa.String(length=200), nullable=False),
        sa.Column("conversation", sa.String(length=100), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("payload", sa.String(length=400), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=100), nullable=True),
        sa.Column("received_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("claimed_until", bot.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("first_attempt_at", bot.database.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_inbox")),
        sa.UniqueConstraint("channel", "external_key", name=op.f("uq_inbox_channel_external_key")),
    )
    op.create_index("ix_inbox_conversation_id", "inbox", ["conversation", "id"], unique=False)
    op.create_index("ix_inbox_state_next_attempt_at", "inbox", ["state", "next_attempt_at"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("conversation", sa.String(length=100), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("inbox_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", bot.database.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("inbox_id", "position", name=op.f("uq_outbox_inbox_id_position")),
    )
    op.create_index("ix_outbox_conversation_id", "outbox", ["conversation", "id"], unique=False)
    op.create_table(
        "turns",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("inbox_id", sa.BigInteger(), nullable=False),
        sa.Column("conversation", sa.String(length=100), nullable=False),
        sa.Column("intent", sa.String(length=60), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("procedure", sa.String(length=60), nullable=True),
        sa.Column("topic", sa.String(length=60), nullable=True),
        sa.Column("ranking", sa.Text(), nullable=True),
        sa.Column("feedback", sa.String(length=10), nullable=True),
        sa.Column("created_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_turns")),
        sa.UniqueConstraint("inbox_id", name=op.f("uq_turns_inbox_id")),
    )
    op.create_index(op.f("ix_turns_conversation"), "turns", ["conversation"], unique=False)
    op.create_table(
        "vault",
        sa.Column("token", sa.String(length=12), nullable=False),
        sa.Column("conversation", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_vault")),
        sa.UniqueConstraint("conversation", "digest", name=op.f("uq_vault_conversation_digest")),
    )
    op.create_table(
        "complaint_moves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("complaint_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("moved_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("moved_by", sa.String(length=100), nullable=False),
        sa.Column("from_state", sa.String(length=20), nullable=True),
        sa.Column("to_state", sa.String(length=20), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["complaint_id"], ["complaints.id"], name=op.f("fk_complaint_moves_complaint_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_complaint_moves")),
    )
    op.create_index(op.f("ix_complaint_moves_complaint_id"), "complaint_moves", ["complaint_id"], unique=False)


def downgrade() -> None:
    """Drop them."""
    op.drop_index(op.f("ix_complaint_moves_complaint_id"), table_name="complaint_moves")
    op.drop_table("complaint_moves")
    op.drop_table("vault")
    op.drop_index(op.f("ix_turns_conversation"), table_name="turns")
    op.drop_table("turns")
    op.drop_index("ix_outbox_conversation_id", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_inbox_state_next_attempt_at", table_name="inbox")
    op.drop_index("ix_inbox_conversation_id", table_name="inbox")
    op.drop_table("inbox")
    op.drop_index(op.f("ix_complaints_state"), table_name="complaints")
    op.drop_index(op.f("ix_complaints_conversation"), table_name="complaints")
    op.drop_table("complaints")
    op.drop_index(op.f("ix_buttons_conversation"), table_name="buttons")
    op.drop_table("buttons")
