"""Redis killed and restarted under load: edits go on, followers catch up by comparison, later by doorbell again."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest

from app.events import redis_backend
from app.events.feeds import Feed
from app.events.hub import Hub
from app.events.models import Event
from app.events.watch import Watch
from lockstep.embedded import Servers
from tests.client import PATIENCE_SECONDS
from tests.faults.conftest import OtherProcess
from tests.faults.proxy import Proxy
from tests.ledger import Log
from tests.live.places import check_whole, on_this_machine, place
from tests.service import Service
from tests.world import World

QUICK_SECONDS = 0.25
"""No edit waits for a Redis that is gone; the rest of this is for a busy machine."""


@pytest.fixture
async def redis_at_the_end(servers: Servers) -> AsyncIterator[None]:
    """Later tests have a Redis again, however this one ends."""
    yield
    try:
        await asyncio.to_thread(servers.start_redis)
    except Exception as running:  # noqa: BLE001 (the watcher says so with an error of its own)
        assert "runs already" in str(running)  # noqa: PT017


async def metric(service: Service, name: str) -> float:
    """A number of `/metrics`, over all labels."""
    async with httpx.AsyncClient(base_url=service.url) as http:
        lines = (await http.get("/metrics")).text.splitlines()
    return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.split("{")[0].split(" ")[0] == name)


@pytest.fixture
def from_afar(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is heard comes by Redis, as if every edit were made in another process."""
    monkeypatch.setattr(Hub, "hear", lambda *_: None)


class Load:
    """Edits one after the other until told to stop, and how long each took."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.took: list[float] = []
        self.stopped = False
        self._done: asyncio.Queue[None] = asyncio.Queue()

    async def run(self) -> None:
        while not self.stopped:
            began = time.monotonic()
            await self.world.task("Under load")
            self.took.append(time.monotonic() - began)
            self._done.put_nowait(None)

    async def more(self, count: int) -> None:
        """Once so many more edits were done."""
        while not self._done.empty():
            self._done.get_nowait()
        for _ in range(count):
            await self._done.get()


def listening(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when any feed takes an event from a message rather than from the log."""
    heard = asyncio.Event()
    in_order = Feed._in_order

    def listen(feed: Feed) -> list[Event]:
        events = in_order(feed)
        if events:
            heard.set()
        return events

    monkeypatch.setattr(Feed, "_in_order", listen)
    return heard


async def test_edits_go_on_and_followers_lose_nothing(
    world: World, log: Log, servers: Servers, other_process: OtherProcess, redis_at_the_end: None,
    monkeypatch: pytest.MonkeyPatch, from_afar: None,
) -> None:  # fmt: skip
    heard = listening(monkeypatch)
    at = await place(world, "project")
    failures = await metric(world.service, "lockstep_publish_failures_total")
    async with (
        other_process() as there,
        there.member.follow(at.scope) as far,
        world.viewer.follow(at.scope) as near,
    ):
        loads = [Load(world), Load(there)]
        running = [asyncio.create_task(load.run()) for load in loads]
        await loads[0].more(5)
        usual = statistics.median(loads[0].took)
        away: list[float] = []
        for _ in range(2):
            await loads[0].more(3)
            await asyncio.to_thread(servers.kill_redis)
            heard.clear()
            began = len(loads[0].took)
            await loads[0].more(5)
            away += loads[0].took[began:]
            await caught_up(world, far, near)
            assert not heard.is_set()
            await asyncio.to_thread(servers.start_redis)
            async with asyncio.timeout(10):
                await heard.wait()
        for load in loads:
            load.stopped = True
        await asyncio.gather(*running)
        for stream in (near, far):
            await check_whole(log, stream, at.id, stream.frames[0]["position"]["seq"])
    assert statistics.median(away) < 2 * usual + QUICK_SECONDS
    assert await metric(world.service, "lockstep_publish_failures_total") > failures
    await log.check_order()


async def caught_up(world: World, *streams: object) -> None:
    """Whatever is committed now has been told within about a second."""
    patience = await on_this_machine(world.owner, 1.5)
    seq = (await world.position())["seq"]
    async with asyncio.timeout(patience):
        for stream in streams:
            await stream.until(seq)  # type: ignore[attr-defined]


async def test_a_planted_trust_in_redis_is_caught(
    world: World, log: Log, servers: Servers, redis_at_the_end: None, monkeypatch: pytest.MonkeyPatch,
    from_afar: None,
) -> None:  # fmt: skip
    """Without the comparison a follower hears nothing while Redis is away."""

    async def blind(_watch: Watch) -> None:
        return None

    monkeypatch.setattr(Watch, "_compare", blind)
    monkeypatch.setattr(Watch, "_compared_ago", lambda watch: 0.0)
    async with world.viewer.follow(world.eng["scope"]) as stream:
        await asyncio.to_thread(servers.kill_redis)
        await world.task()
        with pytest.raises(TimeoutError):
            await caught_up(world, stream)


async def test_who_follows_where_it_was_committed_needs_neither_redis_nor_the_comparison(
    world: World, log: Log, servers: Servers, redis_at_the_end: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = await place(world, "project")
    async with world.viewer.follow(at.scope) as stream:
        await asyncio.to_thread(servers.kill_redis)
        monkeypatch.setattr(Feed, "_read_log", None)  # would fail if it were called
        for _ in range(3):
            await at.grow()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await stream.until((await world.position())["seq"])
        await check_whole(log, stream, at.id, stream.frames[0]["position"]["seq"])


async def test_a_redis_that_goes_silent_is_noticed(
    world: World, log: Log, servers: Servers, other_process: OtherProcess, monkeypatch: pytest.MonkeyPatch,
    from_afar: None,
) -> None:  # fmt: skip
    """No reset, no refusal, only silence: edits wait for it once in a while, and the listener begins anew."""
    monkeypatch.setattr(redis_backend, "SILENCE_SECONDS", 0.2)
    monkeypatch.setattr(redis_backend, "PUBLISH_SECONDS", 0.1)
    heard = listening(monkeypatch)
    at = await place(world, "project")
    redis = urlsplit(servers.redis_url)
    async with (
        Proxy.open(redis.hostname or "", redis.port or 0) as proxy,
        other_process(redis_url=proxy.instead_of(servers.redis_url)) as there,
        there.viewer.follow(at.scope) as stream,
    ):
        await there.task("Heard")
        await caught_up(world, stream)
        proxy.freeze()
        reconnects = await metric(there.service, "lockstep_redis_reconnects_total")
        heard.clear()
        for _ in range(3):
            await there.task("Not heard")
            await caught_up(world, stream)
        assert not heard.is_set()
        async with asyncio.timeout(10):
            while await metric(there.service, "lockstep_redis_reconnects_total") == reconnects:
                pass
        proxy.mend()
        async with asyncio.timeout(10):
            while not heard.is_set():
                await there.task("Heard again")
        await check_whole(log, stream, at.id, stream.frames[0]["position"]["seq"])
