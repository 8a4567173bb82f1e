"""Processes killed by SIGKILL around commit and publish: a retry elsewhere has one effect, and nothing is lost."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest

from app import work
from app.config import Settings
from app.outcomes import Outcome
from tests.client import JSON, Client, new_key
from tests.faults.processes import Process
from tests.ledger import Log
from tests.live.places import check_whole
from tests.service import Service
from tests.world import World, uuids


@asynccontextmanager
async def running(settings: Settings, world: World, kill_at: str) -> AsyncIterator[tuple[Process, Client]]:
    """A process that will be killed, and `member` as its client."""
    process = Process(settings, kill_at=kill_at)
    try:
        client = Client(await asyncio.to_thread(process.wait), world.member.token)
        try:
            yield process, client
        finally:
            await client.close()
    finally:
        await asyncio.to_thread(process.close)


def create(world: World, number: int) -> JSON:
    """A new task, with a key."""
    return {"projectId": world.eng["id"], "title": f"Task {number}", "clientMutationId": new_key()}


@pytest.mark.parametrize(
    ("barrier", "committed"), [("before-commit", False), ("after-commit", True), ("after-publish", True)]
)
async def test_one_effect_and_nothing_lost(
    world: World, service: Service, log: Log, barrier: str, committed: bool
) -> None:
    """The third edit kills its process; then everything is sent again, to another."""
    scope, project = world.eng["scope"], uuids(world.eng["id"])[0]
    async with (
        running(service.settings, world, f"{barrier}:3") as (process, client),
        world.viewer.follow(scope) as near,
        client.follow(scope) as far,
    ):
        before = await log.count()
        inputs = [create(world, number) for number in range(6)]
        acknowledged = [(await client.do("taskCreate", **one))["task"]["id"] for one in inputs[:2]]
        with pytest.raises(httpx.HTTPError):
            await client.do("taskCreate", **inputs[2])
        assert await asyncio.to_thread(process.ended_by) is signal.SIGKILL
        assert await log.count() == before + 2 + int(committed)
        with pytest.raises((AssertionError, TimeoutError)):
            await far.until(near.seq + 100)  # its socket was closed
        # The one whose answer was lost, those that were acknowledged, and those never sent: all again, elsewhere.
        again = [await world.member.do("taskCreate", **one) for one in inputs]
        assert [payload["task"]["id"] for payload in again][:2] == acknowledged
        twice = await world.member.do("taskCreate", **inputs[2])
        assert twice == again[2]
        assert await log.count() == before + len(inputs)
        for one in inputs:
            assert len(await log.events(client_mutation_id=UUID(one["clientMutationId"]))) == 1
        await check_whole(log, near, project, near.frames[0]["position"]["seq"])
        # Its followers go on at the other process, from where they stood.
        async with world.member.follow(scope, far.cursor) as resumed:
            await check_whole(log, resumed, project, far.seq)
    await log.check_order()


async def test_a_planted_answer_before_the_commit_is_caught(
    world: World, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without kept outcomes the retry above would have had a second effect."""

    async def forgetful(*_: object) -> Outcome | None:
        return None

    monkeypatch.setattr(work, "kept_outcome", forgetful)
    monkeypatch.setattr(work, "keeping", lambda *_: None)
    before = await log.count()
    one = create(world, 1)
    await world.member.do("taskCreate", **one)
    await world.member.do("taskCreate", **one)
    assert await log.count() == before + 2
