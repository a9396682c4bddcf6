"""Called by Alembic for every command."""

from alembic import context
from sqlalchemy import Connection

from lib.database import address, locked_transaction
from lib.tables import Base


def run(connection: Connection) -> None:
    # `render_as_batch`: SQLite changes a column by making the table anew.
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=True)
    context.run_migrations()


given = context.config.attributes.get("connection")
if context.is_offline_mode():  # `alembic upgrade head --sql` prints what it would do
    context.configure(url=address, target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
elif given is not None:
    run(given)
else:
    with locked_transaction() as connection:
        run(connection)
