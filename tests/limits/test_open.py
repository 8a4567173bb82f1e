"""How much one may have open: sockets, streams, subscriptions; how fast a socket may send; when an idle one ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlsplit

import pytest
from starlette.responses import StreamingResponse
from websockets.exceptions import ConnectionClosed, InvalidStatus

from schema.doors import DoorLimits, Origins
from schema.doors.pace import FULL, Pace
from schema.doors.places import Places
from schema.doors.protocol import CONNECTION
from schema.exports.door import PIECE_BYTES, ExportDoor, _in_pieces
from tests.doors.conftest import Serve, serve  # noqa: F401 (a fixture)
from tests.limits.conftest import Limited
from tests.limits.test_requests import NAME
from tests.world import World

EVENTS = "subscription($scope: ID!) { events(scope: $scope) { kind } }"


async def refused(world: World) -> tuple[int, str]:
    """Code and reason with which one socket more is closed."""
    with pytest.raises((ConnectionClosed, AssertionError)) as closing:
        async with world.member.socket():
            pass
    assert isinstance(closing.value, ConnectionClosed)
    assert closing.value.rcvd is not None
    return closing.value.rcvd.code, closing.value.rcvd.reason


async def test_a_person_has_so_many_sockets(limited: Limited) -> None:
    async with limited(sockets_per_user=2) as world:
        async with world.member.socket(), world.member.socket():
            code, reason = await refused(world)
            assert (code, "2 sockets" in reason) == (4429, True)
            async with world.viewer.socket():
                pass
        async with world.member.socket():
            pass


async def test_an_address_has_so_many_sockets(limited: Limited) -> None:
    async with limited(sockets_per_address=1) as world, world.member.socket():
        with pytest.raises(InvalidStatus) as full:
            async with world.viewer.socket():
                pass
        assert full.value.response.status_code == 429
        assert full.value.response.headers["retry-after"]


async def test_a_person_has_so_many_subscriptions_on_all_sockets(limited: Limited) -> None:
    async with limited(subscriptions_per_user=2) as world:
        scope = (await world.member.query("{ viewer { inboxScope } }"))["viewer"]["inboxScope"]
        async with world.member.socket() as one, world.member.socket() as two:
            for socket in (one, two):
                identifier = await socket.start(EVENTS, scope=scope)
                assert (await socket.message(identifier))["type"] == "next"
            third = await two.start(EVENTS, scope=scope)
            message = await two.message(third)
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == (
                "error",
                "LIMIT_REACHED",
            )
            assert (await two.run(NAME))["data"]


async def test_streams_over_http_count_until_they_end(limited: Limited) -> None:
    async with limited(streams_per_user=1) as world:
        scope = (await world.member.query("{ viewer { inboxScope } }"))["viewer"]["inboxScope"]
        body = {"query": EVENTS, "variables": {"scope": scope}}
        headers = {"Authorization": f"Bearer {world.member.token}", "Accept": "text/event-stream"}
        http = world.member._http
        async with http.stream("POST", "/graphql", json=body, headers=headers) as first:
            assert first.status_code == 200
            assert "ratelimit" in first.headers
            await anext(first.aiter_lines())
            second = await http.post("/graphql", json=body, headers=headers)
            assert second.status_code == 429
            assert second.json()["errors"][0]["extensions"]["code"] == "LIMIT_REACHED"
        async with asyncio.timeout(30):
            while True:  # the server hears of the end when the connection does
                async with http.stream("POST", "/graphql", json=body, headers=headers) as third:
                    if third.status_code == 200:
                        break


async def test_imports_count_until_they_are_over(limited: Limited) -> None:
    async with limited(files_per_user=1) as world:
        address, place = f"/imports/projects/{world.eng['id']}", urlsplit(world.service.url)
        http, headers = world.manager._http, {"Authorization": f"Bearer {world.manager.token}"}
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        lines = [f"POST {address} HTTP/1.1", "Host: localhost", "Content-Length: 9", "Expect: 100-continue"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 100 ")
        second = await http.post(address, content=b"{}", headers=headers)
        assert (second.status_code, "1 exports or imports" in second.text) == (429, True)
        owner = {"Authorization": f"Bearer {world.owner.token}"}
        assert (await http.post(address, content=b"{}", headers=owner)).status_code == 200
        writer.transport.abort()
        async with asyncio.timeout(30):
            while (await http.post(address, content=b"{}", headers=headers)).status_code != 200:
                pass  # the server hears of the end when the connection does


async def test_who_takes_nothing_of_an_export_is_cut_off(world: World) -> None:
    """What is read of a project for it is held until then."""
    door = ExportDoor(world.service.application, cast(Any, None), Origins(), Places(DoorLimits()))
    door._stall_seconds = 0.01
    sent, done = list[Any](), asyncio.Event()

    async def content() -> AsyncIterator[bytes]:
        try:
            yield b"x" * 3 * PIECE_BYTES
        finally:
            done.set()

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            await asyncio.Event().wait()

    scope = {"type": "http", "extensions": {CONNECTION: SimpleNamespace(cut=lambda: sent.append("cut"))}}
    await door._send(StreamingResponse(_in_pieces(content())), scope, cast(Any, asyncio.Event().wait), send)
    assert [len(message["body"]) for message in sent[1:-1]] == [PIECE_BYTES] * 2
    assert sent[-1] == "cut"
    assert done.is_set()


async def test_a_socket_that_floods_is_closed(serve: Serve) -> None:  # noqa: F811
    served = await serve(DoorLimits(messages=2))
    async with served.socket(init={}) as client:
        for _ in range(8):
            with contextlib.suppress(ConnectionClosed):
                await client.send(type="ping")
        *_, last = [message async for message in client.rest()] or [None]
        assert last in (None, {"type": "pong"})
        assert client.connection.close_code == 4429


@pytest.mark.parametrize("frame", [b"\x89\x80", b"\x8a\x80", b"\x00\x80"], ids=["ping", "pong", "empty part"])
async def test_frames_that_are_no_messages_count_too(serve: Serve, frame: bytes) -> None:  # noqa: F811
    """They cost as much to read; and parts of nothing would make a message that never ends."""
    served = await serve(DoorLimits(messages=2))
    async with served.socket(init={}) as client:
        begun = b"\x01\x80\0\0\0\0" if frame[0] == 0 else b""
        client.connection.transport.write(begun + (frame + b"\0\0\0\0") * 8)
        assert (await client.closed())[0] == 4429


def test_the_pace_is_a_second_with_four_seconds_at_once() -> None:
    now = 0.0
    pace, state = Pace(2, lambda: now), FULL

    def keeps() -> bool:
        nonlocal state
        after = pace.step(state)
        state = after or state
        return after is not None

    now = 1_000.0
    assert [keeps() for _ in range(9)] == [True] * 8 + [False]
    now = 1_000.5
    assert [keeps() for _ in range(2)] == [True, False]


async def test_a_socket_on_which_nothing_runs_is_closed(serve: Serve) -> None:  # noqa: F811
    served = await serve(DoorLimits(idle_seconds=0.1, ping_seconds=0.05))
    async with served.socket(init={}) as client:
        messages: list[Any] = [message async for message in client.rest()]
        assert {message["type"] for message in messages} <= {"ping"}
        assert (client.connection.close_code, client.connection.close_reason) == (
            1000, "Idle: nothing ran for 0.1 seconds.",
        )  # fmt: skip
