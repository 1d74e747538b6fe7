"""Files that staff send along with an answer, beside citizens' own: by whom, with which answer, opened by what."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

COLUMNS = (("given_by", sa.String(100)), ("move_id", sa.BigInteger()), ("key_digest", sa.String(64)))


def upgrade() -> None:
    """Add the columns; what is there is the citizens'."""
    for name, kind in COLUMNS:
        op.add_column("evidence", sa.Column(name, kind))


def downgrade() -> None:
    """Take them away with the rows of staff's files, which would pass for citizens'; the sweep finds their bytes."""
    op.execute("DELETE FROM evidence WHERE given_by IS NOT NULL")
    with op.batch_alter_table("evidence") as table:
        for name, _ in COLUMNS:
            table.drop_column(name)
