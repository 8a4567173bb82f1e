"""Redis messages swapped, doubled, dropped, garbled and forged: every follower ends with exactly the log."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import redis.asyncio as redis_client

from app.events.doorbell import channel_of, make_message, read_message
from app.events.feeds import Feed
from app.events.log import event_of, message_of
from app.events.models import Event
from app.events.watch import Watch
from lockstep.embedded import Servers
from tests.client import PATIENCE_SECONDS
from tests.faults.conftest import OtherProcess
from tests.ledger import Log
from tests.live.places import Place, check_whole, place
from tests.world import World


@dataclass
class Mischief:
    """A doorbell that does with messages what a network may, and more."""

    redis: Any
    dice: random.Random
    done: Counter[str] = field(default_factory=Counter)
    held: list[tuple[str, bytes]] = field(default_factory=list)

    async def ring(self, events: Sequence[Event]) -> None:
        by_scope: dict[UUID, list[Event]] = {}
        for event in events:
            by_scope.setdefault(event.scope_id, []).append(event)
        for scope, told in by_scope.items():
            await self._send(channel_of(scope), make_message(told))

    async def _send(self, channel: str, message: bytes) -> None:
        fate = self.dice.choice(("whole", "doubled", "dropped", "held", "late", "garbled", "bare"))
        self.done[fate] += 1
        if fate == "held":
            self.held.append((channel, message))
        elif fate == "doubled":
            await self._publish((channel, message), (channel, message))
        elif fate == "late":  # after all that was held, newest first
            await self._publish((channel, message), *reversed(self.held))
            self.held.clear()
        elif fate == "garbled":
            await self._publish((channel, message[: len(message) // 2]))
        elif fate == "bare":
            await self._publish((channel, orjson.dumps({"seq": orjson.loads(message)["seq"]})))
        elif fate == "whole":
            await self._publish((channel, message))

    async def _publish(self, *messages: tuple[str, bytes]) -> None:
        for channel, message in messages:
            await self.redis.publish(channel, message)


@pytest.fixture
async def redis(servers: Servers) -> AsyncIterator[Any]:
    client = redis_client.from_url(servers.redis_url)
    yield client
    await client.aclose()


def make_mischief(world: World, redis: Any, seed: int) -> Mischief:
    """Takes the place of the service's doorbell."""
    application = world.service.application
    mischief = Mischief(redis, random.Random(seed))
    application.store = replace(application.store, doorbell=mischief)
    return mischief


@pytest.mark.parametrize("seed", [1, 2])
async def test_followers_end_with_exactly_the_log(
    world: World, log: Log, redis: Any, other_process: OtherProcess, seed: int
) -> None:
    mischief = make_mischief(world, redis, seed)
    here, mine = await place(world, "project"), await place(world, "inbox")
    async with (
        other_process() as there,
        there.member.socket() as socket,
        world.viewer.follow(here.scope) as near,
    ):
        far = await socket.follow(here.scope)
        inbox = await socket.follow(mine.scope)
        for _ in range(8):
            await asyncio.gather(*(here.grow() for _ in range(4)), mine.grow())
        for stream, scope in ((near, here.id), (far, here.id), (inbox, mine.id)):
            await check_whole(log, stream, scope, stream.frames[0]["position"]["seq"])
    assert set(mischief.done) == {"whole", "doubled", "dropped", "held", "late", "garbled", "bare"}
    await log.check_order()


async def test_planted_faults_are_caught(
    world: World, log: Log, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hub that hands on what comes as it comes, and one that trusts that messages come."""
    mischief = make_mischief(world, redis, 1)
    at = await place(world, "project")

    def as_it_comes(feed: Feed, seq: int, events: Sequence[Event] = ()) -> None:
        for follower in feed.followers:
            if events:
                follower.offer(events)

    async def blind(watch: Watch) -> None:
        return None

    async def lose(channel: str, message: bytes) -> None:
        return None

    for owner, name, fault in ((Feed, "hint", as_it_comes), (Watch, "_compare", blind)):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, fault)
            patch.setattr(Watch, "_compared_ago", lambda watch: 0.0)
            if owner is Watch:
                patch.setattr(mischief, "_send", lose)
            async with at.client.follow(at.scope) as stream:
                begin = stream.seq
                await asyncio.gather(*(at.grow() for _ in range(12)))
                with pytest.raises((AssertionError, TimeoutError)):
                    async with asyncio.timeout(1.5):
                        await check_whole(log, stream, at.id, begin)


GARBAGE = [
    b"", b"\xff\xfe", b"null", b"7", b"[]", b'"seq"', b"{}", b'{"seq": null}', b'{"seq": "7"}', b'{"seq": true}',
    b'{"seq": -1}', b'{"seq": 1.5}', b'{"seq": 99999999999999999999}', b'{"seq": 1, "events": 5}',
    b'{"seq": 1, "events": [5]}', b'{"seq": 1, "events": [{}]}', b'{"seq": 1, "events": {"a": 1}}',
]  # fmt: skip


async def test_garbage_and_the_future_neither_stop_nor_wedge_a_feed(
    world: World, log: Log, redis: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[int] = []
    read_log = Feed._read_log

    async def counted(feed: Feed) -> None:
        reads.append(feed.head)
        await read_log(feed)

    monkeypatch.setattr(Feed, "_read_log", counted)
    at = await place(world, "project")
    async with at.client.follow(at.scope) as stream:
        begin = stream.seq
        real = message_of(await _last(log, at))
        values: tuple[Any, ...] = (5, "x", [], None)
        forged = [
            *({**real, name: value} for name in real for value in values),
            {**real, "scope_id": str(uuid4()), "seq": begin + 1},
            {**real, "seq": begin + 1, "id": str(uuid4()), "previous_id": str(uuid4())},
            {**real, "seq": begin + 900, "id": str(uuid4())},
        ]
        for message in [*GARBAGE, *(orjson.dumps({"seq": begin, "events": [one]}) for one in forged)]:
            await redis.publish(channel_of(at.id), message)
        await redis.publish(channel_of(at.id), orjson.dumps({"seq": 2**62}))
        await redis.publish(
            channel_of(at.id), orjson.dumps({"seq": 10**9, "events": [{**real, "seq": 10**9}]})
        )
        for _ in range(5):
            await at.grow()
            await stream.until((await world.position())["seq"])
        await check_whole(log, stream, at.id, begin)
    assert len(reads) < 15, f"the log was read {len(reads)} times for five events"


async def _last(log: Log, at: Place) -> Event:
    row = dict((await log.events(scope_id=at.id))[-1])
    row["payload"] = orjson.loads(row["payload"])
    return Event(**row)


async def test_a_forged_event_that_fits_is_found_out_by_the_next_comparison(
    world: World, log: Log, redis: Any
) -> None:
    """Redis is trusted not to lie: who can write to it can show an event that fits on the last one for half a second.

    Then the log is compared, and every follower is told to load anew.
    """
    at = await place(world, "project")
    async with at.client.follow(at.scope) as stream:
        real = await _last(log, at)
        fitting = real._replace(seq=stream.seq + 1, id=uuid4(), previous_id=real.id)
        await redis.publish(channel_of(at.id), make_message([fitting]))
        async with asyncio.timeout(PATIENCE_SECONDS):
            await stream.frame()
            await stream.frame()
        assert [(frame["kind"], frame["reason"]) for frame in stream.frames[1:]] == [
            ("EVENTS", None), ("RESYNC", "OTHER_HISTORY"),
        ]  # fmt: skip
    async with at.client.follow(at.scope) as stream:
        begin = stream.seq
        await at.grow()
        await check_whole(log, stream, at.id, begin)


async def test_a_message_says_what_was_said(world: World, log: Log) -> None:
    at = await place(world, "project")
    event = await _last(log, at)
    assert read_message(make_message([event]), at.id) == (event.seq, [event])
    assert event_of(message_of(event)) == event
    large = event._replace(payload={"state": {"title": "x" * 9_000}})
    assert read_message(make_message([large]), at.id) == (event.seq, [])
