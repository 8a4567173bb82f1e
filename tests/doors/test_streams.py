"""Subscriptions over plain HTTP, rule by rule: server-sent events, and Apollo's multipart form.

Sources: PROTOCOL.md of the npm package `graphql-sse`, "Distinct connections mode"; the HTML standard, "Server-sent
events"; Apollo's "Multipart HTTP protocol for GraphQL Subscriptions".
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest

from schema.doors import DoorLimits, wire
from schema.doors import protocol as protocols
from tests.doors.conftest import PATIENCE_SECONDS, Serve, Served

GRAPHQL = "application/graphql-response+json"
JSON = "application/json"
SSE = "text/event-stream"
PARTS = "multipart/mixed;boundary=graphql;subscriptionSpec=1.0"
COUNT = "subscription { count(to: 2) }"
NEXT = 'event: next\ndata: {"data":{"count":%d},"extensions":{"context":%d}}\n\n'


@dataclass
class Streaming:
    """An answer that goes on."""

    response: httpx.Response
    chunks: AsyncIterator[bytes]
    seen: bytes = b""

    async def until(self, text: bytes) -> bytes:
        """All that came up to and with this text, which is then forgotten."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while text not in self.seen:
                self.seen += await anext(self.chunks)
        end = self.seen.index(text) + len(text)
        found, self.seen = self.seen[:end], self.seen[end:]
        return found

    async def rest(self) -> bytes:
        """All that still comes."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            async for chunk in self.chunks:
                self.seen += chunk
        return self.seen


@contextlib.asynccontextmanager
async def stream(
    served: Served, query: str, accept: str = SSE, token: str | None = "good", **members: Any
) -> AsyncIterator[Streaming]:
    """A subscription over HTTP."""
    headers = {"Accept": accept} | ({"Authorization": f"Bearer {token}"} if token else {})
    body = {"query": query, **members}
    async with served.http.stream("POST", "/graphql", json=body, headers=headers) as response:
        yield Streaming(response, response.aiter_raw())


async def whole(served: Served, query: str, accept: str = SSE, **members: Any) -> httpx.Response:
    """A request whose answer ends by itself."""
    return await served.http.post("/graphql", json={"query": query, **members}, headers={"Accept": accept})


async def test_events_are_written_as_the_standard_reads_them(served: Served) -> None:
    response = await whole(served, COUNT)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store, no-transform"
    assert response.headers["X-Accel-Buffering"] == "no"
    assert response.headers["X-Request-ID"]
    assert "content-length" not in response.headers
    assert response.text == ":\n\n" + NEXT % (1, 1) + NEXT % (2, 2) + "event: complete\ndata: \n\n"
    assert "\r" not in response.text


async def test_no_payload_can_break_its_event(served: Served) -> None:
    response = await whole(
        served, "query ($t: String!) { echo(text: $t) }", variables={"t": "a\nb\r\nevent: x\n\n\u2028"}
    )
    [data] = [line for line in response.text.split("\n") if line.startswith("data: {")]
    assert orjson.loads(data.removeprefix("data: "))["data"] == {"echo": "a\nb\r\nevent: x\n\n\u2028"}


@pytest.mark.parametrize("document", ["{ __typename }", 'mutation { write(text: "a") }'])
async def test_queries_and_mutations_run_over_events_too(served: Served, document: str) -> None:
    response = await whole(served, document)
    assert response.text.count("event: next\n") == 1
    assert response.text.endswith("event: complete\ndata: \n\n")
    assert '"data":{' in response.text


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"query": "{"}, "GRAPHQL_PARSE_FAILED"),
        ({"query": "subscription { nothingSuch }"}, "GRAPHQL_VALIDATION_FAILED"),
        ({"query": COUNT, "operationName": "x"}, "OPERATION_RESOLUTION_FAILURE"),
        ({"query": "subscription ($n: Int!) { count(to: $n) }"}, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_wrong_with_a_document_is_told_on_the_stream(
    served: Served, members: dict[str, Any], code: str
) -> None:
    response = await whole(served, **members)
    assert (response.status_code, response.headers["Content-Type"]) == (200, f"{SSE}; charset=utf-8")
    [data] = [line for line in response.text.split("\n") if line.startswith("data: {")]
    answer = orjson.loads(data.removeprefix("data: "))
    assert set(answer) == {"errors"}
    assert answer["errors"][0]["extensions"]["code"] == code
    assert response.text.endswith("event: complete\ndata: \n\n")


async def test_what_is_wrong_with_a_request_is_told_by_its_status(served: Served) -> None:
    post = served.http.post
    for response, status in (
        (
            await post(
                "/graphql", json={"query": COUNT}, headers={"Accept": SSE, "Authorization": "Bearer bad"}
            ),
            401,
        ),
        (await post("/graphql", json=[], headers={"Accept": SSE}), 400),
        (await post("/graphql", content=b"{", headers={"Accept": SSE, "Content-Type": JSON}), 400),
        (
            await post("/graphql", content=b"query=x", headers={"Accept": SSE, "Content-Type": "text/plain"}),
            415,
        ),
    ):
        assert response.status_code == status
        assert response.headers["Content-Type"].startswith(JSON)
        assert response.json()["errors"][0]["extensions"]["code"]


async def test_a_source_that_cannot_start_says_why_and_completes(served: Served) -> None:
    response = await whole(served, "subscription { events { number } }")
    assert '"code":"UNAUTHENTICATED"' in response.text
    assert response.text.endswith("event: complete\ndata: \n\n")


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        # urql lists all it knows; the answer to a query stays JSON.
        (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL),
        (f"text/event-stream, {JSON}", JSON),
        (f"text/event-stream, {JSON};q=0.1", JSON),
        (f"{PARTS},{GRAPHQL},{JSON};q=0.9", GRAPHQL),
        ("text/event-stream, */*;q=0.1", JSON),
        (f"text/event-stream, {JSON};q=0", SSE),
        ("text/event-stream", SSE),
        ("TEXT/Event-Stream; charset=UTF-8", SSE),
    ],
)
async def test_a_query_is_answered_in_json_where_json_is_taken(
    served: Served, accept: str, expected: str
) -> None:
    response = await whole(served, "{ __typename }", accept)
    assert response.status_code == 200
    assert response.headers["Content-Type"] == f"{expected}; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (f"{GRAPHQL}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", SSE),
        ("text/event-stream, multipart/mixed", SSE),
        (f"{PARTS},{GRAPHQL},{JSON};q=0.9", "multipart/mixed"),
        (f"{PARTS}, text/event-stream", "multipart/mixed"),
        (f"text/event-stream, {PARTS}", SSE),
        (f"text/event-stream;q=0.5, {PARTS}", "multipart/mixed"),
        ('multipart/mixed; subscriptionSpec="1.0", application/json', "multipart/mixed"),
        (f"{JSON}, text/event-stream;q=0.1", SSE),
    ],
)
async def test_a_subscription_is_streamed_in_the_form_wanted_most(
    served: Served, accept: str, expected: str
) -> None:
    response = await whole(served, COUNT, accept)
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith(expected)


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        JSON,
        GRAPHQL,
        "text/*, application/json",
        "multipart/mixed, application/json",
        f"text/event-stream;q=0, {JSON}",
    ],
)
async def test_a_client_that_names_no_stream_is_told_which_there_are(served: Served, accept: str) -> None:
    response = await whole(served, COUNT, accept)
    assert response.status_code == 400
    [error] = response.json()["errors"]
    assert error["extensions"]["code"] == "BAD_REQUEST"
    assert SSE in error["message"]
    assert "graphql-transport-ws" in error["message"]


async def test_by_get_as_browsers_do(served: Served) -> None:
    response = await served.http.get("/graphql", params={"query": COUNT}, headers={"Accept": SSE})
    assert response.text.count("event: next\n") == 2
    refused = await served.http.get(
        "/graphql", params={"query": 'mutation { write(text: "a") }'}, headers={"Accept": SSE}
    )
    assert (refused.status_code, refused.headers["Allow"]) == (405, "POST")
    assert served.application.written == []
    head = await served.http.head("/graphql", params={"query": COUNT}, headers={"Accept": SSE})
    assert head.status_code == 400


async def test_parts_are_whole_as_soon_as_they_are_sent(served: Served) -> None:
    async with stream(served, "subscription { events { number } }", PARTS) as streaming:
        kind = streaming.response.headers["Content-Type"]
        assert kind == 'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0'
        feed = await served.application.feed()
        await feed.queue.put(7)
        part = await streaming.until(b"}\r\n--graphql")
        assert part == (
            b"\r\n--graphql\r\nContent-Type: application/json\r\n\r\n"
            b'{"payload":{"data":{"events":{"number":7}},"extensions":{"context":1}}}\r\n--graphql'
        )
        await feed.queue.put(None)
        assert await streaming.rest() == b"--\r\n"


async def test_a_query_in_parts_is_one_part(served: Served) -> None:
    response = await whole(served, "{ __typename }", PARTS)
    assert response.text.count("Content-Type: application/json") == 1
    assert response.text.endswith("\r\n--graphql--\r\n")


async def test_quiet_streams_have_heartbeats(serve: Serve) -> None:
    served = await serve(DoorLimits(ping_seconds=0.02))
    async with stream(served, "subscription { events { number } }") as streaming:
        await streaming.until(b":\n\n:\n\n:\n\n")
        await (await served.application.feed()).queue.put(1)
        await streaming.until(b'"number":1')
        await streaming.until(b":\n\n")
    async with stream(served, "subscription { events { number } }", PARTS) as streaming:
        empty = b"\r\nContent-Type: application/json\r\n\r\n{}\r\n--graphql"
        await streaming.until(b"--graphql" + empty + empty)


@pytest.mark.parametrize("accept", [SSE, PARTS])
async def test_a_client_that_leaves_closes_the_source(served: Served, accept: str) -> None:
    async with stream(served, "subscription { events { number } }", accept) as streaming:
        feed = await served.application.feed()
        await feed.queue.put(1)
        await streaming.until(b'"number":1')
        assert not feed.closed.is_set()
    async with asyncio.timeout(PATIENCE_SECONDS):
        await feed.closed.wait()


async def test_errors_of_an_event_leave_the_stream_open_and_those_of_the_source_end_it(
    served: Served,
) -> None:
    async with stream(served, "subscription { events { number broken } }") as streaming:
        feed = await served.application.feed()
        await feed.queue.put(1)
        assert b"INTERNAL_SERVER_ERROR" in await streaming.until(b"\n\n") + await streaming.until(b"\n\n")
        await feed.queue.put(ValueError("secret: a password"))
        rest = await streaming.rest()
    assert rest.startswith(b'event: next\ndata: {"errors":[{"message":"Internal server error"')
    assert rest.endswith(b"event: complete\ndata: \n\n")
    assert b"secret" not in rest


async def test_each_event_has_a_context_of_its_own(served: Served) -> None:
    async with stream(served, "subscription { events { context } }") as streaming:
        feed = await served.application.feed()
        for number in (1, 2):
            await feed.queue.put(number)
            await streaming.until(b'"events":{"context":%d}' % number)
        assert not any(context.open for context in served.application.contexts)


async def test_a_stopping_server_ends_streams_without_completing_them(serve: Serve) -> None:
    served = await serve()
    async with stream(served, "subscription { events { number } }") as streaming:
        feed = await served.application.feed()
        await feed.queue.put(1)
        await streaming.until(b'"number":1')
        async with asyncio.timeout(4):  # the server would wait for 5 s
            await served.stop()
            assert b"complete" not in await streaming.rest()
    assert feed.closed.is_set()


@pytest.fixture
def lost(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set when a server has lost a connection; nobody lingers for long."""
    event = asyncio.Event()
    monkeypatch.setattr(protocols, "LINGER_SECONDS", 0.05)
    monkeypatch.setattr(wire, "LINGER_SECONDS", 0.05)
    for protocol in (protocols.RequestProtocol, wire.SocketProtocol):

        def tell(self: Any, error: Exception | None, before: Any = protocol.connection_lost) -> None:
            before(self, error)
            event.set()

        monkeypatch.setattr(protocol, "connection_lost", tell)
    return event


async def test_a_client_that_reads_nothing_is_cut_off(serve: Serve, lost: asyncio.Event) -> None:
    served = await serve(DoorLimits(stall_seconds=0.2))
    text = "subscription { events { padding(length: 500000) } }"
    body = orjson.dumps({"query": text})
    head = f"POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: {JSON}\r\nAccept: {SSE}\r\n"
    head += f"Authorization: Bearer good\r\nContent-Length: {len(body)}\r\n\r\n"
    with _deaf_client(served) as client:
        client.sendall(head.encode() + body)
        feed = await served.application.feed()
        for number in range(40):
            feed.queue.put_nowait(number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await feed.closed.wait()
        await asyncio.wait_for(lost.wait(), PATIENCE_SECONDS)
    assert feed.taken < 40, "the rest was never made"


async def test_a_socket_that_reads_nothing_is_cut_off(serve: Serve, lost: asyncio.Event) -> None:
    served = await serve(DoorLimits(stall_seconds=0.1, unsent_bytes=100_000))
    async with served.socket(init={"token": "good"}) as client:
        await client.subscribe("1", "subscription { events { padding(length: 500000) } }")
        feed = await served.application.feed()
        transport = client.connection.transport
        transport.pause_reading()
        for number in range(40):
            feed.queue.put_nowait(number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await feed.closed.wait()
        await asyncio.wait_for(lost.wait(), PATIENCE_SECONDS)
        transport.abort()


async def test_an_idle_connection_with_an_unread_answer_is_cut_off(serve: Serve, lost: asyncio.Event) -> None:
    served = await serve()
    served.server.config.timeout_keep_alive = 0
    body = orjson.dumps({"query": "{ text(length: 30000000) }"})
    head = (
        f"POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: {JSON}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with _deaf_client(served) as client:
        client.sendall(head.encode() + body)
        await asyncio.wait_for(lost.wait(), PATIENCE_SECONDS)


@contextlib.contextmanager
def _deaf_client(served: Served) -> Any:
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        host, port = served.address.removeprefix("http://").split(":")
        client.connect((host, int(port)))
        yield client
