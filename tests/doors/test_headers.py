"""Security headers: on every answer of every route, whoever made it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.routing import Route

from app.config import Settings
from app.main import create_app
from schema.doors.headers import ALWAYS, security_headers
from tests.service import Doors, Service, serve
from tests.world import World

PATIENCE_SECONDS = 120
PAGE = {"Accept": "text/html"}
# What GraphiQL's page and its files say themselves: its own policy, and what browsers may keep.
OWN = {"Content-Security-Policy", "Cache-Control"}


async def ask(url: str, method: str, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE_SECONDS, verify=False) as http:
        return await http.request(method, path, headers=headers)


def check(answer: httpx.Response, *, own: bool = False) -> None:
    """An answer has every header, with the usual value or (a page) one of its own."""
    for name, value in ALWAYS.items():
        found = answer.headers.get(name)
        assert found is not None, f"{answer.url} has no {name}"
        if not (own and name in OWN) and name != "Permissions-Policy":
            assert found == value, f"{answer.url}: {name}: {found}"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Permissions-Policy"].startswith("camera=()")
    assert "server" not in answer.headers or "uvicorn" in answer.headers["server"]


def paths(settings: Settings) -> list[str]:
    """An address of every route that is there before the database is, and of those that come with it."""
    fixed = [route.path for route in create_app(settings).routes if isinstance(route, Route)]
    return [*fixed, "/graphql", "/exports/me.json", "/exports/audit/{workspace}.csv"]


async def test_every_route_and_method(world: World, service: Service, quiet: None) -> None:
    found = paths(service.settings)
    assert {"/", "/metrics", "/health/live", "/health/ready", "/graphql"} <= set(found)
    for path in found:
        for method in ("GET", "POST", "HEAD", "DELETE", "OPTIONS"):
            filled = path.replace("{name}", "nothing.js").replace("{workspace}", world.workspace["id"])
            # The public keys may be kept by anybody.
            check(await ask(service.url, method, filled), own=path == "/.well-known/jwks.json")


async def test_what_is_not_found(service: Service) -> None:
    for path in ("/nothing", "/graphql/", "/.git/config", "/%00", "/exports/audit/x.csv", "/exports/"):
        check(await ask(service.url, "GET", path))


async def test_what_somebody_is_signed_in_for(world: World, service: Service) -> None:
    token = f"Bearer {world.owner.token}"
    for path in (
        "/exports/me.json",
        f"/exports/audit/{world.workspace['id']}.jsonl",
        "/graphql?query={viewer{email}}",
    ):
        answer = await ask(service.url, "GET", path, Authorization=token)
        assert answer.status_code == 200
        check(answer)
        assert answer.headers["Cache-Control"] == "no-store"


async def test_the_page_for_browsers(service: Service) -> None:
    answer = await ask(service.url, "GET", "/graphql", **PAGE)
    check(answer, own=True)
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


async def test_the_root_says_where_to_go(service: Service) -> None:
    answer = await ask(service.url, "GET", "/")
    assert answer.json() == {"service": "Lockstep", "graphql": "/graphql", "ready": "/health/ready"}
    page = await ask(service.url, "GET", "/", **PAGE)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert 'href="/graphql"' in page.text


async def test_strict_transport_where_the_public_address_is_https(
    doors: Doors, database: str, make_settings: Callable[..., Settings], logged: list[Any]
) -> None:
    settings = make_settings(database, public_url="https://lockstep.example", hsts_days=30)
    async with serve(doors, settings) as service:
        for path in ("/", "/nothing", "/graphql"):
            answer = await ask(service.url, "GET", path)
            assert answer.headers["Strict-Transport-Security"] == "max-age=2592000"


@pytest.mark.parametrize(
    ("public_url", "days", "told"),
    [
        ("https://x.example", 1, True),
        ("https://x.example", 0, False),
        ("http://x.example", 1, False),
        ("", 1, False),
    ],
)
def test_strict_transport_elsewhere(public_url: str, days: int, told: bool) -> None:
    assert ("Strict-Transport-Security" in security_headers(public_url, days)) is told


async def test_metrics_can_ask_for_a_token(
    doors: Doors, database: str, make_settings: Callable[..., Settings], logged: list[Any]
) -> None:
    async with serve(doors, make_settings(database, metrics_token="swordfish")) as service:
        for headers in ({}, {"Authorization": "Bearer other"}, {"Authorization": "swordfish"}):
            answer = await ask(service.url, "GET", "/metrics", **headers)
            assert (answer.status_code, answer.content) == (401, b"")
        answer = await ask(service.url, "GET", "/metrics", Authorization="Bearer swordfish")
        assert answer.status_code == 200
        assert "lockstep_requests_total" in answer.text
