"""Feedback: routes, deadlines, words, evidence, joins, notices, openings, the chain, consents, privacy requests."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0003"
down_revision = "0002"

ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = bot.database.UtcDateTime(timezone=True)
NEW_COLUMNS = (
    ("province", sa.String(40), True, None),
    ("route", sa.String(20), False, "phan_anh"),
    ("restricted", sa.Boolean(), False, sa.false()),
    ("person", sa.Text(), True, None),
    ("folded", sa.Text(), True, None),
    ("end_reason", sa.String(20), True, None),
    ("unit", sa.String(100), True, None),
    ("assignee", sa.String(100), True, None),
    ("due_on", sa.Date(), True, None),
    ("waiting_since", MOMENT, True, None),
    ("overdue_told_at", MOMENT, True, None),
    ("reopened", sa.Integer(), False, "0"),
    ("rating", sa.Integer(), True, None),
    ("rating_words", sa.Text(), True, None),
    ("joined_to_id", ROW_ID, True, None),
    ("salt", sa.LargeBinary(), True, None),
    ("erased_at", MOMENT, True, None),
    ("version", sa.Integer(), False, "1"),
)
INDEXES = (
    ("state", "id"),
    ("kind", "id"),
    ("unit", "id"),
    ("assignee", "id"),
    ("created_at",),
)
OPEN_INDEXES = (("kind", "id"), ("unit", "id"), ("assignee", "id"), ("id", "due_on"))
IS_OPEN = "state IN ('accepted', 'forwarded', 'in_progress', 'needs_information', 'received')"
# What bot/complaints/word_search.py asks for: words, two stretches of ids, kind, unit, officer.
SEARCHED = (
    "string_to_array(folded, ' ') || ARRAY['#' || CAST(id >> 12 AS text), '##' || CAST(id >> 15 AS text),"
    " 'k:' || kind, 'u:' || unit, 'a:' || assignee]"
)
SEARCH_INDEXES = (("ix_complaints_words", ""), ("ix_complaints_open_words", f" WHERE {IS_OPEN}"))


def upgrade() -> None:
    """Widen complaints and make the new tables."""
    with op.batch_alter_table("complaints") as batch:
        for name, kind, empty, default in NEW_COLUMNS:
            batch.add_column(sa.Column(name, kind, nullable=empty, server_default=default))
        batch.alter_column("description", existing_type=sa.Text(), nullable=True)
        batch.create_foreign_key("fk_complaints_joined_to_id_complaints", "complaints", ["joined_to_id"], ["id"])
        batch.drop_index("ix_complaints_state")
    for columns in INDEXES:
        op.create_index(f"ix_complaints_{'_'.join(columns)}", "complaints", list(columns))
    op.create_index("ix_complaints_joined_to_id", "complaints", ["joined_to_id"])
    for columns in OPEN_INDEXES:
        where = {f"{dialect}_where": sa.text(IS_OPEN) for dialect in ("sqlite", "postgresql")}
        op.create_index(f"ix_complaints_open_{'_'.join(columns)}", "complaints", list(columns), **where)
    if op.get_bind().dialect.name == "postgresql":
        for name, part in SEARCH_INDEXES:
            # A list of what is still to be sorted in would make writers and readers wait at odd times.
            op.execute(f"CREATE INDEX {name} ON complaints USING gin (({SEARCHED})) WITH (fastupdate = off){part}")
    op.add_column("complaint_moves", sa.Column("reason", sa.String(20), nullable=True))
    _children()
    _chain()
    _privacy()
    _jobs()


def _children() -> None:
    op.create_table(
        "complaint_words",
        sa.Column("id", ROW_ID, primary_key=True),
        _complaint(),
        sa.Column("question", sa.String(20), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("said_at", MOMENT, nullable=False),
    )
    op.create_table(
        "complaint_joins",
        sa.Column("id", ROW_ID, primary_key=True),
        _complaint(),
        sa.Column("conversation", sa.String(100), nullable=False),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.UniqueConstraint("complaint_id", "conversation", name="uq_complaint_joins_complaint_id_conversation"),
    )
    op.create_index("ix_complaint_joins_conversation", "complaint_joins", ["conversation"])
    op.create_table(
        "complaint_notices",
        sa.Column("id", ROW_ID, primary_key=True),
        _complaint(),
        sa.Column("outbox_id", sa.BigInteger(), nullable=False),
        sa.Column("about", sa.String(20), nullable=False),
    )
    op.create_index("ix_complaint_notices_outbox_id", "complaint_notices", ["outbox_id"])
    op.create_table(
        "complaint_openings",
        sa.Column("id", ROW_ID, primary_key=True),
        _complaint(),
        sa.Column("opened_by", sa.String(100), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("why", sa.Text()),
    )
    op.create_table(
        "evidence",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("complaint_id", ROW_ID, sa.ForeignKey("complaints.id", name="fk_evidence_complaint_id_complaints")),
        sa.Column("conversation", sa.String(100), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("media_type", sa.String(100), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("removed_at", MOMENT),
        sa.Column("removed_by", sa.String(100)),
        sa.Column("removed_why", sa.Text()),
    )
    op.create_index("ix_evidence_digest", "evidence", ["digest"])
    op.create_index("ix_evidence_conversation_complaint_id", "evidence", ["conversation", "complaint_id"])
    for table in ("complaint_words", "complaint_notices", "complaint_openings", "evidence"):
        op.create_index(f"ix_{table}_complaint_id", table, ["complaint_id"])


def _chain() -> None:
    op.create_table(
        "chain_links",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(10), nullable=False),
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.Column("link", sa.String(64), nullable=False),
        sa.UniqueConstraint("complaint_id", name="uq_chain_links_complaint_id"),
    )
    op.create_index("ix_chain_links_day", "chain_links", ["day"])
    op.create_table(
        "chain_days",
        sa.Column("day", sa.String(10), primary_key=True),
        sa.Column("links", sa.Integer(), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
    )


def _privacy() -> None:
    op.create_table(
        "consents",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("conversation", sa.String(100), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("withdrawn_at", MOMENT),
    )
    op.create_index("ix_consents_conversation", "consents", ["conversation"])
    op.create_table(
        "privacy_requests",
        sa.Column("id", ROW_ID, primary_key=True),
        sa.Column("conversation", sa.String(100), nullable=False),
        sa.Column("wish", sa.String(20), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("done_at", MOMENT),
        sa.Column("result", sa.Text()),
    )
    op.create_index("ix_privacy_requests_conversation", "privacy_requests", ["conversation"])


def _jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("name", sa.String(40), primary_key=True),
        sa.Column("lease", sa.String(32)),
        sa.Column("lease_until", MOMENT),
        sa.Column("started_at", MOMENT),
        sa.Column("finished_at", MOMENT),
        sa.Column("seconds", sa.Float()),
        sa.Column("result", sa.String(200)),
        sa.Column("error", sa.String(200)),
        sa.Column("failures", sa.Integer(), nullable=False),
    )


def downgrade() -> None:
    """Drop what was added; what was filed since keeps what the first tables hold."""
    for table in (
        "jobs",
        "privacy_requests",
        "consents",
        "chain_days",
        "chain_links",
        "evidence",
        "complaint_openings",
        "complaint_notices",
        "complaint_joins",
        "complaint_words",
    ):
        op.drop_table(table)
    op.drop_column("complaint_moves", "reason")
    if op.get_bind().dialect.name == "postgresql":
        for name, _ in SEARCH_INDEXES:
            op.drop_index(name, table_name="complaints")
    for columns in OPEN_INDEXES:
        op.drop_index(f"ix_complaints_open_{'_'.join(columns)}", table_name="complaints")
    op.drop_index("ix_complaints_joined_to_id", table_name="complaints")
    for names in INDEXES:
        op.drop_index(f"ix_complaints_{'_'.join(names)}", table_name="complaints")
    with op.batch_alter_table("complaints") as batch:
        batch.drop_constraint("fk_complaints_joined_to_id_complaints", type_="foreignkey")
        for name, *_ in NEW_COLUMNS:
            batch.drop_column(name)
        batch.create_index("ix_complaints_state", ["state"])


def _complaint() -> sa.Column:
    return sa.Column("complaint_id", ROW_ID, sa.ForeignKey("complaints.id"), nullable=False)
