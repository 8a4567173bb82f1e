"""What takes too long is given up and has written nothing; who finds no connection free hears so soon."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import asyncpg
import pytest

from app.lanes import batches, lanes
from lockstep.embedded import Servers
from tests.client import Answer, mutation_document
from tests.databases import named
from tests.ledger import Log
from tests.limits.conftest import Limited
from tests.world import World

TASKS = "{ tasks { nodes { title } } }"
CREATE = "mutation($input: TaskCreateInput!) { taskCreate(input: $input) { task { title } errors { code } } }"

Locked = Callable[[], AbstractAsyncContextManager[None]]


@pytest.fixture
def locked(servers: Servers, database: str) -> Locked:
    """Has nobody read or write tasks meanwhile."""

    @asynccontextmanager
    async def lock() -> AsyncIterator[None]:
        connection = await asyncpg.connect(named(servers.admin_url, database))
        try:
            async with connection.transaction():
                await connection.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE")
                yield
        finally:
            await connection.close()

    return lock


def codes(answer: Answer) -> tuple[int, list[str]]:
    return answer.status, answer.codes


async def create(world: World) -> Answer:
    variables: dict[str, Any] = {"input": {"projectId": world.eng["id"], "title": "Late"}}
    return await world.member.ask(CREATE, variables)


@pytest.mark.parametrize("setting", ["request_seconds", "statement_seconds"])
async def test_what_takes_too_long_is_given_up(
    limited: Limited, locked: Locked, log: Log, setting: str
) -> None:
    async with limited(**{setting: 0.5}) as world:
        before = await log.connection.fetchval("SELECT sum(seq) FROM scopes")
        async with locked():
            assert codes(await world.member.ask(TASKS)) == (504, ["TIMEOUT"])
            assert codes(await create(world)) == (504, ["TIMEOUT"])
        assert await log.connection.fetchval("SELECT sum(seq) FROM scopes") == before
        assert (await create(world)).data["taskCreate"]["task"] == {"title": "Late"}
        titles = [node["title"] for node in (await world.member.query(TASKS))["tasks"]["nodes"]]
        assert titles.count("Late") == 1


async def test_an_edit_that_waits_for_others_is_given_up(
    limited: Limited, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is under way goes on; what waits for it in its project's lane was never begun."""
    commit, begun, go = batches.commit_batch, asyncio.Event(), asyncio.Event()

    async def held(store: Any, items: Any, *more: Any) -> Any:
        if not begun.is_set():
            begun.set()
            await go.wait()
        return await commit(store, items, *more)

    async with limited(request_seconds=0.5) as world:
        task = await world.task()
        monkeypatch.setattr(lanes, "commit_batch", held)

        async def edit(**patch: Any) -> Answer:
            given = {"id": task["id"], "expectedVersion": 1, "patch": patch}
            return await world.member.ask(mutation_document("taskUpdate"), {"input": given})

        first = asyncio.create_task(edit(title="First"))
        await begun.wait()
        async with asyncio.timeout(30):
            assert codes(await edit(priority=1)) == (504, ["TIMEOUT"])
        go.set()
        assert not (await first).data["taskUpdate"]["errors"]
        found = await world.member.query(
            "query($id: ID!) { node(id: $id) { ... on Task { title priority version } } }", id=task["id"]
        )
        assert found["node"] == {"title": "First", "priority": 0, "version": 2}


async def test_a_connection_is_waited_for_only_so_long(limited: Limited) -> None:
    async with limited(pool_size=1, pool_wait_seconds=0.1) as world:
        async with world.service.application.database.connection():
            for answer in (await world.member.ask(TASKS), await create(world)):
                assert codes(answer) == (503, ["UNAVAILABLE"])
                assert answer.headers["retry-after"] == "1"
                assert "busy" in answer.json["errors"][0]["message"]
        assert (await world.member.ask(TASKS)).status == 200


async def test_only_so_many_wait(limited: Limited) -> None:
    async with limited(pool_size=1, pool_wait_seconds=30, pool_waiters=1) as world:
        async with world.service.application.database.connection():
            asking = {asyncio.create_task(person.ask(TASKS)) for person in (world.member, world.viewer)}
            async with asyncio.timeout(30):
                [refused], [waiting] = await asyncio.wait(asking, return_when="FIRST_COMPLETED")
            assert codes(refused.result()) == (503, ["UNAVAILABLE"])
        assert (await waiting).status == 200
