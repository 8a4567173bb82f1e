"""Erasing an account: the name leaves, what was done stays, nobody is left without an owner."""

from __future__ import annotations

import json
from typing import Any

import asyncpg
import pytest

from app.events.models import ActorKind
from app.privacy.erasure import NAME, erase_person
from app.privacy.holdings import holdings
from app.work import Actor, run_unit
from lockstep.embedded import Servers
from tests.audit.trail import trail
from tests.client import JSON, PASSWORD, Client
from tests.databases import named
from tests.folding import Scope
from tests.invariants import verify_events
from tests.ledger import Log
from tests.service import Service
from tests.world import World, uuids


async def erase(by: Client, **changes: Any) -> JSON:
    """The payload of `accountErase`."""
    return await by.answer("accountErase", **{"password": PASSWORD, "confirmation": by.email} | changes)


async def everywhere(log: Log, word: str) -> dict[str, int]:
    """In how many rows of each table a word stands."""
    tables = await log.tables()
    found = {}
    for name in tables:
        count = await log.connection.fetchval(
            f"SELECT count(*) FROM {name} AS t WHERE t::text ILIKE $1", f"%{word}%"
        )
        if count:
            found[name] = count
    return found


async def test_the_name_is_nowhere_and_the_work_is_there(world: World, log: Log) -> None:
    person = world.member
    await person.do(
        "profileUpdate", expectedVersion=1, name="Zebulon", avatarUrl="https://x.example/zebulon.png"
    )
    await person.do("profileUpdate", expectedVersion=2, name="Zebulon the Second")
    task = await world.task("Work", by="member", assigneeIds=[person.user_id])
    await world.comment(task, "Words", by="member")
    await world.comment(task, f"@[x](user:{world.uuid('member')}) look", by="manager")
    assert await everywhere(log, "zebulon")
    assert (await erase(person))["erased"]
    assert await everywhere(log, "zebulon") == {}
    assert await everywhere(log, "member@lockstep") == {}
    document = (
        "query($id: ID!) { node(id: $id) { ... on Task { creator { name kind avatarUrl } assignees { name }"
    )
    document += " threads(first: 5) { nodes { body author { name } } } } } }"
    found = (await world.owner.query(document, id=task["id"]))["node"]
    assert found["creator"] == {"name": NAME, "kind": "ERASED", "avatarUrl": None}
    assert found["assignees"] == [{"name": NAME}]
    assert found["threads"]["nodes"][0] == {"body": "Words", "author": {"name": NAME}}


async def test_nothing_signs_in_any_more(world: World, log: Log) -> None:
    person, user_id = world.member, world.uuid("member")
    await erase(person)
    assert (await person.ask("{ viewer { email } }")).codes == ["UNAUTHENTICATED"]
    assert (await world.nobody.refused("tokenRefresh", refreshToken=person.refresh_token))["code"]
    assert (await world.nobody.refused("signIn", email="member@lockstep.example", password=PASSWORD))[
        "code"
    ] == ("SIGN_IN_FAILED")
    connection = log.connection
    for table in ("passwords", "refresh_tokens", "mailed_tokens", "inbox_items"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE user_id = $1", user_id) == 0, (
            table
        )
    for table in ("workspace_members", "project_members", "team_members"):
        assert await connection.fetchval(f"SELECT count(*) FROM {table} WHERE user_id = $1", user_id) == 0, (
            table
        )
    sign_ins = await connection.fetch("SELECT * FROM sign_ins WHERE user_id = $1", user_id)
    assert [(row["ended_at"] is None, row["address"], row["user_agent"]) for row in sign_ins] == [
        (False, None, None)
    ]
    # The address is free for whoever has it now.
    await world.service.client().sign_up("member@lockstep.example", "Newcomer")


async def test_memberships_end_with_their_events(world: World) -> None:
    """Whoever follows the workspace, the directory and the projects sees the person go."""
    scopes = [Scope("workspace", world.workspace["id"]), Scope("directory", world.workspace["id"])]
    verifying = [verify_events(world.owner, one) for one in (*scopes, Scope("project", world.eng["id"]))]
    verified = [await one.__aenter__() for one in verifying]
    await erase(world.member)
    for one in reversed(verifying):
        await one.__aexit__(None, None, None)
    workspace, directory, project = ([*one.kinds] for one in verified)
    assert workspace == ["WorkspaceMemberRemoved"]
    assert directory == ["PersonErased", "PersonRemoved"]
    assert project == ["ProjectMemberRemoved"]


async def test_history_does_not_say_the_old_name(world: World, log: Log) -> None:
    await world.member.do("profileUpdate", expectedVersion=1, name="Zebulon", timeZone="Europe/Helsinki")
    await erase(world.member)
    events = await log.events(object_id=world.uuid("member"), object_type="person")
    assert [one["kind"] for one in events] == [
        "PersonAdded",
        "PersonUpdated",
        "PersonErased",
        "PersonRemoved",
    ]
    added, updated, erased, _ = (json.loads(one["payload"]) for one in events)
    assert added["state"]["name"] == erased["state"]["name"] == NAME
    assert updated["delta"]["set"]["name"] == {"old": NAME, "new": NAME}


async def test_history_of_a_directory_still_folds(world: World, log: Log) -> None:
    """From its first event, with the rewritten ones: to what a fresh query gives."""
    await world.member.do("profileUpdate", expectedVersion=1, name="Another")
    await erase(world.member)
    async with verify_events(world.owner, Scope("directory", world.workspace["id"])):
        await world.admin.do("profileUpdate", expectedVersion=1, name="Chief")
    directory = await log.connection.fetchval(
        "SELECT directory_id FROM workspaces WHERE id = $1", uuids(world.workspace["id"])[0]
    )
    events = await log.events(scope_id=directory)
    assert [one["seq"] for one in events] == list(range(1, len(events) + 1))


async def test_the_last_owner_must_appoint_another(world: World, log: Log) -> None:
    before = await log.fingerprint()
    payload = await erase(world.owner)
    assert not payload["erased"]
    (error,) = payload["errors"]
    assert error["code"] == "VALIDATION_FAILED"
    name = world.workspace["name"]
    assert f"only owner of {name}" in error["message"]
    assert await log.fingerprint() == before
    await world.owner.do(
        "workspaceMemberUpdate", workspaceId=world.workspace["id"], userId=world.admin.user_id, role="OWNER"
    )
    assert (await erase(world.owner))["erased"]


async def test_a_workspace_of_ones_own_is_left_behind(world: World, log: Log) -> None:
    alone = await world.service.client().sign_up("alone@lockstep.example", "Alone")
    await alone.do("workspaceCreate", name="Mine")
    assert (await erase(alone))["erased"]
    assert await everywhere(log, "alone@") == {}


async def test_it_takes_the_password_and_the_typed_address(world: World, log: Log) -> None:
    before = await log.fingerprint()
    wrong = await erase(world.member, password="not the password")
    assert [one["code"] for one in wrong["errors"]] == ["SIGN_IN_FAILED"]
    unsure = await erase(world.member, confirmation="yes")
    assert [(one["code"], one["path"]) for one in unsure["errors"]] == [
        ("VALIDATION_FAILED", ["input", "confirmation"])
    ] or unsure["errors"][0]["path"][-1] == "confirmation"
    assert await log.fingerprint() == before
    nobody = await world.nobody.ask(
        "mutation($i: AccountEraseInput!) { accountErase(input: $i) { erased } }",
        {"i": {"password": PASSWORD, "confirmation": "x"}},
    )
    assert nobody.codes == ["UNAUTHENTICATED"]
    assert (await erase(world.member, confirmation=" Member@LOCKSTEP.example "))["erased"]


async def test_it_is_audited_in_each_workspace(world: World, log: Log) -> None:
    user_id = world.uuid("member")
    await erase(world.member)
    entries = await trail(log, action="account.erased")
    assert [(one["workspace_id"], one["actor_id"], one["target_id"]) for one in entries] == [
        (uuids(world.workspace["id"])[0], user_id, user_id)
    ]


async def test_an_open_stream_ends(world: World) -> None:
    async with world.member.follow(world.eng["scope"]) as stream:
        await erase(world.member)
        frame: JSON = {"kind": "EVENTS"}
        while frame["kind"] not in ("ENDED", "RESYNC"):
            frame = await stream.frame()


async def test_an_operator_can_do_it(world: World, service: Service, log: Log) -> None:
    user_id = world.uuid("viewer")
    await run_unit(service.application.store, Actor(user_id, ActorKind.SYSTEM), erase_person(user_id))
    assert await everywhere(log, "viewer@lockstep") == {}
    (entry,) = await trail(log, action="account.erased")
    assert entry["actor_kind"] == "system"


async def test_nothing_else_in_history_can_be_forgotten(
    servers: Servers, world: World, database: str
) -> None:
    """The function that the service may call forgets erased people, and nobody else."""
    connection = await asyncpg.connect(named(servers.database_url, database))
    try:
        with pytest.raises(asyncpg.PostgresError) as raised:
            await connection.execute("SELECT forget_person($1, NULL)", world.uuid("member"))
    finally:
        await connection.close()
    assert raised.value.sqlstate == "LS003"


KEPT = {
    "audit_entries": "what happened stays known, by id; address and program too, for as long as the log is kept",
    "comments": "what they wrote, by Deleted person",
    "events": "what they did, by id",
    "import_people": "names in files that were imported; operators delete them with the import",
    "identities": "deleted",
    "invitations": "the address is emptied",
    "joining_domains": "who listed it, by id",
    "links": "what they did, by id",
    "project_members": "ended before",
    "service_accounts": "of the workspace, not of whoever made them",
    "sign_ins": "that they were, without address and program, until access tokens have expired",
    "task_assignees": "still assigned to Deleted person",
    "tasks": "what they wrote, by Deleted person",
    "workspace_members": "ended before",
    "workspace_people": "ids: whose name history needs",
    "access_tokens": "revoked, without name and use",
    "team_members": "ended before",
    "inbox_items": "deleted",
    "mailed_tokens": "deleted",
    "refresh_tokens": "deleted",
    "saved_views": "personal ones are deleted; shared ones stay, by Deleted person",
    "sign_ups": "deleted",
}
"""What becomes of each table's rows of a person; a new table must be decided on."""


def test_every_table_of_people_is_decided_on() -> None:
    assert {one.table for one in holdings()} <= KEPT.keys()


async def test_the_old_name_is_not_kept_for_the_next_reader(world: World) -> None:
    """Rows of people are kept between requests, and answers are foreseen: the read after it shows no name."""
    person = world.member
    await person.do("profileUpdate", expectedVersion=1, name="Zebulon")
    task = await world.task("Work", by="member", assigneeIds=[person.user_id])
    await world.comment(task, "Words", by="member")
    document = """query($id: ID!) { node(id: $id) { ... on Task { creator { name } assignees { name }
      comments(first: 5) { nodes { author { name } } } } } }"""
    for _ in range(4):
        for by in (world.owner, world.manager):
            assert "Zebulon" in str(await by.query(document, id=task["id"]))
    assert (await erase(person))["erased"]
    for by in (world.owner, world.manager):
        found = str(await by.query(document, id=task["id"]))
        assert "Zebulon" not in found
        assert found.count(NAME) == 3
