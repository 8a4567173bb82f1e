"""Pages of other origins: by setting, and never by accident. Source: the fetch standard, "CORS protocol"."""

from __future__ import annotations

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from schema.doors import Origins
from tests.doors.conftest import Serve, Served

BOARD = "https://board.example"
ASKING = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.fixture
async def open_served(serve: Serve) -> Served:
    """A server that admits one other origin."""
    return await serve(origins=Origins([BOARD]))


async def test_an_allowed_origin_may_read_answers(open_served: Served) -> None:
    body = {"query": "{ __typename }"}
    response = await open_served.http.post("/graphql", json=body, headers={"Origin": BOARD})
    assert response.headers["Access-Control-Allow-Origin"] == BOARD
    assert "X-Request-ID" in response.headers["Access-Control-Expose-Headers"]
    assert "Origin" in response.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in response.headers, "there are no cookies"


async def test_refusals_and_streams_can_be_read_too(open_served: Served) -> None:
    body = b'{"query": "{ __typename }"}'
    for headers in (
        {"Authorization": "Bearer bad"},
        {"Content-Type": "text/plain"},
        {"Accept": "text/event-stream"},
    ):
        sent = {"Content-Type": "application/json", **headers, "Origin": BOARD}
        response = await open_served.http.post("/graphql", content=body, headers=sent)
        assert response.headers["Access-Control-Allow-Origin"] == BOARD


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "https://board.example.evil.example", "http://board.example", "", "*"],
)
async def test_other_origins_get_no_permission(open_served: Served, origin: str) -> None:
    for method, headers in (("POST", {}), ("OPTIONS", ASKING)):
        response = await open_served.http.request(
            method, "/graphql", json={"query": "{ __typename }"}, headers={"Origin": origin, **headers}
        )
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]


async def test_a_preflight_is_answered(open_served: Served) -> None:
    response = await open_served.http.options("/graphql", headers={"Origin": BOARD, **ASKING})
    assert response.status_code == 204
    assert response.headers["Access-Control-Allow-Origin"] == BOARD
    assert response.headers["Access-Control-Allow-Methods"] == "GET, POST"
    assert response.headers["Access-Control-Allow-Headers"] == "authorization,content-type"
    assert int(response.headers["Access-Control-Max-Age"]) > 0


@pytest.mark.parametrize("asked", ["", "a\tb", "<x>", "x" * 65, ",".join(["a"] * 40)])
async def test_odd_headers_in_a_preflight_are_not_echoed(open_served: Served, asked: str) -> None:
    headers = {"Origin": BOARD, **ASKING, "Access-Control-Request-Headers": asked}
    response = await open_served.http.options("/graphql", headers=headers)
    assert response.headers["Access-Control-Allow-Headers"] == "Authorization, Content-Type"


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None]
)
async def test_simple_requests_do_nothing(open_served: Served, kind: str | None) -> None:
    body = b'{"query": "mutation { write(text: \\"x\\") }"}'
    headers = {"Origin": "https://evil.example"} | ({"Content-Type": kind} if kind else {})
    response = await open_served.http.post("/graphql", content=body, headers=headers)
    assert response.status_code == 415
    response = await open_served.http.get("/graphql", params={"query": 'mutation { write(text: "x") }'})
    assert response.status_code == 405
    assert open_served.application.written == []


async def shake(served: Served, origin: str | None) -> None:
    url = f"ws{served.address.removeprefix('http')}/graphql"
    protocol = [Subprotocol("graphql-transport-ws")]
    async with connect(url, subprotocols=protocol, origin=None if origin is None else Origin(origin)):
        pass


async def test_sockets_are_opened_to_admitted_origins(open_served: Served) -> None:
    for origin in (
        None,
        BOARD,
        BOARD.upper(),
        open_served.address,
        open_served.address.replace("http", "https"),
    ):
        await shake(open_served, origin)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "null", "http://127.0.0.1:1", "http://127.0.0.1", "http://[", "file://", ""],
)
async def test_sockets_are_closed_to_others(open_served: Served, origin: str) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await shake(open_served, origin)
    assert refused.value.response.status_code == 403


def test_our_own_origin_is_where_people_reach_us() -> None:
    origins = Origins(public_url="https://lockstep.example")
    assert origins.admits("https://lockstep.example", "10.0.0.7:8000")
    assert not origins.admits("https://other.example", "10.0.0.7:8000")
    assert Origins().admits("https://lockstep.example", "lockstep.example:443")
    assert Origins().admits("http://lockstep.example:80", "lockstep.example")
    assert not Origins().admits("https://lockstep.example", None)


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example@lockstep.example", "https://lockstep.example/x", "https://lockstep.example?x",
     "chrome-extension://lockstep.example", "//lockstep.example", "https://lockstep.example, https://evil.example"],
)  # fmt: skip
def test_what_no_browser_names_as_an_origin_is_none(origin: str) -> None:
    assert not Origins().admits(origin, "lockstep.example")


def test_where_people_reach_us_by_tls_a_page_without_it_is_not_ours() -> None:
    origins = Origins(public_url="https://lockstep.example")
    assert not origins.admits("http://lockstep.example", "lockstep.example")
    assert origins.admits("https://lockstep.example", "lockstep.example")
    assert origins.admits("http://localhost:8000", "localhost:8000"), "on the machine itself"
    assert Origins(public_url="http://lockstep.example").admits("http://lockstep.example", "lockstep.example")
