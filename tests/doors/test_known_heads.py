"""A request whose head is known by its bytes is answered as it is where nobody knows it."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schema.doors import protocol
from schema.doors.heads import Heads
from tests.doors.conftest import Serve, Served
from tests.doors.test_slow_requests import connected

HEAD = b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json\r\n"
GET = b"GET /graphql?query={__typename} HTTP/1.1\r\nHost: localhost\r\n"


def post(body: bytes, more: bytes = b"") -> bytes:
    return HEAD + more + b"Content-Length: %d\r\n\r\n" % len(body) + body


def chunked(body: bytes) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


TYPENAME = b'{"query": "{ __typename }"}'
REQUESTS = {
    "a query": post(TYPENAME),
    "another of the same length": post(b'{"query": "{ x:__typenam"}'.ljust(len(TYPENAME))),
    "content that looks like the end of a head": post(b'{"query": "{\r\n\r\n__typename }"}'),
    "nothing but an end": post(b"\r\n\r\n"),
    "no content": post(b""),
    "by GET": GET + b"\r\n",
    "in a chunk": chunked(TYPENAME),
    "with a length that is none": post(TYPENAME, b"X-Length: 3\r\n"),
    "of its own name": post(TYPENAME, b"X-Request-ID: mine\r\n"),
    "of a page": post(TYPENAME, b"Origin: http://localhost\r\n"),
    "of a stranger's page": post(TYPENAME, b"Origin: https://elsewhere.example\r\n"),
    "of nobody's token": post(TYPENAME, b"Authorization: Bearer\r\n"),
    "for what is not served": post(TYPENAME, b"Accept: image/png\r\n"),
    "waiting to be asked": post(TYPENAME, b"Expect: 100-continue\r\n"),
}


COUNTED = re.compile(rb'"context":\d+')


async def read_answer(reader: asyncio.StreamReader) -> bytes:
    """Without what differs each time."""
    head = b""
    while not head or head.startswith(b"HTTP/1.1 100"):
        head = await reader.readuntil(b"\r\n\r\n")
    lines = [line for line in head.split(b"\r\n") if line.lower()[:5] not in (b"date:", b"x-req")]
    length = next((int(line[15:]) for line in lines if line.lower().startswith(b"content-length:")), 0)
    told = sorted(line for line in lines if not line.lower().startswith(b"content-length:"))
    return b"\r\n".join(told) + COUNTED.sub(b"", await reader.readexactly(length))


@pytest.fixture(scope="module")
async def alone(lasting: Served) -> dict[str, bytes]:
    """The answers of a server that knows no heads."""
    answers = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Heads, "find", lambda self, data: None)
        for name, sent in REQUESTS.items():
            async with connected(lasting) as (reader, writer):
                writer.write(sent)
                answers[name] = await read_answer(reader)
    return answers


async def test_answers_are_the_same(
    served: Served, alone: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[bytes] = []
    find = Heads.find

    def finding(heads: Heads, data: bytes) -> object:
        known = find(heads, data)
        if known is not None:
            found.append(data)
        return known

    monkeypatch.setattr(Heads, "find", finding)
    async with connected(served) as (reader, writer):
        for _ in range(3):
            for name, sent in REQUESTS.items():
                writer.write(sent)
                assert await read_answer(reader) == alone[name], name
    # All but those that never are: a head of three times is found the third time.
    never = {"in a chunk", "waiting to be asked"}
    assert set(found) == {sent for name, sent in REQUESTS.items() if name not in never}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(st.sampled_from(sorted(set(REQUESTS) - {"waiting to be asked"})), min_size=2, max_size=8),
    cuts=st.lists(st.integers(1, 400), max_size=12),
)
async def test_however_they_come(
    lasting: Served, alone: dict[str, bytes], names: list[str], cuts: list[int]
) -> None:
    """Cut anywhere, several at once, one before the other is answered."""
    left = b"".join(REQUESTS[name] for name in names)
    async with connected(lasting) as (reader, writer):
        for cut in [*cuts, len(left)]:
            writer.write(left[:cut])
            left = left[cut:]
            await asyncio.sleep(0)
        for name in names:
            assert await read_answer(reader) == alone[name], name


async def test_an_idle_connection_is_closed_however_often_it_was_used(serve: Serve) -> None:
    served = await serve()
    served.server.config.timeout_keep_alive = 0.1  # type: ignore[assignment]
    async with connected(served) as (reader, writer):
        for _ in range(3):
            writer.write(REQUESTS["a query"])
            assert b"__typename" in await read_answer(reader)
        assert await reader.read() == b""


async def test_a_head_that_comes_once_takes_nobodys_place(served: Served) -> None:
    before = [len(heads) for heads, _ in protocol._KNOWN.values()]
    async with connected(served) as (reader, writer):
        for number in range(5):
            writer.write(post(TYPENAME, b"X-Request-ID: n%d\r\n" % number))
            await read_answer(reader)
    assert [len(heads) for heads, _ in protocol._KNOWN.values()] == before
