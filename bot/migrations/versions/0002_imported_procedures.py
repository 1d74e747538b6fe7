"""Import: runs, sources, merged procedures, replaced codes, the state of reading the portal."""

import sqlalchemy as sa
from alembic import op

import bot.database

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "code_aliases",
        sa.Column("old_code", sa.String(length=20), nullable=False),
        sa.Column("new_code", sa.String(length=20), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("old_code", name=op.f("pk_code_aliases")),
    )
    op.create_index(op.f("ix_code_aliases_new_code"), "code_aliases", ["new_code"], unique=False)
    op.create_table(
        "import_runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("permission", sa.Text(), nullable=True),
        sa.Column("started_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", bot.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_runs")),
    )
    op.create_table(
        "portal_rounds",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("last_id", sa.String(length=100), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("started_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.Column("finished_at", bot.database.UtcDateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_rounds")),
    )
    op.create_table(
        "imported_procedures",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("identity", sa.String(length=300), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("province", sa.String(length=100), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("detail", sa.String(length=10), nullable=False),
        sa.Column("type", sa.String(length=30), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("shape", sa.String(length=20), nullable=False),
        sa.Column("file", sa.String(length=300), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("updated_at", bot.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("data_date", sa.Date(), nullable=True),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("first_run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("changed_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["first_run_id"], ["import_runs.id"], name=op.f("fk_imported_procedures_first_run_id")),
        sa.ForeignKeyConstraint(["run_id"], ["import_runs.id"], name=op.f("fk_imported_procedures_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_procedures")),
        sa.UniqueConstraint("code", "identity", name=op.f("uq_imported_procedures_code_identity")),
    )
    op.create_index("ix_imported_procedures_province", "imported_procedures", ["province"], unique=False)
    op.create_index(op.f("ix_imported_procedures_run_id"), "imported_procedures", ["run_id"], unique=False)
    op.create_table(
        "imported_sources",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("shape", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=False),
        sa.Column("file", sa.String(length=300), nullable=False),
        sa.Column("updated_at", bot.database.UtcDateTime(timezone=True), nullable=True),
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("imported_at", bot.database.UtcDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["import_runs.id"], name=op.f("fk_imported_sources_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imported_sources")),
        sa.UniqueConstraint("shape", "key", name=op.f("uq_imported_sources_shape_key")),
    )
    op.create_index(op.f("ix_imported_sources_code"), "imported_sources", ["code"], unique=False)
    op.create_index(op.f("ix_imported_sources_run_id"), "imported_sources", ["run_id"], unique=False)
    op.create_table(
        "portal_items",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("round_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("uuid", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["round_id"], ["portal_rounds.id"], name=op.f("fk_portal_items_round_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_portal_items")),
        sa.UniqueConstraint("round_id", "uuid", name=op.f("uq_portal_items_round_id_uuid")),
    )
    op.create_index("ix_portal_items_round_id_state", "portal_items", ["round_id", "state"], unique=False)


def downgrade() -> None:
    """Drop them; the imported records can be imported again."""

    op.drop_index("ix_portal_items_round_id_state", table_name="portal_items")
    op.drop_table("portal_items")
    op.drop_index(op.f("ix_imported_sources_run_id"), table_name="imported_sources")
    op.drop_index(op.f("ix_imported_sources_code"), table_name="imported_sources")
    op.drop_table("imported_sources")
    op.drop_index(op.f("ix_imported_procedures_run_id"), table_name="imported_procedures")
    op.drop_index("ix_imported_procedures_province", table_name="imported_procedures")
    op.drop_table("imported_procedures")
    op.drop_table("portal_rounds")
    op.drop_table("import_runs")
    op.drop_index(op.f("ix_code_aliases_new_code"), table_name="code_aliases")
    op.drop_table("code_aliases")
