"""What surrounds a request over HTTP: who asks, how it is named, how large and how slow it may be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson
import pytest

from schema.doors import DoorLimits
from tests.doors.application import Gate
from tests.doors.conftest import Serve, Served

JSON = {"Content-Type": "application/json"}
HEAD = b"POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\n"


async def test_bearer_tokens(served: Served) -> None:
    for header in ("Bearer good", "bearer good", "BEARER   good"):
        response = await served.http.post(
            "/graphql", json={"query": "{ viewer }"}, headers={"Authorization": header}
        )
        assert response.json()["data"] == {"viewer": "Demo Owner"}


async def test_nobody_may_ask_but_is_nobody(served: Served) -> None:
    response = await served.query("{ viewer }")
    assert response.status_code == 200, "the operation ran, its field failed"
    answer = response.json()
    assert answer["data"] is None
    assert answer["errors"][0]["path"] == ["viewer"]
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "WWW-Authenticate" not in response.headers


@pytest.mark.parametrize(
    "header", ["Bearer bad", "Bearer", "Bearer a b", "Basic Z29vZA==", "good", "Bearer \u00ff", ""]
)
@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_401_for_a_token_that_is_not_valid(served: Served, header: str, accept: str) -> None:
    response = await served.http.post(
        "/graphql",
        json={"query": "{ __typename }"},
        headers=[(b"Authorization", header.encode("latin-1")), (b"Accept", accept.encode())],
    )
    assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")
    answer = response.json()
    assert set(answer) == {"errors"}
    assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert not served.application.contexts


async def test_request_ids_go_in_and_out(served: Served) -> None:
    for given in ("abc-123", "0af7651916cd43dd8448eb211c80319c", "A.b_c:d/e+f=g@h", "x" * 128):
        response = await served.http.post(
            "/graphql", json={"query": "{ requestId }"}, headers={"X-Request-ID": given}
        )
        assert response.headers["X-Request-ID"] == response.json()["data"]["requestId"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "-a", "a\tb", 'a"b', "a\u00ff", "{}", "<b>"])
async def test_bad_request_ids_are_replaced(served: Served, given: str) -> None:
    responses = [
        await served.http.post(
            "/graphql", json={"query": "{ requestId }"}, headers=[(b"X-Request-ID", given.encode("latin-1"))]
        )
        for _ in range(2)
    ]
    names = {response.headers["X-Request-ID"] for response in responses}
    assert names == {response.json()["data"]["requestId"] for response in responses}
    assert len(names) == 2
    assert given not in names


async def test_request_ids_come_with_every_answer(served: Served) -> None:
    for method, address in (("GET", "/graphql"), ("PUT", "/graphql"), ("OPTIONS", "/graphql")):
        response = await served.http.request(method, address, headers={"X-Request-ID": "mine"})
        assert response.headers["X-Request-ID"] == "mine"


async def endless(chunks: list[int]) -> AsyncIterator[bytes]:
    """A body that does not end until the server has answered, and counts what was taken of it."""
    while chunks[0] < 1000:
        chunks[0] += 1
        yield b" " * 65_536


async def test_413_over_the_limit(serve: Serve) -> None:
    served = await serve(DoorLimits(body_bytes=1000))
    fits = orjson.dumps({"query": "{ __typename }"}).ljust(1000)
    response = await served.http.post("/graphql", content=fits, headers=JSON)
    assert response.status_code == 200
    for accept in ("application/json", "application/graphql-response+json"):
        response = await served.http.post("/graphql", content=fits + b" ", headers={**JSON, "Accept": accept})
        assert response.status_code == 413
        error = response.json()["errors"][0]
        assert error["extensions"] == {"code": "PAYLOAD_TOO_LARGE", "limit": 1000}


async def test_413_without_reading_on(served: Served) -> None:
    """Neither a declared length over the limit nor a stream without one is ever held."""
    port = int(served.address.rpartition(":")[2])
    for declared in (b"Content-Length: 5000000000", b"Content-Length: 1048577"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD + declared + b"\r\n\r\n")
        async with asyncio.timeout(10):
            assert b" 413 " in await reader.readline()
        writer.close()
        await writer.wait_closed()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Transfer-Encoding: chunked\r\n\r\n")
    for _ in range(17):
        writer.write(b"10000\r\n" + b" " * 65_536 + b"\r\n")
    async with asyncio.timeout(10):
        assert b" 413 " in await reader.readline(), "answered although the body goes on"
    writer.close()
    await writer.wait_closed()


async def test_large_uploads_get_to_read_their_answer(served: Served) -> None:
    chunks = [0]
    response = await served.http.post("/graphql", content=endless(chunks), headers=JSON)
    assert response.status_code == 413


async def test_408_for_a_body_that_does_not_come(serve: Serve) -> None:
    served = await serve(DoorLimits(body_seconds=0.05))
    port = int(served.address.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Content-Length: 9\r\n\r\n{")
    async with asyncio.timeout(10):
        assert b" 408 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


async def test_a_client_that_leaves_early_is_no_error(served: Served, logged: list[object]) -> None:
    port = int(served.address.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD + b"Content-Length: 9\r\n\r\n{")
    writer.close()
    await writer.wait_closed()
    assert (await served.query("{ __typename }")).status_code == 200
    assert not logged


async def test_a_stopping_server_answers_what_is_under_way(serve: Serve) -> None:
    served = await serve()
    gate: Gate = served.application.gate
    asking = asyncio.create_task(served.query('mutation { writeSlowly(text: "kept") }'))
    async with asyncio.timeout(10):
        await gate.entered.wait()
    stopping = asyncio.create_task(served.stop())
    async with asyncio.timeout(10):
        await served.server.stopping.wait()
    gate.opened.set()
    assert (await asking).json()["data"] == {"writeSlowly": "kept"}
    await stopping
