"""Indexes that hold all that counts of queues ask for, and whom complaints name."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

COUNTED = ["id", "state", "restricted", "kind", "unit", "assignee", "naming", "due_on", "waiting_since", "reopened"]
NOT_CLOSED = {f"{dialect}_where": sa.text("state <> 'closed'") for dialect in ("sqlite", "postgresql")}
NAMED = (("officer", "named", "complaint_id"), ("unit", "complaint_id"))
# An index answers alone for pages vacuumed since they changed. By default that waits for a fifth of the table.
OFTEN = ("autovacuum_vacuum_scale_factor", "autovacuum_vacuum_insert_scale_factor")


def upgrade() -> None:
    """Make them in place of those that hold less."""
    op.create_index("ix_complaints_not_closed", "complaints", COUNTED, **NOT_CLOSED)
    for first, *rest in NAMED:
        op.drop_index(f"ix_complaint_named_{first}", "complaint_named")
        op.create_index(f"ix_complaint_named_{'_'.join((first, *rest))}", "complaint_named", [first, *rest])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE complaints SET ({', '.join(f'{name} = 0.02' for name in OFTEN)})")


def downgrade() -> None:
    """Back to those of before."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE complaints RESET ({', '.join(OFTEN)})")
    for first, *rest in NAMED:
        op.drop_index(f"ix_complaint_named_{'_'.join((first, *rest))}", "complaint_named")
        op.create_index(f"ix_complaint_named_{first}", "complaint_named", [first])
    op.drop_index("ix_complaints_not_closed", "complaints")
