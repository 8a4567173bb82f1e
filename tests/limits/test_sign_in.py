"""Attempts to sign in: few for one account from one address, more from all; strangers do not keep an owner out."""

from __future__ import annotations

from typing import Any

import httpx

from tests.client import PASSWORD
from tests.limits.conftest import Limited
from tests.world import World

SIGN_IN = """mutation($input: SignInInput!) { signIn(input: $input) { accessToken errors { code } } }"""
RESET = """mutation($input: PasswordResetRequestInput!) { passwordResetRequest(input: $input) { sent } }"""


async def attempt(world: World, email: str, password: str, address: str = "192.0.2.1") -> str:
    """What an attempt to sign in from an address comes to: "in", or a code."""
    variables = {"input": {"email": email, "password": password}}
    response = await send(world, SIGN_IN, variables, address)
    body: dict[str, Any] = response.json()
    if "data" not in body:
        code: str = body["errors"][0]["extensions"]["code"]
        assert response.status_code == (429 if code == "RATE_LIMITED" else 503)
        assert int(response.headers["retry-after"]) >= 1
        return code
    errors = body["data"]["signIn"]["errors"]
    return str(errors[0]["code"]) if errors else "in"


async def send(world: World, document: str, variables: dict[str, Any], address: str) -> httpx.Response:
    async with httpx.AsyncClient(base_url=world.service.url, timeout=30) as http:
        return await http.post(
            "/graphql",
            json={"query": document, "variables": variables},
            headers={"X-Forwarded-For": address, "Accept": "application/graphql-response+json"},
        )


PROXIED: dict[str, Any] = {"trusted_proxies": "127.0.0.0/8"}


async def test_a_right_password_after_too_many_wrong_ones_is_not_even_looked_at(limited: Limited) -> None:
    async with limited(sign_in_attempts=3, **PROXIED) as world:
        email = world.member.email
        for _ in range(3):
            assert await attempt(world, email, "wrong") == "SIGN_IN_FAILED"
        for password in ("wrong", PASSWORD):
            assert await attempt(world, email, password) == "RATE_LIMITED"
        # In any spelling, and nowhere else.
        assert await attempt(world, f"  {email.upper()} ", PASSWORD) == "RATE_LIMITED"
        assert await attempt(world, world.viewer.email, PASSWORD) == "in"
        assert await attempt(world, email, PASSWORD, "192.0.2.2") == "in"


async def test_an_account_that_is_none_is_throttled_alike(limited: Limited) -> None:
    async with limited(sign_in_attempts=2, **PROXIED) as world:
        for email in (world.member.email, "nobody@example.org"):
            told = [await attempt(world, email, "wrong") for _ in range(3)]
            assert told == ["SIGN_IN_FAILED", "SIGN_IN_FAILED", "RATE_LIMITED"]


async def test_only_failures_count(limited: Limited) -> None:
    async with limited(sign_in_attempts=2, **PROXIED) as world:
        for _ in range(4):
            assert await attempt(world, world.member.email, PASSWORD) == "in"


async def test_strangers_everywhere_do_not_keep_the_owner_out_where_they_have_been(limited: Limited) -> None:
    async with limited(sign_in_attempts=3, sign_in_attempts_per_account=4, **PROXIED) as world:
        email = world.member.email
        assert await attempt(world, email, PASSWORD, "198.51.100.7") == "in"
        told = [await attempt(world, email, "wrong", f"192.0.2.{number}") for number in range(1, 8)]
        assert told[:3] == ["SIGN_IN_FAILED"] * 3
        assert told[-1] == "RATE_LIMITED"
        assert await attempt(world, email, PASSWORD, "192.0.2.200") == "RATE_LIMITED"
        assert await attempt(world, email, PASSWORD, "198.51.100.7") == "in"


async def test_one_address_cannot_try_all_accounts(limited: Limited) -> None:
    async with limited(sign_in_attempts_per_address=3, **PROXIED) as world:
        people = [world.member, world.viewer, world.guest, world.owner]
        told = [await attempt(world, person.email, "wrong") for person in people]
        assert told == ["SIGN_IN_FAILED"] * 3 + ["RATE_LIMITED"]


async def test_mails_are_asked_for_only_so_often(limited: Limited) -> None:
    async with limited(sign_in_attempts=2, **PROXIED) as world:
        for email in (world.member.email, "nobody@example.org"):
            variables = {"input": {"email": email}}
            told = [(await send(world, RESET, variables, "192.0.2.1")).status_code for _ in range(3)]
            assert told == [200, 200, 429]


async def test_refresh_tokens_are_not_throttled_by_address(limited: Limited) -> None:
    async with limited(sign_in_attempts=2, sign_in_attempts_per_address=2, **PROXIED) as world:
        refresh = "mutation($input: TokenRefreshInput!) { tokenRefresh(input: $input) { errors { code } } }"
        for number in range(4):
            variables = {"input": {"refreshToken": f"nonsense {number}"}}
            assert (await send(world, refresh, variables, "192.0.2.1")).status_code == 200
        again = [
            (await send(world, refresh, {"input": {"refreshToken": "same"}}, "192.0.2.1")).status_code
            for _ in range(3)
        ]
        assert again == [200, 200, 429]
