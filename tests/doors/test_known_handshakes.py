"""A request for a socket that is known but for its key is answered as it is where nobody knows it."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.doors.handshake import Handshakes
from tests.doors.conftest import Served
from tests.doors.test_slow_requests import connected

KEY = b"dGhlIHNhbXBsZSBub25jZQ=="  # RFC 6455, section 1.3
ACCEPT = b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
USUAL = [
    b"Host: localhost", b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Key: " + KEY,
    b"Sec-WebSocket-Version: 13", b"Sec-WebSocket-Protocol: graphql-transport-ws",
]  # fmt: skip
LINES = [
    *USUAL, b"Upgrade: WebSocket", b"Upgrade: h2c", b"Connection: keep-alive, Upgrade", b"Connection: close",
    b"Sec-WebSocket-Key: short", b"Sec-WebSocket-Key: " + KEY[:-2] + b"*=", b"Sec-WebSocket-Key:" + KEY,
    b"sec-websocket-key: " + KEY, b"X-Key: 1\r\nSec-WebSocket-Key: " + KEY, b"Sec-WebSocket-Version: 12",
    b"Sec-WebSocket-Protocol: other", b"Origin: http://localhost", b"Origin: https://elsewhere.example",
    b"Sec-WebSocket-Extensions: permessage-deflate", b"Content-Length: 3", b"Expect: 100-continue",
    b"X-Request-ID: mine",
]  # fmt: skip


def request(lines: list[bytes], line: bytes = b"GET /graphql HTTP/1.1") -> bytes:
    return b"\r\n".join([line, *lines, b"", b""])


async def answer_to(served: Served, sent: bytes) -> bytes:
    """The head of the answer, and the end of a socket that was not let in, without what differs each time."""
    async with connected(served) as (reader, writer):
        writer.write(sent)
        head = await reader.readuntil(b"\r\n\r\n")
        lines = [line for line in head.split(b"\r\n") if line.lower()[:5] not in (b"date:", b"x-req")]
        return b"\r\n".join(lines)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    without=st.sets(st.sampled_from(USUAL), max_size=1),
    more=st.lists(st.sampled_from(LINES), max_size=2),
    line=st.sampled_from(
        [b"GET /graphql HTTP/1.1"] * 4 + [b"GET /graphql HTTP/1.0", b"POST /graphql HTTP/1.1"]
    ),
)
async def test_the_same_answers(lasting: Served, without: set[bytes], more: list[bytes], line: bytes) -> None:
    sent = request([one for one in USUAL if one not in without] + more, line)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Handshakes, "find", lambda self, data: None)
        alone = await answer_to(lasting, sent)
    for _ in range(3):
        assert await answer_to(lasting, sent) == alone


async def test_each_key_is_answered_by_its_own(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    known: list[bool] = []
    find = Handshakes.find

    def finding(self: Handshakes, data: bytes) -> object:
        found = find(self, data)
        known.append(found is not None)
        return found

    monkeypatch.setattr(Handshakes, "find", finding)
    own = request([*USUAL, b"X-Own: 1"])
    other = own.replace(KEY, b"AQIDBAUGBwgJCgsMDQ4PEC==")
    assert ACCEPT in await answer_to(served, own)
    assert ACCEPT not in await answer_to(served, other)
    assert ACCEPT in await answer_to(served, own)
    assert known == [False, False, True]
    assert b" 400 " in await answer_to(served, own.replace(KEY, KEY[:-1] + b"A"))
    # What is sent too early waits for the answer, as ever; and a request in parts is put together.
    async with connected(served) as (reader, writer):
        writer.write(own[:40])
        await asyncio.sleep(0)
        writer.write(own[40:])
        assert ACCEPT in await reader.readuntil(b"\r\n\r\n")
