"""When a message of the inbox was written, where its channel says so."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Add the moment; of messages from before it is unknown."""
    op.add_column("inbox", sa.Column("written_at", bot.database.UtcDateTime(timezone=True)))


def downgrade() -> None:
    """Take the moment away."""
    # Not in a batch: that makes the table anew, with its partial indexes.
    op.drop_column("inbox", "written_at")
