"""Who comes with a subscription that others have already is let in without a task, and judged like them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from app.events.arrivals import Arrivals
from schema.doors.operations import Operation
from tests.client import Socket
from tests.faults.conftest import OtherProcess
from tests.faults.test_redis_away import metric
from tests.world import World

DOCUMENT = (
    "subscription($scope: ID!) { events(scope: $scope) { kind reason position { seq } events { seq } } }"
)


async def begin(socket: Socket, scope: str) -> tuple[str, Any]:
    identifier = await socket.start(DOCUMENT, scope=scope)
    return identifier, await socket.message(identifier)


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The operations that took a task."""
    found: list[Any] = []
    run = Operation._run

    def running(self: Operation, what: Any) -> None:
        found.append(what)
        run(self, what)

    monkeypatch.setattr(Operation, "_run", running)
    return found


@pytest.fixture
async def world(other_process: OtherProcess) -> AsyncIterator[World]:
    """Where no rates are counted: Redis is asked by a task."""
    unlimited = {f"{name}_per_minute": 0 for name in ("cost", "requests", "writes", "subscriptions")}
    async with other_process(**unlimited) as there:
        yield there


async def test_those_who_come_later_take_no_task(world: World, ran: list[Any]) -> None:
    scope = world.eng["scope"]
    async with world.owner.socket() as first, world.member.socket() as second, world.guest.socket() as third:
        started = [await begin(first, scope)]
        assert len(ran) == 1
        started += [await begin(second, scope), await begin(third, scope)]
        assert len(ran) == 1
        assert {told["payload"]["data"]["events"]["kind"] for _, told in started} == {"HEARTBEAT"}
        assert await metric(world.service, "lockstep_subscribers") == 3
        task = await world.task("Told")
        for socket, (identifier, _) in zip((first, second, third), started, strict=True):
            frame = (await socket.message(identifier))["payload"]["data"]["events"]
            assert frame["kind"] == "EVENTS"
        assert task
    assert await metric(world.service, "lockstep_subscribers") == 0


async def test_who_may_not_follow_is_refused_alike(world: World, ran: list[Any]) -> None:
    scope = world.eng["scope"]
    async with world.outsider.socket() as before, world.owner.socket() as owner:
        _, first = await begin(before, scope)
        await begin(owner, scope)
        ran.clear()
        async with world.outsider.socket() as after:
            _, second = await begin(after, scope)
        # Its one task is that which tells so.
        assert len(ran) == 1
        assert first == second | {"id": first["id"]}
        assert first["type"] == "error"
        assert first["payload"][0]["extensions"]["code"] == "NOT_FOUND"
        assert await metric(world.service, "lockstep_subscribers") == 1


async def test_who_leaves_on_the_way_leaves_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scope, held, came = world.eng["scope"], asyncio.Event(), asyncio.Event()
    look_up = Arrivals._look_up

    async def held_up(self: Arrivals, arrivals: Any) -> None:
        came.set()
        await held.wait()
        await look_up(self, arrivals)

    async with world.owner.socket() as owner:
        await begin(owner, scope)
        monkeypatch.setattr(Arrivals, "_look_up", held_up)
        async with world.member.socket() as member:
            await member.start(DOCUMENT, scope=scope)
            identifier = await member.start(DOCUMENT, scope=scope)
            await came.wait()
            await member.send(id=identifier, type="complete")
            await member.start("{ __typename }")  # answered only after what was sent before it
            assert (await member.message("3"))["type"] == "next"
            assert await metric(world.service, "lockstep_subscribers") == 2
        async with world.member.socket():  # the one before is gone for the server too
            assert await metric(world.service, "lockstep_subscribers") == 1
        held.set()
        async with world.guest.socket() as guest:
            await begin(guest, scope)
            assert await metric(world.service, "lockstep_subscribers") == 2
        (feed,) = world.service.application.hub._feeds.values()
        assert not feed.followers
    assert await metric(world.service, "lockstep_subscribers") == 0
