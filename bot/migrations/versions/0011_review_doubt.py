"""How much is in doubt about each message of the inbox; several sentences of one row in the data."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the doubt, and let a row have more than one sentence."""
    with op.batch_alter_table("review_messages") as batch:
        # Messages from before count half, until a model reads them again.
        batch.add_column(sa.Column("doubt", sa.Float(), nullable=False, server_default="0.5"))
    with op.batch_alter_table("review_messages") as batch:
        batch.alter_column("doubt", existing_type=sa.Float(), existing_nullable=False, server_default=None)
    with op.batch_alter_table("review_examples") as batch:
        batch.drop_constraint(op.f("uq_review_examples_item_id"), type_="unique")
    op.create_index("ix_review_examples_item_id", "review_examples", ["item_id"])


def downgrade() -> None:
    """Take the doubt away.

    Raises:
        RuntimeError: a row has more than one sentence in the data. The schema before could not tell whose the others
            are, and they would stay in the files when their person has everything deleted.
    """
    several = "SELECT 1 FROM review_examples GROUP BY item_id HAVING count(*) > 1 LIMIT 1"
    if op.get_bind().execute(sa.text(several)).first():
        raise RuntimeError("0011 can't be taken back: a row of the review inbox has several sentences in the data.")
    op.drop_index("ix_review_examples_item_id", "review_examples")
    with op.batch_alter_table("review_examples") as batch:
        batch.create_unique_constraint(op.f("uq_review_examples_item_id"), ["item_id"])
    with op.batch_alter_table("review_messages") as batch:
        batch.drop_column("doubt")
