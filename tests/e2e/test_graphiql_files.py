"""What the service sends of GraphiQL: headers, compressed variants, nothing outside its folder."""

import re
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.config import load_settings
from schema.graphiql import best_encoding, graphiql_page, graphiql_routes

SCRIPT = "console.log('ready');"


def client_of(folder: Path) -> httpx.AsyncClient:
    """A client of an application that serves nothing but the page built in `folder`."""
    settings = load_settings(web_dir=folder)

    async def page(request: Request) -> Response:
        return graphiql_page(SimpleNamespace(settings=settings), request)

    application = Starlette(routes=[Route("/graphql", page), *graphiql_routes(settings)])
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(application), base_url="http://lockstep.example:8000"
    )


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A folder as `web/build.py` leaves it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>GraphiQL</title>")
    (folder / "assets" / "main-1a2b.js").write_text(SCRIPT)
    (folder / "assets" / "main-1a2b.js.br").write_bytes(b"as if by brotli")
    (folder / "assets" / "main-1a2b.js.gz").write_bytes(b"as if by gzip")
    (folder / "assets" / "font-3c4d.woff2").write_bytes(b"a font")
    (folder / "secret.js").write_text("not an asset")
    return folder


async def test_page_has_the_strict_policy_and_is_asked_for_again(built: Path) -> None:
    """The policy forbids everything by default and names the socket's address of the same host."""
    async with client_of(built) as client:
        response = await client.get("/graphql")
    assert response.status_code == 200
    assert response.headers["cache-control"] == "no-cache"
    assert response.headers["vary"] == "Accept"
    policy = dict(part.split(" ", 1) for part in response.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["worker-src"] == policy["font-src"] == "'self'"
    assert policy["connect-src"] == "'self' ws://lockstep.example:8000 wss://lockstep.example:8000"


@pytest.mark.parametrize("host", ["x; script-src *", "a b", "*", "ws://x", "x'y", ""])
async def test_host_header_cannot_add_to_the_policy(built: Path, host: str) -> None:
    """The policy names the host only when it is one."""
    async with client_of(built) as client:
        response = await client.get("/graphql", headers={"Host": host})
    assert "connect-src 'self';" in response.headers["content-security-policy"]


async def test_page_says_what_to_do_when_it_is_not_built(built: Path) -> None:
    """Without the built page a person is told the command; once built, no restart is needed."""
    async with client_of(built) as client:
        (built / "index.html").rename(built / "away.html")
        response = await client.get("/graphql")
        assert response.status_code == 503
        assert "make web" in response.text
        (built / "away.html").rename(built / "index.html")
        assert (await client.get("/graphql")).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "encoding", "content"),
    [
        ("gzip, deflate, br, zstd", "br", b"as if by brotli"),
        ("gzip", "gzip", b"as if by gzip"),
        ("br;q=0.5, gzip;q=0.8", "gzip", b"as if by gzip"),
        ("br;q=0, *", "gzip", b"as if by gzip"),
        ("identity", None, SCRIPT.encode()),
        ("", None, SCRIPT.encode()),
    ],
)
async def test_assets_come_compressed_and_stay_cached(
    built: Path, accepted: str, encoding: str | None, content: bytes
) -> None:
    """The compressed file that the client likes best, with a year of caching."""
    async with client_of(built) as client:
        request = client.build_request(
            "GET", "/graphiql/assets/main-1a2b.js", headers={"Accept-Encoding": accepted}
        )
        response = await client.send(request, stream=True)
        raw = b"".join([part async for part in response.aiter_raw()])
    assert raw == content
    assert response.headers.get("content-encoding") == encoding
    assert response.headers["vary"] == "Accept-Encoding"
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["content-security-policy"] == "default-src 'none'"


@pytest.mark.parametrize(
    "path",
    [
        "../secret.js",
        "..%2fsecret.js",
        "%2e%2e/secret.js",
        "main-1a2b.js.gz",
        "main-1a2b.js%00",
        "",
        ".",
        "none.js",
    ],
)
async def test_nothing_but_assets_is_served(built: Path, path: str) -> None:
    """Neither other files of the folder, nor the compressed ones by their own names."""
    async with client_of(built) as client:
        assert (await client.get(f"/graphiql/assets/{path}")).status_code == 404


def test_switched_off_it_has_no_routes() -> None:
    """With LOCKSTEP_GRAPHIQL=false not even the assets are served."""
    assert graphiql_routes(load_settings(graphiql=False)) == []


@given(st.text(alphabet="brgzip;q=.,*01 é", max_size=60))
def test_any_accept_encoding_has_an_answer(header: str) -> None:
    """Nothing that a client sends raises, and nothing is chosen that is refused."""
    chosen = best_encoding(header, ["br", "gzip"])
    assert chosen in {"br", "gzip", None}
    if chosen and re.fullmatch(r"[a-z]*", header):
        assert header == chosen
