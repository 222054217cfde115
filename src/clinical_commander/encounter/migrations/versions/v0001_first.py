"""The first tables: packs, encounters, events, payloads."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "packs",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("dossier", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_packs"),
    )
    op.create_table(
        "encounters",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("pack", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_encounters"),
        sa.ForeignKeyConstraint(["pack"], ["packs.hash"], name="fk_encounters_pack"),
    )
    op.create_table(
        "events",
        sa.Column("encounter", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.Text(), nullable=False)
            for name in ("recorded_at", "effective_at", "actor", "key", "pack")
        ),
        sa.Column("target", sa.Integer(), nullable=True),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("payload_hash", "previous", "hash")),
        sa.PrimaryKeyConstraint("encounter", "seq", name="pk_events"),
        sa.UniqueConstraint("encounter", "key", name="uq_events_encounter_key"),
        sa.ForeignKeyConstraint(["encounter"], ["encounters.id"], name="fk_events_encounter"),
        sa.ForeignKeyConstraint(["pack"], ["packs.hash"], name="fk_events_pack"),
    )
    op.create_table(
        "payloads",
        sa.Column("encounter", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("salt", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("encounter", "seq", name="pk_payloads"),
        sa.ForeignKeyConstraint(["encounter", "seq"], ["events.encounter", "events.seq"], name="fk_payloads_encounter"),
    )


def downgrade() -> None:
    """Refuse: a log loses nothing."""
    raise NotImplementedError("an encounter log is never taken back to fewer tables")
