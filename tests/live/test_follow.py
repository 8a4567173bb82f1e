"""Replay, then follow: exactly the log, for every kind of scope, over sockets and over plain HTTP."""

from __future__ import annotations

import asyncio

import pytest

from app.events.cursors import Cursor
from app.events.followers import Queue
from app.events.models import Event
from tests.invariants import events_over_http
from tests.ledger import Log
from tests.live.places import KINDS, SHORT, check_whole, grow_at_once, place
from tests.world import World


@pytest.mark.parametrize("kind", KINDS)
async def test_replays_and_then_follows(world: World, log: Log, kind: str) -> None:
    """From the past, the head and nowhere, while the log grows under the replay."""
    at = await place(world, kind)
    await at.grow_by(3)
    past = (await at.read(Cursor.at(at.id, 0, None).encode(), first=1))["position"]
    head = await at.head()
    async with at.client.socket() as socket:
        growing = asyncio.create_task(at.grow_by(8))
        replayed = await socket.follow(at.scope, past["cursor"])
        resumed = await socket.follow(at.scope, head["cursor"])
        begun = await socket.follow(at.scope)
        await growing
        await at.grow()
        await check_whole(log, replayed, at.id, past["seq"])
        await check_whole(log, resumed, at.id, head["seq"])
        await check_whole(log, begun, at.id, begun.frames[0]["position"]["seq"])
        assert begun.frames[0]["kind"] == "HEARTBEAT"
        assert len(replayed.events) > len(resumed.events) >= len(begun.events) >= 1
        assert await events_over_http(at.client, at.scope, past["cursor"], page=2) == replayed.events
    await log.check_order()


async def test_many_pages_meet_the_live_stream(world: World, log: Log) -> None:
    at = await place(world, "project")
    begin = await at.head()
    await grow_at_once(world, 1_300)
    async with at.client.socket() as socket:
        growing = asyncio.create_task(at.grow_by(10))
        stream = await socket.follow(at.scope, begin["cursor"], selection=SHORT)
        await growing
        await check_whole(log, stream, at.id, begin["seq"])
        assert all(frame["more"] for frame in stream.frames[:2])
        assert max(len(frame["events"]) for frame in stream.frames) == 500
        assert not stream.frames[-1]["more"]


async def test_pages_over_http(world: World, log: Log) -> None:
    at = await place(world, "project")
    begin = await at.head()
    await at.grow_by(5)
    pages, after, more = [], begin["cursor"], True
    while more:
        frame = await at.read(after, first=2)
        after, more = frame["position"]["cursor"], frame["more"]
        pages.append([event["seq"] for event in frame["events"]])
    first = begin["seq"] + 1
    assert pages == [[first, first + 1], [first + 2, first + 3], [first + 4]]
    nothing = await at.read(after)
    assert (nothing["kind"], nothing["events"], nothing["position"]["cursor"]) == ("HEARTBEAT", [], after)


async def test_one_socket_follows_fifty_boards(world: World, log: Log) -> None:
    owner = world.owner
    made = await asyncio.gather(
        *(
            owner.do("projectCreate", workspaceId=world.workspace["id"], key=f"B{n}", name=f"Board {n}")
            for n in range(50)
        )
    )
    boards = [payload["project"] for payload in made]
    async with owner.socket() as socket:
        streams = await asyncio.gather(*(socket.follow(board["scope"]) for board in boards))
        for _ in range(2):
            for n in range(0, 50, 10):
                await asyncio.gather(
                    *(owner.do("taskCreate", "", projectId=b["id"], title="x") for b in boards[n : n + 10])
                )
        for board, stream in zip(boards, streams, strict=True):
            await stream.until(stream.frames[0]["position"]["seq"] + 2)
            assert [event["scope"] for event in stream.events] == [board["scope"]] * 2
            seqs = [event["seq"] for event in stream.events]
            assert seqs == [seqs[0], seqs[0] + 1]


async def test_a_planted_gap_is_caught(world: World, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check above sees a stream that leaves one event out, and one that tells one twice."""
    at = await place(world, "project")
    take = Queue.take

    def lossy(follower: Queue, after: object) -> list[Event]:
        return take(follower, after)[1:]  # type: ignore[arg-type]

    def doubling(follower: Queue, after: object) -> list[Event]:
        taken = take(follower, after)  # type: ignore[arg-type]
        return taken[:1] + taken

    for fault in (lossy, doubling):
        monkeypatch.setattr(Queue, "take", fault)
        async with at.client.follow(at.scope) as stream:
            await grow_at_once(world, 3)
            with pytest.raises(AssertionError):
                await check_whole(log, stream, at.id, stream.frames[0]["position"]["seq"])
