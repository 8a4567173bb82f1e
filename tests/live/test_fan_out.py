"""Many subscribers of one board, and one who does not read."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import orjson
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from app.events.followers import Follower
from app.events.frames import FrameReason
from app.events.resuming import FURTHEST_BEHIND
from tests.client import JSON
from tests.faults.conftest import OtherProcess
from tests.faults.test_redis_away import metric
from tests.ledger import Log
from tests.live.places import SHORT, check_whole, place
from tests.world import World

PATIENCE_SECONDS = 120
DOCUMENT = """subscription {
  events(scope: "$scope") {
    kind reason position { seq } events { seq ... on TaskCreated { state { sections { text } } } }
  }
}"""


async def test_two_hundred_subscribers_get_a_hundred_edits_in_order(world: World, log: Log) -> None:
    at = await place(world, "project")
    lags = await metric(world.service, "lockstep_hub_lag_seconds_count")
    async with AsyncExitStack() as stack, asyncio.timeout(PATIENCE_SECONDS):
        people = [world.member, world.viewer, world.manager, world.guest, world.owner] * 4
        sockets = [await stack.enter_async_context(person.socket()) for person in people]
        streams = [await one.follow(at.scope, selection=SHORT) for one in sockets for _ in range(10)]
        assert await metric(world.service, "lockstep_subscribers") == len(streams) == 200
        begin = (await world.position())["seq"]
        for _ in range(10):
            await asyncio.gather(*(at.grow() for _ in range(10)))
        await check_whole(log, streams[0], at.id, begin)
        expected = [event["id"] for event in streams[0].events]
        assert len(expected) == 100
        for stream in streams:
            assert [event["id"] for event in await stream.until(begin + 100)] == expected
    assert await metric(world.service, "lockstep_hub_lag_seconds_count") > lags
    assert await metric(world.service, "lockstep_subscribers") == 0


async def test_who_does_not_read_is_told_too_slow_and_others_are_not_held_up(
    world: World, log: Log, other_process: OtherProcess
) -> None:
    text = "A long description. " * 5_000
    async with other_process(subscription_queue=3) as there, there.viewer.follow(world.eng["scope"]) as quick:
        resyncs = await metric(there.service, "lockstep_resyncs_total")
        url = urlsplit(there.service.url)
        narrow = socket.socket()
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        narrow.connect((url.hostname, url.port))
        narrow.setblocking(False)
        async with connect(
            f"ws://{url.netloc}/graphql", sock=narrow, subprotocols=[Subprotocol("graphql-transport-ws")],
            compression=None, max_size=None, max_queue=1,
        ) as slow:  # fmt: skip
            await slow.send(
                orjson.dumps({"type": "connection_init", "payload": {"token": there.member.token}}).decode()
            )
            await slow.recv()
            document = DOCUMENT.replace("$scope", world.eng["scope"])
            await slow.send(
                orjson.dumps({"id": "1", "type": "subscribe", "payload": {"query": document}}).decode()
            )
            begin: JSON = orjson.loads(await slow.recv())["payload"]["data"]["events"]
            assert follower_of(there) is None, "it is one of an audience as long as it reads"
            async with asyncio.timeout(PATIENCE_SECONDS):
                while (follower := follower_of(there)) is None or follower.ended is None:
                    await world.task("Large", description=text)
                    await quick.until((await world.position())["seq"])
                    assert follower is None or follower.waiting <= FURTHEST_BEHIND
            assert follower.ended is FrameReason.TOO_SLOW
            frames = await rest(slow)
        assert (frames[-1]["kind"], frames[-1]["reason"]) == ("RESYNC", "TOO_SLOW")
        # What it did get is whole, and it may go on from there.
        seqs = [event["seq"] for frame in frames for event in frame["events"]]
        first = begin["position"]["seq"] + 1
        assert seqs == list(range(first, first + len(seqs)))
        assert frames[-1]["position"]["seq"] == seqs[-1]
        await check_whole(log, quick, (await place(world, "project")).id, quick.frames[0]["position"]["seq"])
        assert await metric(there.service, "lockstep_resyncs_total") == resyncs + 1


def follower_of(world: World) -> Follower | None:
    """The stream of `member`, as the hub has it while it goes alone."""
    followers = [one for feed in world.service.application.hub._feeds.values() for one in feed.followers]
    return next((one for one in followers if one.user_id == world.uuid("member")), None)


async def rest(slow: object) -> list[JSON]:
    """All frames until the stream completes."""
    frames: list[JSON] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (message := orjson.loads(await slow.recv()))["type"] != "complete":  # type: ignore[attr-defined]
            if message["type"] == "next":
                frames.append(message["payload"]["data"]["events"])
    return frames
