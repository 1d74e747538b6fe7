"""How far each channel's pace is used up, for all programs that send through it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Make the table; its rows come with the first message."""
    op.create_table(
        "channel_paces",
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("even", sa.Float(), nullable=False),
        sa.Column("granted", sa.Integer(), nullable=False),
        sa.Column("paused_until", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_channel_paces")),
    )


def downgrade() -> None:
    """Take the table away."""
    op.drop_table("channel_paces")
