"""The tables of the encounter log, the same on SQLite and PostgreSQL. Migrations make them; tests compare the two.

`events` and `payloads` are the log. `encounters` is where its heads stand, so that a cut tail shows and an append need
not read the whole; it can be made anew from the events. `packs` holds the content that each encounter is pinned to.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

METADATA: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    }
)

PACKS: Final = Table(
    "packs",
    METADATA,
    Column("hash", Text, primary_key=True),
    Column("dossier", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),  # the pack, compressed by zlib
)

ENCOUNTERS: Final = Table(
    "encounters",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    Column("pack", Text, ForeignKey("packs.hash"), nullable=False),
)

EVENTS: Final = Table(
    "events",
    METADATA,
    Column("encounter", Text, ForeignKey("encounters.id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("recorded_at", Text, nullable=False),
    Column("effective_at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("pack", Text, ForeignKey("packs.hash"), nullable=False),
    Column("target", Integer),
    Column("payload_hash", Text, nullable=False),
    Column("previous", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("encounter", "key"),
)

PAYLOADS: Final = Table(
    "payloads",
    METADATA,
    Column("encounter", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("salt", Text),  # both are NULL once the payload was erased
    Column("body", Text),
    ForeignKeyConstraint(("encounter", "seq"), ("events.encounter", "events.seq")),
)

TABLES: Final = (PACKS, ENCOUNTERS, EVENTS, PAYLOADS)
"""In an order in which rows can be written."""
REVISIONS: Final = ("0001",)
"""The migrations, oldest first."""
HEAD: Final = REVISIONS[-1]
"""The newest migration: what this program reads and writes."""
