"""Models whose sentences somebody took back, models that read along, and trainings that were asked for."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0009"
down_revision = "0008"

MOMENT = bot.database.UtcDateTime(timezone=True)


def upgrade() -> None:
    """Add the columns and the table."""
    with op.batch_alter_table("models") as models:
        models.add_column(sa.Column("dropped", sa.Integer(), nullable=False, server_default="0"))
        models.add_column(sa.Column("dropped_at", MOMENT))
        models.add_column(sa.Column("shadow_since", MOMENT))
        models.add_column(sa.Column("shadow", sa.Text()))
    op.create_table(
        "model_plans",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("by", sa.String(100), nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("quiet", sa.Boolean(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT),
        sa.Column("result", sa.String(300)),
    )


def downgrade() -> None:
    """Take them away."""
    op.drop_table("model_plans")
    with op.batch_alter_table("models") as models:
        for name in ("shadow", "shadow_since", "dropped_at", "dropped"):
            models.drop_column(name)
