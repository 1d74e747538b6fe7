"""Who only unfollowed the account on Zalo counts as reachable until Zalo says otherwise."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Forget what an unfollow was taken for; nothing else made "left" of a conversation on Zalo."""
    people = sa.table("correspondents", *(sa.column(name) for name in ("channel", "gone_at", "gone_reason")))
    unfollowed = sa.update(people).where(people.c.channel == "zalo_oa", people.c.gone_reason == "left")
    op.execute(unfollowed.values(gone_at=None, gone_reason=None))


def downgrade() -> None:
    """What was forgotten stays so."""
