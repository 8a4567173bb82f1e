"""The service's role adds to the audit log and reads what it declared: nothing else."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from lockstep.embedded import Servers
from tests.databases import named
from tests.ledger import Log
from tests.world import World, uuids

ENTRY = """
INSERT INTO audit_entries (id, workspace_id, at, action, actor_kind, target_type, data)
VALUES ($1, $2, now(), 'project.updated', 'user', 'project', '{}')
"""


@pytest.fixture
async def role(servers: Servers, world: World, database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the service's role."""
    connection = await asyncpg.connect(named(servers.database_url, database))
    yield connection
    await connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET action = 'x'",
        "UPDATE audit_entries SET data = '{}' WHERE false",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "DROP TABLE audit_entries",
        "ALTER TABLE audit_entries DISABLE ROW LEVEL SECURITY",
    ],
)
async def test_nothing_in_it_can_be_changed(role: asyncpg.Connection, statement: str) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await role.execute(statement)


async def test_only_what_is_declared_is_read_and_written(
    role: asyncpg.Connection, world: World, log: Log
) -> None:
    own, other = (uuids(one["id"])[0] for one in (world.workspace, world.kept.elsewhere["workspace"]))
    count = "SELECT count(*) FROM audit_entries"
    assert await log.connection.fetchval(count + " WHERE workspace_id = $1", own) > 0
    assert await role.fetchval(count) == 0

    async def declared(workspace: UUID | None) -> set[UUID | None]:
        async with role.transaction():
            await role.execute("SELECT declare('{}', ARRAY[$1::uuid])", own)
            await role.execute(ENTRY, uuid4(), workspace)
            return {row["workspace_id"] for row in await role.fetch("SELECT workspace_id FROM audit_entries")}

    assert await declared(own) == {own}
    for elsewhere in (other, None):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await declared(elsewhere)
