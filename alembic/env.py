"""Runs migrations as the owner of the database (DATABASE_OWNER_URL), never as the service's role."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, create_engine

from app.tables import METADATA


def include_name(name: str | None, kind: str, parents: object) -> bool:
    """Partitions are made by migrations and are not models."""
    return not (kind == "table" and name is not None and "_part_" in name)


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        include_name=include_name,
        compare_type=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "")
    with engine.connect() as connection:
        run(connection)
