"""`workspace.auditLog`: who reads it, what its filters find, and by which index."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from app.audit.filters import ENTRIES, ORDERS, EntryFilter, entry_conditions
from app.audit.models import AuditEntry
from app.connections import set_codecs
from app.cursors import PageRequest
from app.db import Reader
from app.paging import pages_by_parent
from lockstep.embedded import Servers
from tests.client import JSON, Client
from tests.databases import named
from tests.ledger import Log
from tests.service import Service
from tests.world import World, uuids

LOG = """query($id: ID!, $filter: AuditFilter, $first: Int, $after: String) {
  node(id: $id) { ... on Workspace { auditLog(filter: $filter, first: $first, after: $after) {
    totalCount pageInfo { endCursor hasNextPage }
    nodes { id at action actorKind actor { id name } targetType targetId project { key } address userAgent requestId
      data }
  } } } }"""


async def entries(client: Client, world: World, **variables: Any) -> JSON:
    """A page of the log of the world's workspace."""
    node = (await client.query(LOG, id=world.workspace["id"], **variables))["node"]
    log: JSON = node["auditLog"] if node else node
    return log


async def test_admins_read_it_and_nobody_else(world: World) -> None:
    for person in ("owner", "admin"):
        assert (await entries(world.person(person), world))["totalCount"] > 0
    for person in ("manager", "member", "viewer", "guest", "colleague", "outsider"):
        assert await entries(world.person(person), world) is None
    assert (await world.nobody.ask(LOG, {"id": world.workspace["id"]})).codes == ["UNAUTHENTICATED"]


async def test_an_entry_says_who_did_what_from_where(world: World) -> None:
    await world.owner.do(
        "projectMemberUpdate", projectId=world.eng["id"], userId=world.viewer.user_id, role="MEMBER"
    )
    entry = (await entries(world.owner, world, first=1))["nodes"][0]
    assert entry["action"] == "project_member.updated"
    assert entry["actor"] == {"id": world.owner.user_id, "name": "Owner"}
    assert (entry["targetType"], entry["targetId"]) == ("project_member", world.viewer.user_id)
    assert entry["project"] == {"key": "ENG"}
    assert entry["data"] == {"changed": {"role": {"old": "viewer", "new": "member"}}}
    assert entry["address"] == "127.0.0.1"


async def test_a_long_text_is_named_not_told(world: World) -> None:
    secret = "what somebody wrote at length " * 10
    await world.owner.do(
        "projectUpdate", id=world.eng["id"], expectedVersion=world.eng["version"], name="Engines", description=secret
    )  # fmt: skip
    entry = (await entries(world.owner, world, first=1))["nodes"][0]
    assert entry["action"] == "project.updated"
    assert entry["data"]["changed"]["name"]["new"] == "Engines"
    assert secret not in json.dumps(entry)


async def test_filters_find_what_they_say(world: World) -> None:
    task = await world.task()
    await world.member.do("taskDelete", id=task["id"], expectedVersion=1)
    everything = (await entries(world.owner, world, first=500))["nodes"]
    assert [one["at"] for one in everything] == sorted((one["at"] for one in everything), reverse=True)
    middle = everything[len(everything) // 2]["at"]
    cases: list[tuple[JSON, Any]] = [
        ({"action": ["task.deleted"]}, lambda one: one["action"] == "task.deleted"),
        ({"action": ["workspace_member.*"]}, lambda one: one["action"].startswith("workspace_member.")),
        (
            {"action": ["task.deleted", "project.*"]},
            lambda one: one["action"] == "task.deleted" or one["action"].startswith("project."),
        ),
        ({"actor": world.member.user_id}, lambda one: (one["actor"] or {}).get("id") == world.member.user_id),
        ({"target": task["id"]}, lambda one: one["targetId"] == task["id"]),
        ({"since": middle}, lambda one: one["at"] >= middle),
        ({"until": middle}, lambda one: one["at"] < middle),
        (
            {"actor": world.owner.user_id, "action": ["project.created"]},
            lambda one: one["action"] == "project.created" and one["actor"]["id"] == world.owner.user_id,
        ),
    ]
    for wanted, holds in cases:
        found = await entries(world.owner, world, filter=wanted, first=500)
        expected = [one for one in everything if holds(one)]
        assert expected, wanted
        assert (found["nodes"], found["totalCount"]) == (expected, len(expected)), wanted


async def test_pages_together_are_the_whole(world: World) -> None:
    whole = (await entries(world.owner, world, first=500))["nodes"]
    found: list[JSON] = []
    after = None
    while True:
        page = await entries(world.owner, world, first=3, after=after)
        found += page["nodes"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert found == whole


async def test_what_cannot_be_asked_is_refused(world: World) -> None:
    for wanted in ({"action": ["nothing.known"]}, {"actor": world.eng["id"]}, {"target": "x"}):
        answer = await world.owner.ask(LOG, {"id": world.workspace["id"], "filter": wanted})
        assert answer.codes == ["BAD_USER_INPUT"], wanted


async def test_an_actor_that_is_hidden_is_one_that_is_missing(world: World, service: Service) -> None:
    missing = "VXNlcjowMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMA"
    await entries(world.owner, world, filter={"actor": missing})  # connections learn types once
    answers = []
    for actor in (world.outsider.user_id, missing):
        with service.statements() as counted:
            answers.append((await entries(world.owner, world, filter={"actor": actor}), len(counted)))
    assert answers[0] == answers[1]


async def test_another_workspace_is_not_told_of(world: World) -> None:
    await world.outsider.do(
        "workspaceUpdate", id=world.kept.elsewhere["workspace"]["id"], expectedVersion=1, name="Else"
    )  # fmt: skip
    own = (await entries(world.owner, world, first=500))["nodes"]
    assert not [one for one in own if one["actor"] and one["actor"]["id"] == world.outsider.user_id]


MANY = """
INSERT INTO audit_entries (id, workspace_id, at, action, actor_id, actor_kind, target_type, target_id, data)
SELECT uuidv7(), $1, now() - make_interval(secs => n), CASE WHEN n % 1000 = 0 THEN 'rare' ELSE 'a' || n % 20 END,
       CASE WHEN n % 500 = 0 THEN $2::uuid ELSE uuidv7() END, 'user', 'task',
       CASE WHEN n % 700 = 0 THEN $2::uuid ELSE uuidv7() END, '{}'
FROM generate_series(1, 20000) AS n
"""


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        (EntryFilter(), "audit_entries_at"),
        (EntryFilter(actor_id=UUID(int=7)), "audit_entries_actor"),
        (EntryFilter(target_id=UUID(int=7)), "audit_entries_target"),
        (EntryFilter(actions=["task.deleted"]), "audit_entries_action"),
    ],
    ids=["all", "actor", "target", "action"],
)
async def test_each_filter_has_its_index(
    servers: Servers, world: World, log: Log, database: str, wanted: EntryFilter, index: str
) -> None:
    """The plan of the page's own statement, as the service's role, in a log of some size."""
    workspace = uuids(world.workspace["id"])[0]
    await log.connection.execute(MANY.replace("'rare'", "'task.deleted'"), workspace, UUID(int=7))
    await log.connection.execute("ANALYZE audit_entries")
    connection = await asyncpg.connect(named(servers.database_url, database))
    await set_codecs(connection)
    try:
        async with connection.transaction():
            await connection.execute("SELECT declare('{}', ARRAY[$1::uuid])", workspace)
            explained = _Explaining(connection)
            await pages_by_parent(
                explained, ENTRIES, AuditEntry, [(workspace,)], ("workspace_id",), ORDERS, PageRequest(50),
                entry_conditions(wanted),
            )  # fmt: skip
    finally:
        await connection.close()
    plan = "\n".join(explained.plan)
    assert index in plan, plan
    assert "Seq Scan on audit_entries" not in plan, plan
    assert "Sort" not in plan.split("Limit", 1)[1], plan


class _Explaining(Reader):
    """Explains what it is asked for, and finds nothing."""

    plan: list[str]

    async def rows(self, statement: Any, **parameters: Any) -> list[Any]:
        text, arguments = statement.prepare(parameters)
        self.plan = [row[0] for row in await self.connection.fetch(f"EXPLAIN {text}", *arguments)]
        return []
