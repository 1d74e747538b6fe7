"""The ledger of models."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0006"
down_revision = "0005"

MOMENT = bot.database.UtcDateTime(timezone=True)


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "models",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(60)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("inputs", sa.String(64), nullable=False),
        sa.Column("version", sa.String(64), nullable=False),
        sa.Column("data", sa.String(64), nullable=False),
        sa.Column("pipeline", sa.String(64), nullable=False),
        sa.Column("packages", sa.String(200), nullable=False),
        sa.Column("seed", sa.Integer()),
        sa.Column("sentences", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64)),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seconds", sa.Float()),
        sa.Column("step", sa.String(200)),
        sa.Column("reason", sa.String(300)),
        sa.Column("promoted_at", MOMENT),
        sa.Column("promoted_by", sa.String(100)),
        sa.Column("verdict", sa.Text()),
        sa.Column("compared_with", sa.Integer()),
        sa.Column("examples", sa.LargeBinary()),
        sa.Column("predictions", sa.LargeBinary()),
    )
    # At most one model is live.
    live = sa.text("state = 'live'")
    op.create_index("uq_models_live", "models", ["state"], unique=True, sqlite_where=live, postgresql_where=live)


def downgrade() -> None:
    """Drop it; the files of the models stay."""
    op.drop_table("models")
