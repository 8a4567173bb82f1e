"""The refresh token as a cookie: for pages of admitted origins, useless to all others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from http.cookies import Morsel, SimpleCookie
from typing import Any
from urllib.parse import quote_plus

import httpx
import pytest

from schema.cookies import NAME
from tests.accounts.conftest import Serving
from tests.client import JSON, PASSWORD, mutation_document
from tests.ledger import Log
from tests.service import Service
from tests.world import World

ALLOWED = "https://board.example"
EVIL = "https://evil.example"
MEMBER = "member@lockstep.example"
LIVE = "SELECT count(*) FROM refresh_tokens WHERE spent_at IS NULL"


@dataclass
class Browser:
    """A page of an origin: what it sends as browsers do, and the cookie that the browser keeps."""

    service: Service
    http: httpx.AsyncClient
    origin: str | None
    cookie: str | None = None

    async def send(self, mutation: str, token: str | None = None, **input: Any) -> httpx.Response:
        """A mutation as `fetch` sends it, credentials included."""
        headers = {"Accept": "application/json"} | ({"Origin": self.origin} if self.origin else {})
        headers |= {"Cookie": f"{NAME}={self.cookie}"} if self.cookie else {}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        body = {"query": mutation_document(mutation), "variables": {"input": input}}
        answer = await self.http.post("/graphql", json=body, headers=headers)
        if (morsel := cookie_of(answer)) is not None:
            self.cookie = morsel.value or None
        return answer

    async def do(self, mutation: str, token: str | None = None, **input: Any) -> JSON:
        """A mutation that is done: its payload."""
        payload: JSON = (await self.send(mutation, token, **input)).json()["data"][mutation]
        assert payload["errors"] == []
        return payload


def cookie_of(answer: httpx.Response) -> Morsel[str] | None:
    """The cookie that an answer sets."""
    return SimpleCookie(answer.headers.get("set-cookie", "")).get(NAME)


@pytest.fixture
async def service(serving: Serving) -> AsyncIterator[Service]:
    """With the cookie, and one front end elsewhere on the same site."""
    async with serving(refresh_cookie="strict", allowed_origins=(ALLOWED,)) as running:
        yield running


@pytest.fixture
async def page(service: Service) -> AsyncIterator[Browser]:
    """A page of the service's own origin."""
    async with httpx.AsyncClient(base_url=service.url) as http:
        yield Browser(service, http, service.url)


async def test_a_browser_never_sees_its_refresh_token(page: Browser, world: World) -> None:
    answer = await page.send("signIn", email=MEMBER, password=PASSWORD)
    payload = answer.json()["data"]["signIn"]
    assert payload["accessToken"]
    assert payload["refreshToken"] is None
    morsel = cookie_of(answer)
    assert morsel is not None
    assert (morsel["secure"], morsel["httponly"], morsel["samesite"]) == (True, True, "Strict")
    assert (morsel["path"], morsel["domain"], morsel["max-age"]) == ("/", "", str(30 * 86_400))
    assert morsel.value not in answer.text
    first = page.cookie
    again = await page.do("tokenRefresh")
    assert again["accessToken"]
    assert again["refreshToken"] is None
    assert page.cookie not in (None, first), "it rotates"
    cors = answer.headers.get("access-control-allow-credentials")
    assert cors is None, "its own origin needs no permission"


async def test_signing_up_and_out(page: Browser, world: World, log: Log) -> None:
    signed_up = await page.do("signUp", email="new@lockstep.example", password=PASSWORD, name="New")
    assert signed_up["refreshToken"] is None
    kept = page.cookie
    assert kept is not None
    answer = await page.send("signOut", signed_up["accessToken"])
    morsel = cookie_of(answer)
    assert morsel is not None
    assert (morsel.value, morsel["max-age"]) == ("", "0")
    page.cookie = kept
    refused = (await page.send("tokenRefresh")).json()["data"]["tokenRefresh"]
    assert refused["errors"][0]["code"] == "SIGN_IN_FAILED"
    assert page.cookie is None, "what is good no longer is forgotten"


async def test_signing_out_when_the_access_token_has_run_out(page: Browser, world: World, log: Log) -> None:
    signed_in = await page.do("signIn", email=MEMBER, password=PASSWORD)
    kept = page.cookie
    assert (await page.do("signOut"))["signedOut"] is True
    assert page.cookie is None
    page.cookie = kept
    assert (await page.send("tokenRefresh")).json()["data"]["tokenRefresh"]["accessToken"] is None
    who = await page.http.post(
        "/graphql", json={"query": "{ viewer { email } }"},
        headers={"Authorization": f"Bearer {signed_in['accessToken']}"},
    )  # fmt: skip
    assert who.status_code == 401
    error = (await page.send("signOut")).json()["errors"][0]
    assert error["extensions"]["code"] == "UNAUTHENTICATED", "there is nobody to sign out"


async def test_an_admitted_front_end_elsewhere(page: Browser, world: World) -> None:
    page.origin = ALLOWED
    answer = await page.send("signIn", email=MEMBER, password=PASSWORD)
    assert answer.headers["access-control-allow-origin"] == ALLOWED
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert (await page.do("tokenRefresh"))["accessToken"]


async def test_programs_have_it_in_the_answer(page: Browser, world: World) -> None:
    page.origin = None
    answer = await page.send("signIn", email=MEMBER, password=PASSWORD)
    assert cookie_of(answer) is None
    token = answer.json()["data"]["signIn"]["refreshToken"]
    assert (await page.do("tokenRefresh", refreshToken=token))["refreshToken"]


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "http://127.0.0.1.evil.example", "http://127.0.0.1:1", None]
)
async def test_no_other_site_can_use_the_cookie(
    page: Browser, world: World, log: Log, origin: str | None
) -> None:
    """Even if a browser sent it along, and even if the request were no simple one."""
    await page.do("signIn", email=MEMBER, password=PASSWORD)
    kept, live = page.cookie, await log.connection.fetchval(LIVE)
    page.origin = origin
    answer = await page.send("tokenRefresh")
    assert answer.json()["data"]["tokenRefresh"]["accessToken"] is None
    assert (await page.send("signOut")).json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "set-cookie" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    assert await log.connection.fetchval(LIVE) == live, "nothing was exchanged, and nothing ended"
    page.origin, page.cookie = page.service.url, kept
    assert (await page.do("tokenRefresh"))["accessToken"]


DOCUMENT = "mutation { tokenRefresh(input: {}) { accessToken } }"
FORM = f'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\n{DOCUMENT}\r\n--x--\r\n'
SIMPLE = [
    ("POST", "text/plain", f'{{"query": "{DOCUMENT}"}}'),
    ("POST", "application/x-www-form-urlencoded", f"query={quote_plus(DOCUMENT)}"),
    ("POST", "multipart/form-data; boundary=x", FORM),
    ("POST", "", f'{{"query": "{DOCUMENT}"}}'),
    ("GET", "", ""),
]


@pytest.mark.parametrize("origin", [EVIL, ALLOWED])
@pytest.mark.parametrize(("method", "kind", "body"), SIMPLE)
async def test_hostile_simple_requests_do_nothing(
    page: Browser, world: World, log: Log, origin: str, method: str, kind: str, body: str
) -> None:
    """What a page of another origin can send without asking: forms, beacons, images; with every cookie."""
    await page.do("signIn", email=MEMBER, password=PASSWORD)
    before = await log.fingerprint()
    headers = {"Origin": origin, "Cookie": f"{NAME}={page.cookie}"} | ({"Content-Type": kind} if kind else {})
    parameters = (
        {"query": "mutation { tokenRefresh(input: {}) { accessToken } }"} if method == "GET" else None
    )
    answer = await page.http.request(method, "/graphql", content=body, headers=headers, params=parameters)
    assert answer.status_code in (400, 405, 415)
    assert "set-cookie" not in answer.headers
    assert await log.fingerprint() == before


async def test_without_the_setting_cookies_are_nothing(serving: Serving, world: World) -> None:
    async with (
        serving(allowed_origins=(ALLOWED,)) as service,
        httpx.AsyncClient(base_url=service.url) as http,
    ):
        page = Browser(service, http, ALLOWED)
        answer = await page.send("signIn", email=MEMBER, password=PASSWORD)
        assert "set-cookie" not in answer.headers
        assert "access-control-allow-credentials" not in answer.headers
        page.cookie = answer.json()["data"]["signIn"]["refreshToken"]
        assert (await page.send("tokenRefresh")).json()["data"]["tokenRefresh"]["accessToken"] is None


async def test_lax_by_setting(serving: Serving, world: World) -> None:
    async with serving(refresh_cookie="lax") as service, httpx.AsyncClient(base_url=service.url) as http:
        answer = await Browser(service, http, service.url).send("signIn", email=MEMBER, password=PASSWORD)
        morsel = cookie_of(answer)
        assert morsel is not None
        assert morsel["samesite"] == "Lax"
