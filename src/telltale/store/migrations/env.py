"""Run by Alembic: uses the connection that the store hands over, inside its transaction."""

from alembic import context

from telltale.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite cannot alter a column in place
)
context.run_migrations()
