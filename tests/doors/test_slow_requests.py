"""Who sends a request drop by drop, or a head without end, does not keep the connection ("slow loris")."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from schema.doors import DoorLimits, protocol
from tests.doors.conftest import Serve, Served

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
QUICK = DoorLimits(head_seconds=0.1, body_seconds=0.1, head_bytes=1000, connections=2)


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LINGER_SECONDS", 0.1)


@asynccontextmanager
async def connected(served: Served) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    place = urlsplit(served.address)
    reader, writer = await asyncio.open_connection(place.hostname, place.port)
    try:
        async with asyncio.timeout(10):
            yield reader, writer
    finally:
        writer.transport.abort()


def check_answer(answer: bytes, status: bytes, code: str) -> None:
    """It is GraphQL JSON, as long as it says."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 " + status)
    assert f"content-length: {len(body)}".encode() in head
    assert [error["extensions"]["code"] for error in json.loads(body)["errors"]] == [code]


@pytest.mark.parametrize("sent", [b"", b"PO", HEAD, b"\r\n"])
async def test_a_head_has_to_come_in_time(serve: Serve, sent: bytes) -> None:
    served = await serve(QUICK)
    async with connected(served) as (reader, writer):
        writer.write(sent)
        check_answer(await reader.read(), b"408", "REQUEST_TIMEOUT")


async def test_empty_lines_after_an_answer_are_no_request(serve: Serve) -> None:
    served = await serve(QUICK)
    async with connected(served) as (reader, writer):
        writer.write(b"GET /graphql?query={__typename} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.write(b"\r\n")
        assert b"HTTP/1.1 408 " in await reader.read()


async def test_a_body_has_to_come_in_time(serve: Serve) -> None:
    served = await serve(QUICK)
    async with connected(served) as (reader, writer):
        writer.write(HEAD + b"Content-Length: 100\r\n\r\n{")
        assert b"REQUEST_TIMEOUT" in await reader.read()


async def test_a_body_that_nobody_waits_for_has_to_come_in_time_too(serve: Serve) -> None:
    """It was answered before it came: with 415."""
    served = await serve(QUICK)
    async with connected(served) as (reader, writer):
        writer.write(HEAD.replace(b"application/json", b"text/plain") + b"Content-Length: 100\r\n\r\n{")
        assert (await reader.readline()).startswith(b"HTTP/1.1 415 ")
        await reader.read()  # until it is closed


async def test_a_head_has_an_end(serve: Serve) -> None:
    served = await serve(QUICK)
    async with connected(served) as (reader, writer):
        writer.write(HEAD + b"X-Long: " + b"a" * 2000)
        check_answer(await reader.read(), b"431", "PAYLOAD_TOO_LARGE")


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


async def test_what_comes_after_the_content_has_an_end(serve: Serve) -> None:
    served = await serve(DoorLimits(head_bytes=1000))
    async with connected(served) as (reader, writer):
        writer.write(CHUNKED + b"1\r\n{\r\n0\r\nX-Long: ")
        await writer.drain()
        writer.write(b"a" * 2000)
        assert not await reader.read()


async def test_small_chunks_are_no_headers(serve: Serve) -> None:
    served = await serve(DoorLimits(head_bytes=1000))
    body = b'{"query": "{ __typename }"}'.ljust(600)
    async with connected(served) as (reader, writer):
        writer.write(CHUNKED)
        for start in range(0, 600, 100):
            writer.write(b"".join(b"1\r\n%c\r\n" % letter for letter in body[start : start + 100]))
            await writer.drain()
        writer.write(b"0\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_headers_after_the_content_are_none(serve: Serve) -> None:
    """A proxy that sets or takes away headers has not seen them: they could name somebody, or an address."""
    served = await serve()
    async with connected(served) as (reader, writer):
        content = b'{"query": "{ __typename }"}'
        writer.write(CHUNKED + b"%x\r\n%b\r\n0\r\n" % (len(content), content))
        writer.write(b"Authorization: Nonsense\r\nX-Request-ID: theirs\r\n\r\n")
        answer = await reader.readuntil(b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"theirs" not in answer


async def test_there_are_only_so_many_connections(serve: Serve) -> None:
    served = await serve(DoorLimits(connections=2))
    async with connected(served) as (one, _), connected(served) as (_, two):
        two.write(b"GET /graphql?query={__typename} HTTP/1.1\r\nHost: localhost\r\n\r\n")
        async with connected(served) as (reader, _):
            check_answer(await reader.read(), b"503", "UNAVAILABLE")
        assert not one.at_eof()
