"""Review inbox, labels, and the sentences that went from them into the data."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0007"
down_revision = "0006"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = bot.database.UtcDateTime(timezone=True)
INDEXES = (
    ("review_items", "state", "worth"),
    ("review_items", "theme"),
    ("review_messages", "item_id"),
    ("review_messages", "conversation"),
    ("review_messages", "person"),
    ("review_messages", "said_at"),
    ("review_labels", "item_id"),
    ("review_labels", "by", "made_at"),
    ("review_examples", "conversation"),
)


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "review_items",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("intent", sa.String(60)),
        sa.Column("procedure", sa.String(60)),
        sa.Column("asks", sa.String(200), nullable=False),
        sa.Column("ranking", sa.Text(), nullable=False),
        sa.Column("reasons", sa.String(200), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("theme", sa.BigInteger(), nullable=False),
        sa.Column("worth", sa.Float(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT),
    )
    op.create_table(
        "review_messages",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("item_id", sa.BigInteger(), sa.ForeignKey("review_items.id"), nullable=False),
        sa.Column("inbox_id", sa.BigInteger(), nullable=False, unique=True),
        sa.Column("conversation", sa.String(100), nullable=False),
        sa.Column("person", sa.String(100), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("reasons", sa.String(200), nullable=False),
        sa.Column("intent", sa.String(60)),
        sa.Column("procedure", sa.String(60)),
        sa.Column("said_at", MOMENT, nullable=False),
    )
    op.create_table(
        "review_labels",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("item_id", sa.BigInteger(), sa.ForeignKey("review_items.id"), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("intent", sa.String(60), nullable=False),
        sa.Column("procedure", sa.String(60)),
        sa.Column("definition", sa.Text()),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("undone_at", MOMENT),
    )
    op.create_table(
        "review_examples",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("item_id", sa.BigInteger(), sa.ForeignKey("review_items.id"), nullable=False, unique=True),
        sa.Column("conversation", sa.String(100), nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("intent", sa.String(60), nullable=False),
        sa.Column("procedure", sa.String(60)),
        sa.Column("part", sa.String(10), nullable=False),
        sa.Column("file", sa.String(100), nullable=False),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("written_at", MOMENT),
    )
    for table, *columns in INDEXES:
        op.create_index(f"ix_{table}_{'_'.join(columns)}", table, columns)


def downgrade() -> None:
    """Drop them; what stands in the data files stays."""
    for table in ("review_examples", "review_labels", "review_messages", "review_items"):
        op.drop_table(table)
