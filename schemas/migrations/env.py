"""Run by Alembic, which ``schemas.migrate`` calls with an open connection."""

from alembic import context

from schemas.migrate import is_ours
from schemas.tables.base import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    include_name=is_ours,
    render_as_batch=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
