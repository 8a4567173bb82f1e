"""Where one is signed in: listed, ended by their owner, and gone everywhere within a second."""

from __future__ import annotations

import httpx
import pytest

from tests.accounts.conftest import Serving
from tests.client import JSON, Client, mutation_document, new_key
from tests.invariants import hidden_equals_missing
from tests.ledger import Log
from tests.service import Service
from tests.world import World, uuids

WHO = "{ viewer { email } }"
MINE = "{ viewer { sessions { id method createdAt lastUsedAt address userAgent current } } }"


async def sessions(client: Client) -> list[JSON]:
    """What somebody is told of their own sessions."""
    found: list[JSON] = (await client.query(MINE))["viewer"]["sessions"]
    return found


async def test_they_are_listed_with_who_when_and_where(world: World, log: Log) -> None:
    first = await world.nobody.sign_in("member@lockstep.example")
    second = await world.nobody.sign_in("member@lockstep.example")
    told = await sessions(second)
    assert len(told) == 3, "these two, and the one of the world's making"
    assert [one["current"] for one in told] == [True, False, False]
    assert told[0]["address"] == "127.0.0.1"
    assert told[0]["userAgent"].startswith("python-httpx/")
    assert {one["method"] for one in told} == {"PASSWORD"}
    await world.nobody.do("tokenRefresh", refreshToken=first.refresh_token)
    again = await sessions(second)
    assert [one["id"] for one in again] == [told[1]["id"], told[0]["id"], told[2]["id"]], "used last first"
    assert again[0]["lastUsedAt"] > told[1]["lastUsedAt"]
    assert again[0]["createdAt"] == told[1]["createdAt"]


async def test_what_can_be_used_no_longer_is_not_listed(world: World, log: Log) -> None:
    client = await world.nobody.sign_in("member@lockstep.example")
    await log.connection.execute(
        "UPDATE refresh_tokens SET expires_at = now() - interval '1 s'; "
        "UPDATE sign_ins SET last_used_at = now() - interval '2 h' "
        "WHERE created_at < (SELECT max(created_at) FROM sign_ins)"
    )
    assert [one["current"] for one in await sessions(client)] == [True], "by its access token still"


async def test_one_ends_one_of_ones_own(world: World, log: Log) -> None:
    ending = await world.nobody.sign_in("member@lockstep.example")
    client = await world.nobody.sign_in("member@lockstep.example")
    [target] = [one["id"] for one in await sessions(ending) if one["current"]]
    key = new_key()
    for _ in range(2):  # a retry answers the same
        payload = await client.do("sessionRevoke", id=target, clientMutationId=key)
        assert payload["ended"] == 1
    assert (await ending.ask(WHO)).codes == ["UNAUTHENTICATED"]
    error = await world.nobody.refused("tokenRefresh", refreshToken=ending.refresh_token)
    assert error["code"] == "SIGN_IN_FAILED"
    assert target not in [one["id"] for one in await sessions(client)]
    assert (await client.refused("sessionRevoke", id=target))["code"] == "NOT_FOUND", "it is over already"
    entries = "SELECT count(*) FROM audit_entries WHERE action = 'session.revoked' AND target_id = $1"
    assert await log.connection.fetchval(entries, uuids(target)[0]) == 1


async def test_one_ends_all_others(world: World) -> None:
    others = [await world.nobody.sign_in("member@lockstep.example") for _ in range(2)]
    client = await world.nobody.sign_in("member@lockstep.example")
    assert (await client.do("sessionRevokeOthers"))["ended"] == 3
    for other in others:
        assert (await other.ask(WHO)).codes == ["UNAUTHENTICATED"]
    assert [one["current"] for one in await sessions(client)] == [True]
    assert (await world.manager.query(WHO))["viewer"] is not None, "another's go on"


async def test_anothers_session_is_not_there(world: World, service: Service) -> None:
    hidden = (await sessions(world.manager))[0]["id"]
    document = mutation_document("sessionRevoke")
    await hidden_equals_missing(
        service, world.member, document, {"input": {"id": hidden}}, ("input", "id"), hidden
    )
    await hidden_equals_missing(
        service, world.member, "query($id: ID!) { node(id: $id) { id } }", {"id": ""}, ("id",), hidden
    )
    own = (await sessions(world.member))[0]["id"]
    node = await world.member.query(
        "query($id: ID!) { node(id: $id) { id ... on Session { current } } }", id=own
    )
    assert node["node"] == {"id": own, "current": True}
    assert len(await sessions(world.manager)) == 1


async def test_reuse_of_a_spent_refresh_token_ends_its_family_for_everybody_who_uses_it(
    world: World, log: Log
) -> None:
    client = await world.nobody.sign_in("member@lockstep.example")
    stolen = client.refresh_token
    async with client.follow(world.eng["scope"]) as stream:
        await world.nobody.do("tokenRefresh", refreshToken=stolen)
        await log.connection.execute("UPDATE refresh_tokens SET spent_at = spent_at - interval '11 s'")
        await world.nobody.refused("tokenRefresh", refreshToken=stolen)
        assert (await stream.ended())["reason"] == "SIGNED_OUT"
    assert (await client.ask(WHO)).codes == ["UNAUTHENTICATED"]
    assert await log.connection.fetchval(
        "SELECT count(*) FROM audit_entries WHERE action = 'session.refresh_token_reused'"
    )


@pytest.mark.parametrize("way", ["session", "others", "reset", "reuse", "out"])
async def test_it_is_over_in_every_process_over_every_door(
    world: World, log: Log, serving: Serving, way: str
) -> None:
    """Ended in one process; requests, sockets and streams of another end without being asked."""
    client = await world.nobody.sign_in("member@lockstep.example")
    async with serving() as elsewhere:
        there = elsewhere.client(client.token)
        assert (await there.query(WHO))["viewer"] is not None
        document = "subscription($s: ID!) { events(scope: $s) { kind reason } }"
        headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {client.token}"}
        asked = {"query": document, "variables": {"s": world.eng["scope"]}}
        async with (
            there.follow(world.eng["scope"]) as socket,
            httpx.AsyncClient(base_url=there.url, timeout=30) as http,
            http.stream("POST", "/graphql", json=asked, headers=headers) as events,
        ):
            await _end(world, log, client, way)
            assert (await socket.ended())["reason"] == "SIGNED_OUT"
            text = "".join([line async for line in events.aiter_lines()])
            assert '"reason":"SIGNED_OUT"' in text
            assert (await socket.socket.run(WHO))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await there.ask(WHO)).codes == ["UNAUTHENTICATED"]


async def _end(world: World, log: Log, client: Client, way: str) -> None:
    other = await world.nobody.sign_in("member@lockstep.example")
    if way == "session":
        [target] = [one["id"] for one in await sessions(client) if one["current"]]
        await other.do("sessionRevoke", id=target)
    elif way == "others":
        await other.do("sessionRevokeOthers")
    elif way == "reset":
        await other.do(
            "passwordChange", currentPassword="correct horse battery", newPassword="another password"
        )
    elif way == "reuse":
        await world.nobody.do("tokenRefresh", refreshToken=client.refresh_token)
        await log.connection.execute("UPDATE refresh_tokens SET spent_at = spent_at - interval '11 s'")
        await world.nobody.refused("tokenRefresh", refreshToken=client.refresh_token)
    else:
        await client.do("signOut")
