"""Marks of the outbox that stood in the words of its reasons."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_LONGEST_REASON = 60
# Column → how a reason began, or ended, where it is marked now.
_BEGAN = {"moved": "moved:", "in_doubt": "file_in_doubt:"}
_ENDED = {"wait_asked": ":asked"}
_NAMES = (*_BEGAN, *_ENDED)
_OUTBOX = sa.table("outbox", sa.column("reason", sa.String()), *(sa.column(name, sa.Boolean()) for name in _NAMES))
_REASON = _OUTBOX.c.reason


def upgrade() -> None:
    """Make the columns, and take their words out of the reasons."""
    for name in _NAMES:
        op.add_column("outbox", sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()))
    for name, word in _BEGAN.items():
        _mark(name, _REASON.startswith(word, autoescape=True), sa.func.substr(_REASON, len(word) + 1))
    for name, word in _ENDED.items():
        left = sa.func.substr(_REASON, 1, sa.func.length(_REASON) - len(word))
        _mark(name, _REASON.endswith(word, autoescape=True), left)


def downgrade() -> None:
    """Put the words back, and take the columns away."""
    for name, word in _ENDED.items():
        _say(name, sa.func.substr(_REASON, 1, _LONGEST_REASON - len(word)) + word)
    for name, word in reversed(_BEGAN.items()):
        _say(name, sa.func.substr(sa.literal(word) + _REASON, 1, _LONGEST_REASON))
    for name in _NAMES:
        # Not in a batch: that makes the table anew, with its indexes.
        op.drop_column("outbox", name)


def _mark(name: str, which: Any, left: Any) -> None:
    op.execute(sa.update(_OUTBOX).where(which).values({name: True, "reason": left}))


def _say(name: str, reason: Any) -> None:
    marked = sa.update(_OUTBOX).where(_OUTBOX.c[name].is_(True), _REASON.is_not(None))
    op.execute(marked.values(reason=reason))
