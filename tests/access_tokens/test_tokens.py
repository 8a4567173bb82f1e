"""Making tokens, looking at them, and ending them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from app.access_tokens import actions
from app.config import Settings
from tests.access_tokens.conftest import Granted
from tests.client import JSON, mutation_document, new_key
from tests.invariants import hidden_equals_missing, refused_unchanged
from tests.ledger import Log
from tests.service import Doors, Service, serve
from tests.world import World

WHO = "{ viewer { user { id } } }"
LIST = "{ viewer { accessTokens { totalCount nodes { id name scopes lastUsedAt expiresAt user { id } } } } }"
NODE = "query($id: ID!) { node(id: $id) { ... on AccessToken { name } } }"


async def test_it_is_shown_once_and_kept_as_a_hash(world: World, log: Log) -> None:
    given = {"name": "CI", "scopes": ["WRITE"], "expiresInDays": 30, "clientMutationId": new_key()}
    made = await world.member.do("accessTokenCreate", **given)
    token = made["token"]
    listed = (await world.member.query(LIST))["viewer"]["accessTokens"]
    assert listed["totalCount"] == 1
    assert [one["scopes"] for one in listed["nodes"]] == [["READ", "WRITE"]]
    assert listed["nodes"][0]["lastUsedAt"] is None
    again = await world.member.do("accessTokenCreate", **given)
    assert again["token"] is None
    assert again["accessToken"]["id"] == made["accessToken"]["id"]
    tables = await log.connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    everything = ""
    for row in tables:
        rows = f"SELECT coalesce(string_agg(t::text, '|'), '') FROM {row['tablename']} t"
        everything += await log.connection.fetchval(rows)
    assert "CI" in everything
    assert token not in everything
    assert token[4:] not in everything


@pytest.mark.parametrize(
    ("changes", "path"),
    [({"name": " "}, "name"), ({"name": "x" * 101}, "name"), ({"expiresInDays": 0}, "expiresInDays"),
     ({"expiresInDays": 367}, "expiresInDays")],
)  # fmt: skip
async def test_what_a_token_may_not_be(world: World, log: Log, changes: JSON, path: str) -> None:
    given = {"name": "CI", "scopes": ["READ"], **changes}
    error = await refused_unchanged(log, world.member.refused("accessTokenCreate", **given))
    assert (error["code"], error["path"]) == ("VALIDATION_FAILED", [path])


async def test_there_is_a_bound_on_their_number(
    world: World, granted: Granted, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_TOKENS", 2)
    made = await asyncio.gather(
        *(world.member.answer("accessTokenCreate", name=f"T{n}", scopes=["READ"]) for n in range(4))
    )
    assert sorted(len(payload["errors"]) for payload in made) == [0, 0, 1, 1]
    await world.manager.do("accessTokenCreate", name="Mine", scopes=["READ"])


async def test_its_use_is_told(world: World, granted: Granted, forgetful: None) -> None:
    client = await granted()
    await client.query(WHO)
    [token] = (await world.member.query(LIST))["viewer"]["accessTokens"]["nodes"]
    assert token["lastUsedAt"] is not None
    await client.query(WHO)
    [again] = (await world.member.query(LIST))["viewer"]["accessTokens"]["nodes"]
    assert again["lastUsedAt"] == token["lastUsedAt"], "to the minute: not every request writes"


async def test_nonsense_is_refused_without_a_look_up(world: World, service: Service) -> None:
    with service.statements() as counted:
        for token in ("lsp_", "lsp_" + "a" * 36, "lsp_" + "a" * 5000):
            client = service.client(token)
            assert (await client.ask(WHO)).codes == ["UNAUTHENTICATED"]
    assert len(counted) == 0


async def test_a_revoked_token_ends_in_every_process(
    world: World, service: Service, granted: Granted, database: str, doors: Doors,
    make_settings: Callable[..., Settings],
) -> None:  # fmt: skip
    client = await granted("WRITE")
    document, scope = mutation_document("taskCreate", ""), world.eng["scope"]
    async with serve(doors, make_settings(database)) as elsewhere:
        there = elsewhere.client(client.token)
        async with client.socket() as socket, there.socket() as far:
            here, away = await socket.follow(scope), await far.follow(scope)
            await world.member.do("accessTokenRevoke", id=client.refresh_token)
            assert (await client.ask(WHO)).codes == ["UNAUTHENTICATED"]
            assert (await here.ended())["reason"] == "SIGNED_OUT"
            assert (await away.ended())["reason"] == "SIGNED_OUT"
            given = {"projectId": world.eng["id"], "title": "Too late"}
            for one in (socket, far):
                answer = await one.run(document, input=given)
                assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        assert (await there.ask(WHO)).codes == ["UNAUTHENTICATED"]
    assert (await world.member.query(LIST))["viewer"]["accessTokens"]["nodes"] == []
    assert (await world.member.query(WHO))["viewer"] is not None, "the sign-in that made it goes on"


async def test_an_expired_token_is_listed_and_does_nothing(
    world: World, granted: Granted, log: Log, forgetful: None
) -> None:
    client = await granted()
    assert (await client.ask(WHO)).codes == []
    await log.connection.execute("UPDATE access_tokens SET expires_at = now() - interval '1 s'")
    assert (await client.ask(WHO)).codes == ["UNAUTHENTICATED"]
    assert (await world.member.query(LIST))["viewer"]["accessTokens"]["totalCount"] == 1


async def test_a_socket_lasts_no_longer_by_a_token_than_by_a_sign_in(
    world: World, granted: Granted, service: Service
) -> None:
    """So that the hub need not know for ever which tokens were revoked. The same token renews it."""
    client = await granted()
    async with client.socket() as socket:
        renewed = await socket.run(mutation_document("socketRenew"), input={"accessToken": client.token})
        seconds = renewed["data"]["socketRenew"]["expiresIn"]
        assert 3500 < seconds <= service.settings.access_token_seconds


async def test_others_see_nothing_of_it(world: World, service: Service, granted: Granted, log: Log) -> None:
    client = await granted(by="owner")
    token = client.refresh_token or ""
    assert (await world.owner.query(NODE, id=token))["node"] is not None
    for person in (world.admin, world.member, world.outsider):
        assert (await person.query(NODE, id=token))["node"] is None
        document = mutation_document("accessTokenRevoke")
        await hidden_equals_missing(
            service, person, document, {"input": {"id": token}}, ("input", "id"), token
        )
    assert (await client.ask(WHO)).codes == []


async def test_it_is_audited(world: World, granted: Granted, log: Log) -> None:
    client = await granted("WRITE")
    await world.member.do("accessTokenRevoke", id=client.refresh_token)
    rows = await log.connection.fetch("SELECT * FROM audit_entries WHERE action LIKE 'token.%' ORDER BY at")
    assert [row["action"] for row in rows] == ["token.created", "token.revoked"]
    assert {str(row["workspace_id"]) for row in rows} == {str(world.scope_uuid(world.workspace))}
