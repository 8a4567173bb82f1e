"""What people do with their own accounts is told in each workspace they are in."""

from __future__ import annotations

from tests.audit.trail import trail
from tests.client import PASSWORD, Client
from tests.ledger import Log
from tests.service import Service
from tests.world import World, uuids


async def told(log: Log, world: World, action: str) -> list[dict[str, object]]:
    """Entries of the world's workspace."""
    return await trail(log, workspace_id=uuids(world.workspace["id"])[0], action=action)


async def test_a_sign_in_and_what_follows(world: World, log: Log) -> None:
    user = world.uuid("viewer")
    before = len(await told(log, world, "session.started"))
    client = await world.service.client().sign_in("viewer@lockstep.example")
    *_, entry = await told(log, world, "session.started")
    assert len(await told(log, world, "session.started")) == before + 1
    assert (entry["actor_id"], entry["target_id"], entry["address"]) == (user, user, "127.0.0.1")
    assert entry["data"] == {"method": "password"}
    await client.do("signOut")
    (entry,) = await told(log, world, "session.ended")
    assert (entry["actor_id"], entry["target_type"]) == (user, "session")


async def test_a_failed_sign_in(world: World, log: Log) -> None:
    """Told where the account's person is; of an address of nobody, to operators alone. Never what was typed."""
    for email in ("viewer@lockstep.example", "nobody-has-this@lockstep.example"):
        await world.nobody.refused("signIn", email=email, password="swordfish")
    known, unknown = await trail(log, action="session.refused")
    assert known["workspace_id"] == uuids(world.workspace["id"])[0]
    assert (known["actor_id"], known["target_id"]) == (None, world.uuid("viewer"))
    assert (unknown["workspace_id"], unknown["actor_id"], unknown["target_id"]) == (None, None, None)
    assert "swordfish" not in str([known, unknown])
    assert "nobody-has-this" not in str([known, unknown])


async def test_everybody_hears_of_it_who_should(world: World, log: Log) -> None:
    """Someone in two workspaces: both are told, each its own."""
    await world.owner.do(
        "workspaceMemberAdd", workspaceId=world.workspace["id"], email="outsider@lockstep.example"
    )
    await world.service.client().sign_in("outsider@lockstep.example")
    *_, first, second = await trail(log, action="session.started", actor_id=world.uuid("outsider"))
    assert {first["workspace_id"], second["workspace_id"]} == {
        uuids(world.workspace["id"])[0], uuids(world.kept.elsewhere["workspace"]["id"])[0]
    }  # fmt: skip


async def test_a_spent_refresh_token(world: World, log: Log, service: Service) -> None:
    client = await service.client().sign_in("viewer@lockstep.example")
    spent = client.refresh_token
    await client.do("tokenRefresh", refreshToken=spent)
    await log.connection.execute("UPDATE refresh_tokens SET spent_at = spent_at - interval '1 hour'")
    await world.nobody.refused("tokenRefresh", refreshToken=spent)
    (entry,) = await told(log, world, "session.refresh_token_reused")
    assert entry["target_type"] == "session"
    assert str(spent) not in str(entry)


async def test_sessions_and_passwords(world: World, log: Log) -> None:
    client: Client = await world.service.client().sign_in("viewer@lockstep.example")
    await client.do("passwordChange", currentPassword=PASSWORD, newPassword="another password")
    (entry,) = await told(log, world, "account.password_changed")
    assert entry["actor_id"] == world.uuid("viewer")
    assert "another password" not in str(entry)
    await world.service.client().sign_in("viewer@lockstep.example", "another password")
    await client.do("sessionRevokeOthers")
    assert await told(log, world, "session.revoked")


async def test_sign_up_without_a_workspace_is_for_operators(world: World, log: Log) -> None:
    alone = await world.service.client().sign_up("new@lockstep.example", "New")
    (entry,) = [
        one
        for one in await trail(log, action="account.created")
        if one["target_id"] == uuids(alone.user_id)[0]
    ]
    assert entry["workspace_id"] is None


async def test_a_known_and_an_unknown_address_take_the_same_statements(
    world: World, service: Service
) -> None:
    counts = []
    for email in ("warm@lockstep.example", "viewer@lockstep.example", "nobody@lockstep.example"):
        with service.statements() as counted:
            await world.nobody.refused("signIn", email=email, password="swordfish")
        counts.append(len(counted))
    assert counts[1] == counts[2]
