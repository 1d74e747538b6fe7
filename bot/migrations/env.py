"""Alembic's entry: runs the migrations on the engine that `Database.migrate` hands over."""

from alembic import context

from bot.database import metadata, take_turn

with context.config.attributes["engine"].connect() as connection:
    # Two programs that start at once.
    take_turn(connection, "migrations")
    context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
