"""Code on a schema that is not its own: an older one is refused, a newer one is learnt."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import httpx
import pytest
from alembic.script import ScriptDirectory

from app.migrations import _config
from app.revisions import newest
from tests.service import Service
from tests.world import World


@pytest.fixture
async def owner(service: Service) -> AsyncIterator[asyncpg.Connection]:
    """The service's database, as who migrates it."""
    connection = await asyncpg.connect(service.settings.database_owner_url)
    yield connection
    await connection.close()


async def stand_at(owner: asyncpg.Connection, revision: str) -> None:
    await owner.execute("UPDATE alembic_version SET version_num = $1", revision)


async def readiness(service: Service) -> tuple[int, str]:
    async with httpx.AsyncClient(base_url=service.url) as http:
        answer = await http.get("/health/ready")
        return answer.status_code, answer.json().get("reason", "")


def test_the_newest_migration_is_told_by_the_names_of_files() -> None:
    assert newest() == ScriptDirectory.from_config(_config()).get_current_head()


async def test_who_finds_an_older_schema_is_not_ready(service: Service, owner: asyncpg.Connection) -> None:
    """A backup was restored under it, say."""
    await stand_at(owner, "0036")
    status, reason = await readiness(service)
    assert (status, "older than this code" in reason, "`lockstep migrate`" in reason) == (503, True, True)
    await owner.execute("DROP FUNCTION schema_revision")
    assert "from before 0037" in (await readiness(service))[1]


async def test_a_newer_schema_is_learnt(world: World, owner: asyncpg.Connection) -> None:
    """Servers go on until they are replaced; a type that was made anew does not break what they know of it."""
    ask = f'{{ nodes(ids: ["{world.eng["id"]}"]) {{ ... on Project {{ statuses {{ tasks {{ totalCount }} }} }} }} }}'
    for _ in range(4):
        await world.viewer.ask(ask)
    async with owner.transaction():
        await owner.execute("DROP DOMAIN ids; CREATE DOMAIN ids AS uuid[]")
        await stand_at(owner, "9999")
    assert await readiness(world.service) == (200, "")
    for _ in range(4):
        answer = await world.viewer.ask(ask)
        assert answer.json.get("errors") is None
    await world.task("One")
