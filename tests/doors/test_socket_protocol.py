"""graphql-transport-ws, rule by rule: initialisation, messages, identifiers and close codes."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from schema.doors import DoorLimits
from schema.doors.messages import Close
from tests.doors.application import Gate
from tests.doors.conftest import Serve, Served, Socket

ACK = {"type": "connection_ack"}
TYPENAME = {"query": "{ __typename }"}


async def test_init_is_acknowledged(served: Served) -> None:
    for message in (
        {"type": "connection_init"},
        {"type": "connection_init", "payload": None},
        {"type": "connection_init", "payload": {}},
        {"type": "connection_init", "payload": {"other": 1, "authorization": None, "token": ""}},
        {"type": "connection_init", "unknown": [1]},
    ):
        async with served.socket() as client:
            assert client.connection.subprotocol == "graphql-transport-ws"
            await client.send(**message)
            assert await client.receive() == ACK


@pytest.mark.parametrize(
    "payload",
    [
        {"authorization": "Bearer good"},
        {"Authorization": "bearer good"},
        {"AUTHORIZATION": "Bearer good"},
        {"token": "good"},
        {"Token": "good"},
        {"authorization": "", "token": "good"},
    ],
)
async def test_tokens_in_the_payload(served: Served, payload: dict[str, str]) -> None:
    async with served.socket(init=payload) as client:
        await client.subscribe("1", "{ viewer }")
        assert (await client.receive())["payload"]["data"] == {"viewer": "Demo Owner"}


@pytest.mark.parametrize(
    "payload",
    [
        {"authorization": "Bearer bad"},
        {"authorization": "good"},
        {"authorization": 5},
        {"authorization": ["Bearer good"]},
        {"token": "bad"},
        {"token": {"a": 1}},
        {"token": "Bearer good"},
    ],
)
async def test_4403_for_a_token_that_is_not_valid(served: Served, payload: dict[str, Any]) -> None:
    async with served.socket() as client:
        await client.send(type="connection_init", payload=payload)
        assert await client.closed() == (4403, "Forbidden")


async def test_a_failing_sign_in_asks_to_come_back(served: Served, logged: list[Any]) -> None:
    async with served.socket() as client:
        await client.send(type="connection_init", payload={"token": "crash"})
        code, reason = await client.closed()
    assert code == 1013, "clients reconnect upon it"
    assert "secret" not in reason
    assert isinstance(logged[0]["exc_info"], RuntimeError)


async def test_4408_without_init_in_time(serve: Serve) -> None:
    served = await serve(DoorLimits(init_seconds=0.05))
    async with served.socket() as client:
        assert await client.closed() == (4408, "Connection initialisation timeout")
    served.application.authentication = gate = Gate()
    async with served.socket() as client:
        await client.send(type="connection_init", payload={"token": "good"})
        async with asyncio.timeout(10):
            await gate.entered.wait()
        # Twice the time has passed once a socket opened after this one has been closed for it.
        async with served.socket() as late:
            assert (await late.closed())[0] == 4408
        gate.opened.set()
        assert await client.receive() == ACK, "the time is for the message, not for our answer"


async def test_4429_for_a_second_init(served: Served) -> None:
    async with served.socket(init={}) as client:
        await client.send(type="connection_init")
        assert await client.closed() == (4429, "Too many initialisation requests")


async def test_4429_and_4401_while_the_first_init_is_pending(served: Served) -> None:
    for message, expected in (
        ({"type": "connection_init"}, (4429, "Too many initialisation requests")),
        ({"type": "subscribe", "id": "1", "payload": TYPENAME}, (4401, "Unauthorized")),
    ):
        served.application.authentication = gate = Gate()
        async with served.socket() as client:
            await client.send(type="connection_init", payload={"token": "good"})
            async with asyncio.timeout(10):
                await gate.entered.wait()
            await client.send(**message)
            assert await client.closed() == expected


async def test_4401_before_init(served: Served) -> None:
    async with served.socket() as client:
        await client.subscribe("1", "{ __typename }")
        assert await client.closed() == (4401, "Unauthorized")
    assert not served.application.contexts


@pytest.mark.parametrize("protocol", ["graphql-ws", "graphql-transport-ws2", "GRAPHQL-TRANSPORT-WS"])
async def test_4406_for_other_protocols(served: Served, protocol: str) -> None:
    async with served.socket(protocol=protocol) as client:
        assert client.connection.subprotocol is None
        assert await client.closed() == (4406, "Subprotocol not acceptable")


async def test_pings_are_answered_at_any_time(served: Served) -> None:
    async with served.socket() as client:
        await client.send(type="ping")
        assert await client.receive() == {"type": "pong"}
        await client.send(type="ping", payload=None)
        assert await client.receive() == {"type": "pong"}
        await client.send(type="ping", payload={"at": [1, "ü"]})
        assert await client.receive() == {"type": "pong", "payload": {"at": [1, "ü"]}}
        await client.send(type="pong")
        await client.send(type="pong", payload={"un": "solicited"})
        await client.send(type="connection_init")
        assert await client.receive() == ACK, "pongs are not answered"


async def test_the_server_pings(serve: Serve) -> None:
    served = await serve(DoorLimits(ping_seconds=0.01))
    async with served.socket(init={}) as client:
        for _ in range(3):
            assert await client.receive() == {"type": "ping"}
            await client.send(type="pong")


BAD_FRAMES = [
    "",
    "nonsense",
    "null",
    "5",
    '"x"',
    "[]",
    "[" * 100_000,
    '{"type":' * 100_000,
    "{}",
    '{"type":null}',
    '{"type":5}',
    '{"type":["ping"]}',
    '{"type":{}}',
    '{"type":""}',
    '{"type":"PING"}',
    '{"type":"unknown"}',
    '{"type":"start","id":"1"}',
    '{"type":"connection_ack"}',
    '{"type":"next","id":"1","payload":{}}',
    '{"type":"error","id":"1","payload":[]}',
    '{"type":"ping","payload":5}',
    '{"type":"ping","payload":[]}',
    '{"type":"pong","payload":"x"}',
    '{"type":"connection_init","payload":5}',
    '{"type":"connection_init","payload":[]}',
    '{"type":"complete"}',
    '{"type":"complete","id":""}',
    '{"type":"complete","id":5}',
    '{"type":"complete","id":null}',
    '{"type":"subscribe"}',
    '{"type":"subscribe","payload":{"query":"{ __typename }"}}',
    *[
        f'{{"type":"subscribe","id":{identifier},"payload":{{"query":"{{ __typename }}"}}}}'
        for identifier in ("null", '""', "5", "{}", '["1"]', "true", '"\\ud800"')
    ],
    *[
        f'{{"type":"subscribe","id":"1","payload":{payload}}}'
        for payload in (
            "null",
            '"x"',
            "[]",
            "{}",
            '{"query":null}',
            '{"query":5}',
            '{"query":{}}',
            '{"query":"{a}","variables":5}',
            '{"query":"{a}","variables":[]}',
            '{"query":"{a}","variables":NaN}',
            '{"query":"{a}","operationName":5}',
            '{"query":"{a}","extensions":"x"}',
        )
    ],
]


@pytest.mark.parametrize("frame", BAD_FRAMES, ids=lambda frame: frame[:60])
@pytest.mark.parametrize("initialised", [True, False])
async def test_4400_for_anything_else(
    served: Served, frame: str, initialised: bool, logged: list[Any]
) -> None:
    async with served.socket(init={} if initialised else None) as client:
        await client.connection.send(frame)
        code, reason = await client.closed()
    assert code == 4400
    assert 0 < len(reason.encode()) <= 123
    assert not logged


async def test_4400_for_binary_messages(served: Served) -> None:
    async with served.socket() as client:
        await client.connection.send(b'{"type":"connection_init"}')
        assert (await client.closed())[0] == 4400


@pytest.mark.parametrize("of", [{"type": "ping"}, {"type": "subscribe", "id": "1"}])
async def test_4400_for_messages_that_nest_too_deep(served: Served, of: dict[str, str]) -> None:
    """They could be read, and could not be written again."""
    async with served.socket(init={}) as client:
        for levels in (150, 600):
            deep = '{"a":' * levels + "1" + "}" * levels
            payload = f'{{"query":"{{ __typename }}","variables":{deep}}}'
            message = orjson.dumps(of).decode()[:-1] + f',"payload":{payload}}}'
            await client.connection.send(message)
            if levels == 150:
                assert (await client.receive())["type"] in ("pong", "next")
                if "id" in of:
                    assert (await client.receive())["type"] == "complete"
        code, reason = await client.closed()
        assert (code, "200 levels" in reason) == (4400, True)


async def test_1009_for_messages_over_the_limit(serve: Serve) -> None:
    served = await serve(DoorLimits(body_bytes=1000))
    async with served.socket() as client:
        await client.connection.send(orjson.dumps({"type": "ping"}).decode().ljust(1000))
        assert await client.receive() == {"type": "pong"}
        await client.connection.send(" " * 1001)
        assert (await client.closed())[0] == 1009


async def test_4409_for_an_identifier_in_use(served: Served) -> None:
    for identifier in ("same", "x" * 500, "ü" * 300):
        async with served.socket(init={"token": "good"}) as client:
            await client.subscribe(identifier, "subscription { events { number } }")
            feed = await served.application.feed()
            await client.subscribe(identifier, "{ __typename }")
            code, reason = await client.closed()
            assert code == 4409
            assert f"Subscriber for {identifier} already exists".startswith(reason)
            assert len(reason.encode()) <= 123
            assert identifier[:3] in reason
            async with asyncio.timeout(10):
                await feed.closed.wait()


async def test_4409_while_the_first_is_still_being_prepared(served: Served) -> None:
    async with served.socket(init={}) as client:
        await client.subscribe("same", "{ wait }")
        await client.subscribe("same", "{ wait }")
        assert (await client.closed())[0] == 4409


def test_close_reasons_end_between_characters() -> None:
    for character in ("a", "ü", "€", "😀"):
        reason = Close(4409, character * 200).reason
        assert 119 < len(reason.encode()) <= 123
        assert set(reason) == {character}


async def test_the_headers_of_the_handshake(served: Served) -> None:
    url = f"ws{served.address.removeprefix('http')}/graphql"
    protocols = [Subprotocol("graphql-transport-ws")]
    headers = {"X-Request-ID": "mine", "Authorization": "Bearer good"}
    async with connect(url, subprotocols=protocols, additional_headers=headers) as connection:
        assert connection.response is not None
        assert connection.response.headers["X-Request-ID"] == "mine"
        assert "Sec-WebSocket-Extensions" not in connection.response.headers, "no deflate unless asked for"
        client = Socket(connection)
        await client.send(type="connection_init")
        assert await client.receive() == ACK
        await client.subscribe("1", "{ requestId viewer }")
        assert (await client.receive())["payload"]["data"] == {"requestId": "mine", "viewer": "Demo Owner"}


async def test_1007_for_text_that_is_not_utf8(served: Served) -> None:
    async with served.socket(init={}) as client:
        client.connection.transport.write(b"\x81\x81\0\0\0\0\xff")
        assert (await client.closed())[0] == 1007
