"""Indexes of what is under way or failed, in place of those that had everything ever answered and sent in them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_UNSENT, _FAILED = "state IN ('claimed', 'held', 'pending')", "state = 'failed'"
# Name → table, columns, which rows.
_NEW = {
    "ix_correspondents_gone_channel": ("correspondents", ["channel"], "gone_at IS NOT NULL"),
    "ix_inbox_failed_received_at": ("inbox", ["received_at"], _FAILED),
    "ix_outbox_failed_created_at": ("outbox", ["created_at"], _FAILED),
    "ix_outbox_unsent_channel_state_next_attempt_at": ("outbox", ["channel", "state", "next_attempt_at"], _UNSENT),
}
_OLD = {
    "ix_inbox_state_next_attempt_at": ("inbox", ["state", "next_attempt_at"]),
    "ix_outbox_channel_state_next_attempt_at": ("outbox", ["channel", "state", "next_attempt_at"]),
}


def upgrade() -> None:
    """Make the new ones, take the old ones away."""
    for name, (table, columns, rows) in _NEW.items():
        where = {"sqlite_where": sa.text(rows), "postgresql_where": sa.text(rows)}
        op.create_index(name, table, columns, **where)
    for name, (table, _) in _OLD.items():
        op.drop_index(name, table)


def downgrade() -> None:
    """The other way round."""
    for name, (table, columns) in _OLD.items():
        op.create_index(name, table, columns)
    for name, (table, _, _) in _NEW.items():
        op.drop_index(name, table)
