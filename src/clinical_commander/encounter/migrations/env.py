"""How Alembic runs the steps: inside the transaction that the opener of the log has begun."""

from __future__ import annotations

from alembic import context

from clinical_commander.encounter.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transactional_ddl=True,
    render_as_batch=True,
)
context.run_migrations()
