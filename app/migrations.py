"""Bringing the database's schema up to date, and finding drift between it and the models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import structlog
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, text

from app.tables import METADATA

log = structlog.get_logger(__name__)

SERVICE_ROLE = "lockstep_service"
"""The role that the service runs as: owns nothing, cannot bypass policies. Migrations grant it what it needs."""

_LOCK = 7_305_808_869_232_650_000
"""Any number, the same everywhere: two migrations at once run one after the other."""


def _engine(owner_url: str) -> Any:
    return create_engine(owner_url.replace("postgresql://", "postgresql+psycopg://", 1))


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).resolve().parent.parent / "alembic"))
    return config


def migrate(owner_url: str) -> None:
    """Run all migrations that are due, in one transaction, as the owner."""
    engine = _engine(owner_url)
    try:
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def drift(owner_url: str) -> list[str]:
    """What differs between the migrated database and the models; empty when nothing does."""

    def include_name(name: str | None, kind: str, parents: object) -> bool:
        return not (kind == "table" and name is not None and ("_part_" in name or name == "alembic_version"))

    def include_object(thing: Any, name: str | None, kind: str, reflected: bool, other: object) -> bool:
        # A foreign key to a partitioned table shows once more for each of its partitions.
        return not (
            kind == "foreign_key_constraint" and reflected and "_part_" in thing.elements[0].target_fullname
        )

    engine = _engine(owner_url)
    try:
        with engine.connect() as connection:
            options = {"compare_type": True, "include_name": include_name, "include_object": include_object}
            context = MigrationContext.configure(connection, opts=options)
            return [repr(difference) for difference in compare_metadata(context, METADATA)]
    finally:
        engine.dispose()
