"""Signing up, in, out and on."""

from __future__ import annotations

import asyncio

import pytest

from tests.client import PASSWORD, mutation_document
from tests.folding import Scope
from tests.invariants import refused_unchanged, verify_events
from tests.ledger import Log
from tests.world import World

WHO = "{ viewer { email user { name } } }"


async def test_an_account_signs_in(world: World) -> None:
    client = await world.nobody.sign_up("New@Lockstep.example", "Newcomer", timeZone="Europe/Helsinki")
    assert (await client.query(WHO))["viewer"] == {
        "email": "new@lockstep.example",
        "user": {"name": "Newcomer"},
    }
    again = await world.nobody.sign_in("NEW@lockstep.example")
    assert again.token != client.token
    assert (await world.nobody.query(WHO))["viewer"] is None


async def test_which_of_address_and_password_is_wrong_is_not_told(world: World, log: Log) -> None:
    before = await log.fingerprint()
    errors = [
        await world.nobody.refused("signIn", email=email, password=password)
        for email, password in (
            ("member@lockstep.example", "wrong password"),
            ("nobody@lockstep.example", PASSWORD),
            ("member@lockstep.example", "x" * 5000),
        )
    ]
    assert errors[0] == errors[1] == errors[2]
    assert errors[0]["code"] == "SIGN_IN_FAILED"
    assert await log.fingerprint() == before
    failed = await log.connection.fetchval(
        "SELECT count(DISTINCT request_id) FROM audit_entries WHERE action = 'session.refused'"
    )
    assert failed == 3, "of nobody's account too"


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"email": "no address"}, "email"), ({"email": "MEMBER@lockstep.example"}, "email"),
        ({"password": "short"}, "password"), ({"name": "  "}, "name"), ({"timeZone": "Mars/Olympus"}, "timeZone"),
    ],
)  # fmt: skip
async def test_what_an_account_may_not_be(world: World, log: Log, changes: dict[str, str], path: str) -> None:
    given = {"email": "new@lockstep.example", "password": PASSWORD, "name": "New"} | changes
    error = await refused_unchanged(log, world.nobody.refused("signUp", **given))
    assert error["path"] == [path]


async def test_one_address_is_one_account_however_often_it_signs_up_at_once(world: World, log: Log) -> None:
    payloads = await asyncio.gather(
        *(
            world.nobody.answer("signUp", email="same@lockstep.example", password=PASSWORD, name=f"N{n}")
            for n in range(4)
        )
    )
    assert sorted(len(payload["errors"]) for payload in payloads) == [0, 1, 1, 1]
    count = "SELECT count(*) FROM users WHERE email = 'same@lockstep.example'"
    assert await log.connection.fetchval(count) == 1


async def test_a_refresh_token_rotates_with_ten_seconds_of_grace(world: World, log: Log) -> None:
    client = await world.nobody.sign_in("member@lockstep.example")
    first = client.refresh_token
    once = await world.nobody.do("tokenRefresh", refreshToken=first)
    twice = await world.nobody.do("tokenRefresh", refreshToken=first)
    assert len({first, once["refreshToken"], twice["refreshToken"]}) == 3
    await log.connection.execute("UPDATE refresh_tokens SET spent_at = spent_at - interval '11 s'")
    error = await world.nobody.refused("tokenRefresh", refreshToken=first)
    assert error["code"] == "SIGN_IN_FAILED"
    error = await world.nobody.refused("tokenRefresh", refreshToken=once["refreshToken"])
    assert error["code"] == "SIGN_IN_FAILED", "a spent one shown late ends the whole sign-in: it was stolen"


async def test_signing_out_ends_tokens_and_streams_of_that_sign_in_alone(world: World) -> None:
    client = await world.nobody.sign_in("member@lockstep.example")
    async with (
        client.follow(world.eng["scope"]) as ending,
        world.member.follow(world.eng["scope"]) as staying,
    ):
        await client.do("signOut")
        frame = await ending.ended()
        assert frame["reason"] == "SIGNED_OUT"
        assert (await client.ask(WHO)).codes == ["UNAUTHENTICATED"]
        error = await world.nobody.refused("tokenRefresh", refreshToken=client.refresh_token)
        assert error["code"] == "SIGN_IN_FAILED"
        task = await world.task()
        assert [event["objectId"] for event in await staying.until(staying.seq + 1)] == [task["id"]]


async def test_a_socket_goes_on_with_a_new_token_of_the_same_person(world: World) -> None:
    member = await world.nobody.sign_in("member@lockstep.example")
    document = mutation_document("socketRenew")
    async with world.member.socket() as socket:
        renewed = await socket.run(document, input={"accessToken": member.token})
        assert renewed["data"]["socketRenew"]["expiresIn"] > 3500
        other = await socket.run(document, input={"accessToken": world.manager.token})
        assert other["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await socket.run(WHO))["data"]["viewer"]["email"] == "member@lockstep.example"
    over_http = await member.ask(document, {"input": {"accessToken": member.token}})
    assert over_http.codes == ["BAD_USER_INPUT"]


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "x" * 5000])
async def test_a_token_that_is_none_of_ours(world: World, token: str) -> None:
    client = world.nobody
    client.token = token
    assert (await client.ask(WHO)).codes == ["UNAUTHENTICATED"]


async def test_a_rename_reaches_every_directory_and_no_board(world: World) -> None:
    seq = (await world.position())["seq"]
    async with verify_events(world.owner, Scope("directory", world.workspace["id"])) as verified:
        await world.member.do(
            "profileUpdate", expectedVersion=1, name="Renamed", avatarUrl="https://a.example/b.png"
        )
        await world.member.do("profileUpdate", expectedVersion=2, timeZone="Europe/Helsinki")
        await world.member.do("profileUpdate", expectedVersion=3, avatarUrl=None)
    assert verified.kinds == ["PersonUpdated"] * 3
    assert (await world.position())["seq"] == seq
    error = await world.member.refused("profileUpdate", expectedVersion=1, name="Late")
    assert (error["code"], error["currentVersion"]) == ("VERSION_CONFLICT", 4)


@pytest.mark.parametrize(
    "url", ["http://a.example/b.png", "javascript:alert(1)", "https://", "https://a.example/\" onerror=alert(1)",
            "https://a.example/'x", "https://a.example/<script>"],
)  # fmt: skip
async def test_a_picture_is_an_address_that_ends_no_attribute(world: World, url: str) -> None:
    error = await world.member.refused("profileUpdate", expectedVersion=1, avatarUrl=url)
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", ["avatarUrl"])
