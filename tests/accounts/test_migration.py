"""What was there before passwords moved apart is there after."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
from alembic import command
from sqlalchemy import create_engine

from app import migrations
from tests.databases import Databases, named

FILL = """
INSERT INTO users (id, kind, email, name, time_zone, password_hash, version, created_at)
    VALUES ($1, 'person', 'old@lockstep.example', 'Old', 'UTC', 'kept', 1, $2),
           ($3, 'placeholder', NULL, 'Nobody', 'UTC', NULL, 1, $2);
"""


async def test_passwords_and_sessions_are_carried_over(databases: Databases) -> None:
    name = await databases._create("template1", strategy="wal_log")
    owner = named(databases.servers.owner_url, name)
    person, placeholder, sign_in, then = uuid4(), uuid4(), uuid4(), datetime(2026, 1, 1, tzinfo=UTC)
    engine = create_engine(owner.replace("postgresql://", "postgresql+psycopg://", 1))
    with engine.begin() as connection:
        config = migrations._config()
        config.attributes["connection"] = connection
        command.upgrade(config, "0006")
    engine.dispose()
    admin = await asyncpg.connect(named(databases.servers.admin_url, name))
    await admin.execute(FILL, person, then, placeholder)
    await admin.execute("INSERT INTO sign_ins VALUES ($1, $2, $3, NULL)", sign_in, person, then)
    await admin.execute("INSERT INTO refresh_tokens VALUES ('\\x01', $1, $2, NULL)", sign_in, then)
    migrations.migrate(owner)
    assert [tuple(row) for row in await admin.fetch("SELECT * FROM passwords")] == [(person, "kept", then)]
    found = await admin.fetchrow("SELECT user_id, method, last_used_at FROM sign_ins")
    assert tuple(found) == (person, "password", then)
    assert await admin.fetchval("SELECT user_id FROM refresh_tokens") == person
    assert await admin.fetchval("SELECT count(*) FROM users WHERE email_confirmed_at IS NOT NULL") == 0
    await admin.close()
    await databases.drop(name)
