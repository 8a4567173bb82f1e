"""Providers, browsers and pages that lie."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from joserfc.jwk import ECKey, OctKey

from tests.client import JSON
from tests.ledger import Log
from tests.oidc.browser import FRONT_END, Browser, challenge_of
from tests.oidc.provider import SECRET, Provider, signed, unsigned
from tests.service import Service
from tests.world import World

PERSON = {"sub": "1", "email": "new@lockstep.example", "email_verified": True}


async def fails(browser: Browser, log: Log, logged: list[Any] | None = None) -> str:
    """The flow comes back with nothing but that it failed, and nothing was kept. Why, as the log tells it."""
    told = await browser.come_back(await browser.answered(await browser.begin()))
    assert told == {"oidc_error": "FAILED"}
    assert await log.connection.fetchval("SELECT count(*) FROM provider_answers") == 0
    reasons = [entry["reason"] for entry in logged or () if entry["event"] == "provider_failed"]
    return reasons[-1] if reasons else ""


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"}, {"iss": None}, {"aud": "somebody-else"}, {"aud": None},
        {"aud": ["lockstep", "else"]}, {"aud": ["lockstep", "else"], "azp": "else"}, {"nonce": "another"},
        {"nonce": None},
        {"exp": 1}, {"exp": None}, {"sub": ""}, {"sub": None}, {"sub": 7}, {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000}, {"at_hash": "bm90IHRoYXQgdG9rZW4"},
    ],
    ids=str,
)  # fmt: skip
async def test_claims_that_are_not_for_us(
    browser: Browser, corp: Provider, log: Log, logged: list[Any], claims: JSON
) -> None:
    corp.person, corp.claims = PERSON, claims
    reason = await fails(browser, log, logged)
    assert reason.startswith("the id token")


def _by_another_key(claims: JSON) -> str:
    return signed(claims, ECKey.generate_key("P-256", {"kid": "one"}), kid="one")


def _by_an_unknown_key(claims: JSON) -> str:
    return signed(claims, ECKey.generate_key("P-256", {"kid": "two"}), kid="two")


def _by_our_secret(claims: JSON) -> str:
    """HMAC with the client's secret, which a careless check would take for the key of that name."""
    return signed(claims, OctKey.import_key(SECRET), "HS256", kid="shared")


def _changed(claims: JSON) -> str:
    head, _, tail = signed(claims, ECKey.generate_key("P-256")).split(".")
    return f"{head}.{unsigned(claims).split('.')[1]}.{tail}"


@pytest.mark.parametrize(
    "make",
    [unsigned, _by_another_key, _by_an_unknown_key, _by_our_secret, _changed, lambda claims: "nonsense"],
)
async def test_tokens_that_the_provider_did_not_sign(
    browser: Browser, corp: Provider, log: Log, logged: list[Any], make: Callable[[JSON], str]
) -> None:
    corp.person, corp.make = PERSON, make
    reason = await fails(browser, log, logged)
    assert reason.startswith("the id token is not valid")


async def test_the_public_key_is_no_shared_secret(
    browser: Browser, corp: Provider, log: Log, logged: list[Any]
) -> None:
    """The old confusion: HS256 with the text of the public key as its secret."""
    public = corp.key.as_pem(private=False)

    def make(claims: JSON) -> str:
        def part(data: bytes) -> str:
            return urlsafe_b64encode(data).rstrip(b"=").decode()

        head = part(b'{"alg":"HS256","kid":"one"}')
        body = f"{head}.{unsigned(claims).split('.')[1]}"
        return f"{body}.{part(hmac.digest(public, body.encode(), 'sha256'))}"

    corp.person, corp.make = PERSON, make
    reason = await fails(browser, log, logged)
    assert reason.startswith("the id token is not valid")


async def test_a_key_that_is_new_is_fetched_once(
    browser: Browser, corp: Provider, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    corp.person = PERSON
    await browser.signed_in()
    corp.key = ECKey.generate_key("P-256", {"kid": "one"})
    corp.make = lambda claims: signed(claims, corp.key, kid="new")
    await fails(browser, log)
    assert corp.asked.count("jwks") == 1, "strangers' tokens do not have us fetch keys all day"
    monkeypatch.setattr("app.oidc.metadata.KEYS_AGAIN_SECONDS", 0)
    corp.key = ECKey.generate_key("P-256", {"kid": "new"})
    await browser.signed_in()


async def test_a_provider_that_says_it_is_another(browser: Browser, corp: Provider) -> None:
    corp.metadata = {"issuer": "https://evil.example"}
    asked = urlencode({"return_to": FRONT_END, "challenge": challenge_of(browser.verifier)})
    answer = await browser.get(f"/auth/oidc/corp/start?{asked}")
    assert parse_qs(urlsplit(answer.headers["location"]).query)["oidc_error"] == ["UNAVAILABLE"]


async def test_mixed_up_providers(browser: Browser, providers: tuple[Provider, Provider], log: Log) -> None:
    """An answer of one that is given to another's address, or names another issuer (RFC 9207)."""
    corp, other = providers
    back = await browser.answered(await browser.begin("corp"))
    answer = await browser.get(back.replace("/oidc/corp/", "/oidc/other/"))
    assert answer.status_code == 400
    corp.answer = {"iss": other.issuer}
    await fails(browser, log)
    corp.answer = {"iss": corp.issuer}
    corp.person = PERSON
    await browser.signed_in()


async def test_an_issuer_that_always_names_itself_must(browser: Browser, corp: Provider, log: Log) -> None:
    corp.metadata = {"authorization_response_iss_parameter_supported": True}
    await fails(browser, log)


async def test_an_answer_comes_back_to_the_browser_that_began_and_once(
    service: Service, browser: Browser, corp: Provider
) -> None:
    corp.person = PERSON
    victim = Browser(service)
    back = await browser.answered(await browser.begin())
    assert (await victim.get(back)).status_code == 400, "whoever did not begin is not signed in as another"
    await victim.begin()
    assert (await victim.get(back)).status_code == 400, "nor with a flow of their own under way"
    assert "oidc_code" in await browser.come_back(back)
    assert (await browser.get(back)).status_code == 400, "an answer counts once"
    await victim.close()


@pytest.mark.parametrize("state", ["", "x", "x" * 43])
async def test_a_state_that_is_made_up(browser: Browser, state: str) -> None:
    back = await browser.answered(await browser.begin())
    place = urlsplit(back)
    asked = {name: value for name, [value] in parse_qs(place.query).items()}
    # The cookie's name has the first letters of the state: those may be known.
    made_up = asked["state"][:8] + state
    answer = await browser.get(place._replace(query=urlencode({**asked, "state": made_up})).geturl())
    assert answer.status_code == 400


@pytest.mark.parametrize("cookie", ["", "nonsense", "e30", "eyJwcm92aWRlciI6MX0"])
async def test_a_cookie_that_is_made_up(browser: Browser, cookie: str) -> None:
    back = await browser.answered(await browser.begin())
    [name] = browser.cookies
    browser.cookies[name] = cookie
    assert (await browser.get(back)).status_code == 400


async def test_two_flows_at_once_in_one_browser(browser: Browser, corp: Provider) -> None:
    first, second = await browser.begin(), await browser.begin()
    for page in (second, first):
        assert "oidc_code" in await browser.come_back(await browser.answered(page))


async def test_a_code_is_for_the_page_that_began_and_once(
    world: World, service: Service, browser: Browser, corp: Provider, log: Log
) -> None:
    """Else somebody could have a victim's page sign in as them, by a link with their own code."""
    corp.person = PERSON
    code = await browser.code()
    wrong = await world.nobody.refused("oidcExchange", code=code, verifier="w" * 43)
    right = await world.nobody.refused("oidcExchange", code=code, verifier=browser.verifier)
    assert wrong == right, "the first try spent it"
    for verifier in ("", browser.verifier, "x" * 5000):
        assert await world.nobody.refused("oidcExchange", code="nonsense", verifier=verifier) == wrong
    code = await browser.code()
    await log.connection.execute("UPDATE provider_answers SET expires_at = now() - interval '1 s'")
    assert await world.nobody.refused("oidcExchange", code=code, verifier=browser.verifier) == wrong
    code = await browser.code()
    await world.nobody.do("oidcExchange", code=code, verifier=browser.verifier)
    assert await world.nobody.refused("oidcExchange", code=code, verifier=browser.verifier) == wrong
    assert await world.member.refused("identityLink", code=code, verifier=browser.verifier) == wrong


@pytest.mark.parametrize(
    "url",
    [
        "", "/board", "//evil.example", "https://evil.example/", "https://board.lockstep.example.evil.example/",
        "https://board.lockstep.example@evil.example/", "https://user:word@board.lockstep.example/",
        "http://board.lockstep.example/", "https://board.lockstep.example:444/", "javascript:alert(1)",
        "https://evil.example\\@board.lockstep.example/", "https://board.lockstep.example\\.evil.example/",
        " https://board.lockstep.example/", "https://board.lockstep.example/\r\nSet-Cookie: a=b", "https://[",
        "data:,x",
        "https:board.lockstep.example", "https:///board.lockstep.example",
        f"https://board.lockstep.example/{'x' * 2048}",
    ],
)  # fmt: skip
async def test_nobody_is_sent_where_we_do_not_know(browser: Browser, url: str) -> None:
    challenge = challenge_of(browser.verifier)
    answer = await browser.get(f"/auth/oidc/corp/start?return_to={quote(url, safe='')}&challenge={challenge}")
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert browser.cookies == {}


@pytest.mark.parametrize("challenge", ["", "short", "x" * 44, "!" * 43])
async def test_a_flow_without_a_challenge_does_not_begin(browser: Browser, challenge: str) -> None:
    asked = urlencode({"return_to": FRONT_END, "challenge": challenge})
    assert (await browser.get(f"/auth/oidc/corp/start?{asked}")).status_code == 400


async def test_a_provider_that_nobody_set_up(browser: Browser) -> None:
    for path in ("start", "callback"):
        assert (await browser.get(f"/auth/oidc/nowhere/{path}")).status_code == 404


async def test_somebody_who_says_no(browser: Browser, corp: Provider) -> None:
    for error, told in (("access_denied", "DENIED"), ("server_error", "FAILED"), ("<script>", "FAILED")):
        corp.answer = {"error": error, "error_description": "<script>"}
        back = await browser.answered(await browser.begin())
        assert await browser.come_back(back) == {"oidc_error": told}


@pytest.mark.parametrize("what", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
async def test_a_provider_that_does_not_answer(browser: Browser, corp: Provider, log: Log, what: str) -> None:
    corp.person, corp.in_token = PERSON, False
    corp.metadata = {what: f"{corp.issuer}/nowhere"}
    await fails(browser, log)


async def test_no_secret_comes_into_an_address_a_log_or_a_table(
    browser: Browser, corp: Provider, logged: list[Any], log: Log
) -> None:
    corp.person = PERSON
    page = await browser.begin()
    [cookie] = browser.cookies.values()
    code = (await browser.come_back(await browser.answered(page)))["oidc_code"]
    kept = await log.connection.fetchval("SELECT string_agg(a::text, '') FROM provider_answers a")
    client = browser.service.client()
    payload = await client.do("oidcExchange", code=code, verifier=browser.verifier)
    for secret in (cookie, code, browser.verifier, SECRET, payload["accessToken"], payload["refreshToken"]):
        for where in (page, kept, str(logged)):
            assert secret not in where
