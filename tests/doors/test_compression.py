"""Large answers are compressed for clients that say they can read it."""

from __future__ import annotations

import gzip

import brotli
import httpx
import orjson
import pytest

from schema.doors.compression import IN_A_THREAD, WORTH_IT
from tests.doors.conftest import Served


async def answer(
    served: Served, accepted: str | None, length: int = 2 * WORTH_IT
) -> tuple[httpx.Response, bytes]:
    headers = [] if accepted is None else [("Accept-Encoding", accepted)]
    request = served.http.build_request("POST", "/graphql", json={"query": f"{{ text(length: {length}) }}"})
    del request.headers["Accept-Encoding"]
    request.headers.update(headers)
    response = await served.http.send(request, stream=True)
    content = b"".join([chunk async for chunk in response.aiter_raw()])
    await response.aclose()
    return response, content


@pytest.mark.parametrize("length", [2 * WORTH_IT, 2 * IN_A_THREAD])
@pytest.mark.parametrize(
    ("accepted", "name"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br", "br"),
        ("br;q=0.5, gzip", "gzip"),
        ("*", "br"),
        ("GZIP", "gzip"),
    ],
)
async def test_compressed(served: Served, accepted: str, name: str, length: int) -> None:
    response, content = await answer(served, accepted, length)
    assert response.headers["Content-Encoding"] == name
    assert int(response.headers["Content-Length"]) == len(content) < length // 10
    plain = gzip.decompress(content) if name == "gzip" else brotli.decompress(content)
    assert orjson.loads(plain)["data"] == {"text": "x" * length}
    assert "Accept-Encoding" in response.headers["Vary"]


@pytest.mark.parametrize(
    "accepted", [None, "", "identity", "deflate", "gzip;q=0", "br;q=0, gzip;q=0", "gzip;q=x"]
)
async def test_as_it_is(served: Served, accepted: str | None) -> None:
    response, content = await answer(served, accepted)
    assert "Content-Encoding" not in response.headers
    assert orjson.loads(content)["data"]
    assert "Accept-Encoding" in response.headers["Vary"]


async def test_small_answers_are_not_worth_it(served: Served) -> None:
    response, _ = await answer(served, "gzip, br", 100)
    assert "Content-Encoding" not in response.headers


async def test_streams_are_not_held_back_by_compression(served: Served) -> None:
    response = await served.http.post(
        "/graphql",
        json={"query": f"{{ text(length: {2 * WORTH_IT}) }}"},
        headers={"Accept": "text/event-stream", "Accept-Encoding": "gzip, br"},
    )
    assert "Content-Encoding" not in response.headers
