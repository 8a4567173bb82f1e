"""A service that closes in the middle of everything leaves neither a task nor a connection behind."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from redis.asyncio.client import PubSub
from redis.asyncio.connection import AbstractConnection

from app.events.redis_backend import RedisBackend
from app.lanes import lanes
from lockstep.embedded import Servers
from tests.client import Client
from tests.faults.conftest import OtherProcess
from tests.world import World

PATIENCE_SECONDS = 60
ANSWERED = 40
"""Writes that were answered when the service begins to close."""


def connections() -> set[Any]:
    """Those of this process to PostgreSQL and Redis that are open."""
    gc.collect()
    found = gc.get_objects()
    postgres = {one for one in found if type(one) is asyncpg.Connection and not one.is_closed()}
    return postgres | {one for one in found if isinstance(one, AbstractConnection) and one.is_connected}


def tasks_of_the_service(before: set[asyncio.Task[Any]]) -> set[asyncio.Task[Any]]:
    """What runs now, is not the test's, and did not before."""
    now = asyncio.all_tasks() - before - {asyncio.current_task()}
    # A door is the test run's.
    return {one for one in now if "Server.serve" not in repr(one)}


@asynccontextmanager
async def writing(world: World, tasks: list[Any]) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """Edits, comments and new tasks until the service is gone; gives what waits for so many answers."""
    answered = asyncio.Semaphore(0)
    clients = [
        Client(world.service.url, person.token) for person in (world.owner, world.member, world.manager)
    ]

    async def write(number: int) -> None:
        client, task = clients[number % 3], tasks[number % len(tasks)]
        with contextlib.suppress(AssertionError):  # refused: the service is gone
            while True:
                if number < 3:
                    await client.do("commentAdd", taskId=task["id"], body="A word")
                elif number < 6:
                    await client.do(
                        "taskUpdate", id=task["id"], patch={"title": "Changed"}, onConflict="OVERWRITE"
                    )
                else:
                    await client.do("taskCreate", projectId=world.eng["id"], title="One more")
                answered.release()

    async def until(count: int) -> None:
        for _ in range(count):
            await answered.acquire()

    writers = [asyncio.create_task(write(number)) for number in range(9)]
    try:
        yield until
        async with asyncio.timeout(PATIENCE_SECONDS):
            await asyncio.gather(*writers)
    finally:
        for writer in writers:
            writer.cancel()
        for client in clients:
            await client.close()


async def test_nothing_is_left(other_process: OtherProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    failed: list[Exception] = []

    async def late(store: Any, events: Any) -> None:
        for _ in range(500):  # so that it would come when Redis is let go of already
            await asyncio.sleep(0)
        try:
            await store.doorbell.ring(events)
        except Exception as failure:  # noqa: BLE001
            failed.append(failure)

    monkeypatch.setattr(lanes, "ring", late)
    before, open_before = asyncio.all_tasks(), connections()
    async with contextlib.AsyncExitStack() as stack:
        async with other_process() as world:
            made = [await world.task(f"Task {number}") for number in range(3)]
            await stack.enter_async_context(world.viewer.follow(world.eng["scope"]))
            until = await stack.enter_async_context(writing(world, made))
            await until(ANSWERED)
        # It is closed, and its door is not: those who go on are told so.
        left = connections() - open_before
        assert not left, left
        # What was committed together was told before Redis was let go of.
        assert not failed
    async with asyncio.timeout(PATIENCE_SECONDS):
        while running := tasks_of_the_service(before):
            await asyncio.wait(running)
    left = connections() - open_before
    assert not left, left


async def test_a_listener_ends_though_what_it_tidies_up_fails(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is told instead of the cancellation, and after a failure it would begin anew."""
    close: Any = PubSub.aclose
    hear, hearing = RedisBackend._hear_all, asyncio.Event()

    async def heard(backend: RedisBackend, pubsub: PubSub) -> None:
        hearing.set()
        await hear(backend, pubsub)

    async def failing(pubsub: PubSub) -> None:
        await close(pubsub)
        raise ConnectionError("it was not there any more")

    monkeypatch.setattr(RedisBackend, "_hear_all", heard)
    monkeypatch.setattr(PubSub, "aclose", failing)
    backend = RedisBackend(servers.redis_url)
    await backend.connect()
    await hearing.wait()
    ended, _ = await asyncio.wait([asyncio.create_task(backend.disconnect())], timeout=PATIENCE_SECONDS)
    assert ended
