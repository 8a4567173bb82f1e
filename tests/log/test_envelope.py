"""What the database itself holds, whoever writes: raw SQL as the service's role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from lockstep.embedded import Servers
from tests.boards.proofs import board
from tests.databases import named
from tests.domains.proofs import joining_domain
from tests.invitations.proofs import invitation
from tests.ledger import Log
from tests.workflows.proofs import transition
from tests.world import World, uuids

NO_EVENT, NO_CLOCK = "LS001", "LS002"
"""SQLSTATEs: a change of a row without its event; a clock and its events that do not go together."""

EVENT = """
INSERT INTO events (scope_id, seq, id, kind, payload_version, object_type, object_id, actor_kind, occurred_at,
                    recorded_at, payload) VALUES ($1, $2, $3, 'TaskUpdated', 1, 'task', $3, 'user', now(), now(), '{}')
"""
MOVE = """
UPDATE scopes SET seq = seq + $2, last_xid = pg_current_xact_id()::text::bigint, recorded_at = clock_timestamp()
WHERE id = $1
"""


@pytest.fixture
async def role(servers: Servers, world: World, database: str, log: Log) -> AsyncIterator[asyncpg.Connection]:
    """A connection as the service's role, for which everything is declared: what is held here is held all the same."""
    connection = await asyncpg.connect(named(servers.database_url, database))
    scopes = await log.connection.fetchval("SELECT array_agg(id)::text FROM scopes")
    for setting in ("lockstep.scopes", "lockstep.workspaces"):
        await connection.execute("SELECT set_config($1, $2, false)", setting, scopes)
    yield connection
    await connection.close()


async def refused_at_commit(
    role: asyncpg.Connection, state: str, *statements: tuple[str, *tuple[Any, ...]]
) -> None:
    """Every statement runs, and COMMIT (or the last of them) raises this SQLSTATE."""

    async def unit() -> None:
        async with role.transaction():
            for text, *values in statements:
                await role.execute(text, *values)

    with pytest.raises(asyncpg.PostgresError) as raised:
        await unit()
    assert raised.value.sqlstate == state, raised.value


CHANGES = {
    "tasks": "UPDATE tasks SET title = 'x' WHERE project_id = $1",
    "task_assignees": "DELETE FROM task_assignees WHERE project_id = $1",
    "task_labels": "DELETE FROM task_labels WHERE project_id = $1",
    "task_locations": "UPDATE task_locations SET project_id = project_id WHERE project_id = $1",
    "task_keys": "UPDATE task_keys SET number = number + 100 WHERE project_id = $1",
    "task_counters": "UPDATE task_counters SET next_number = 99 WHERE project_id = $1",
    "comment_locations": "UPDATE comment_locations SET project_id = project_id WHERE project_id = $1",
    "comments": "UPDATE comments SET body = 'x' WHERE project_id = $1",
    "links": "DELETE FROM links WHERE source_project_id = $1",
    "projects": "UPDATE projects SET name = 'x' WHERE id = $1",
    "project_members": "UPDATE project_members SET role = 'admin' WHERE project_id = $1",
    "statuses": "UPDATE statuses SET name = name || 'x' WHERE project_id = $1",
    "labels": "UPDATE labels SET name = 'x' WHERE project_id = $1",
    "task_types": "UPDATE task_types SET color = '#000000' WHERE project_id = $1",
    "sprints": "UPDATE sprints SET name = 'x' WHERE project_id = $1",
    "saved_views": "UPDATE saved_views SET name = 'x' WHERE scope_id = $1",
    "custom_fields": "UPDATE custom_fields SET name = 'x' WHERE project_id = $1",
    "milestones": "UPDATE milestones SET name = 'x' WHERE project_id = $1",
    "boards": "UPDATE boards SET name = 'x' WHERE project_id = $1",
    "transitions": "UPDATE transitions SET name = 'x' WHERE project_id = $1",
    "invitations": (
        "UPDATE invitations SET expires_at = now() "
        "WHERE workspace_id = (SELECT workspace_id FROM projects WHERE id = $1)"
    ),
    "joining_domains": (
        "DELETE FROM joining_domains WHERE workspace_id = (SELECT workspace_id FROM projects WHERE id = $1)"
    ),
    "workspaces": "UPDATE workspaces SET name = 'x' WHERE id = (SELECT workspace_id FROM projects WHERE id = $1)",
    "workspace_members": (
        "UPDATE workspace_members SET role = 'owner' "
        "WHERE workspace_id = (SELECT workspace_id FROM projects WHERE id = $1)"
    ),
    "teams": (
        "UPDATE teams SET name = 'x' WHERE workspace_id = (SELECT workspace_id FROM projects WHERE id = $1)"
    ),
    "team_members": "DELETE FROM team_members WHERE $1::uuid IS NOT NULL",
    "project_teams": "UPDATE project_teams SET role = 'admin' WHERE project_id = $1",
    "inbox_items": "UPDATE inbox_items SET read_at = now() WHERE $1::uuid IS NOT NULL",
}
APART = {
    "workspace_people": "kept by a trigger, from memberships",
    "sprint_tasks": "kept by a trigger, from tasks",
    "task_field_values": "kept by a trigger, from tasks",
    "events": "the log itself",
    "scopes": "the clocks themselves",
    "checkpoints": "derived from the log",
    "checkpoint_states": "derived from the log",
    "audit_entries": "written by every unit itself, of workspaces rather than scopes",
    "mutation_outcomes": "what was answered",
    "users": "a person stands in several directories, or in none",
    "sign_ins": "of no scope",
    "refresh_tokens": "of no scope",
    "passwords": "of no scope",
    "mailed_tokens": "of no scope",
    "sign_ups": "of no scope",
    "access_tokens": "of no scope",
    "service_accounts": "the membership of its person is an event",
    "identities": "of no scope",
    "provider_answers": "of no scope",
    "search_documents": "made from the log",
    "search_words": "made from the log",
    "search_vocabulary": "made from the log",
    "search_progress": "how far the log is in the index",
}
IMPORTED = {"import_refs", "import_people"}
"""Held too; only an import fills them."""

HELD = """
SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger
WHERE tgname LIKE 'require\\_event%' AND tgparentid = 0
"""


async def test_every_table_is_held_or_said_to_be_apart(log: Log) -> None:
    tables = set(await log.tables())
    held = {row["name"] for row in await log.connection.fetch(HELD)}
    assert held == CHANGES.keys() | IMPORTED
    assert tables - held == APART.keys()


async def _everything(world: World) -> UUID:
    label = await world.label("Urgent")
    task = await world.task(labelIds=[label["id"]], assigneeIds=[world.viewer.user_id])
    await world.comment(task, "Words")
    other = await world.task()
    await world.member.do("linkAdd", sourceId=task["id"], kind="blocks", targetId=other["id"])
    await world.sprint()
    await world.milestone()
    await world.view()
    await world.custom_field()
    await world.team("viewer", roles={"eng": "VIEWER"})
    await invitation(world, world.owner)
    await joining_domain(world, world.owner)
    await transition(world)
    await board(world)
    return uuids(world.eng["id"])[0]


@pytest.mark.parametrize("table", sorted(CHANGES))
async def test_a_change_without_its_event_fails_at_commit(
    world: World, role: asyncpg.Connection, log: Log, table: str
) -> None:
    project = await _everything(world)
    before = await log.fingerprint()
    trial = role.transaction()
    await trial.start()
    assert not (await role.execute(CHANGES[table], project)).endswith(" 0"), "the statement must change a row"
    await trial.rollback()
    await refused_at_commit(role, NO_EVENT, (CHANGES[table], project))
    assert await log.fingerprint() == before


async def test_an_event_of_another_scope_is_no_excuse(world: World, role: asyncpg.Connection) -> None:
    project, other = await _everything(world), uuids(world.ops["id"])[0]
    seq = (await world.position(world.ops))["seq"]
    await refused_at_commit(
        role, NO_EVENT, (CHANGES["tasks"], project), (MOVE, other, 1), (EVENT, other, seq + 1, uuid4())
    )


async def test_a_change_with_its_event_commits(world: World, role: asyncpg.Connection, log: Log) -> None:
    """Else the refusals would prove nothing."""
    project = await _everything(world)
    seq = (await world.position())["seq"]
    async with role.transaction():
        await role.execute(CHANGES["tasks"], project)
        await role.execute(MOVE, project, 1)
        await role.execute(EVENT, project, seq + 1, uuid4())
    await log.check_order()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE events SET kind = 'x'", "DELETE FROM events", "TRUNCATE events", "DELETE FROM scopes"],
)
async def test_the_log_is_append_only(role: asyncpg.Connection, log: Log, statement: str) -> None:
    before = await log.fingerprint()
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await role.execute(statement)
    partitions = await log.connection.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'events'::regclass"
    )
    for partition in partitions:
        for text in (f"UPDATE {partition['name']} SET kind = 'x'", f"DELETE FROM {partition['name']}"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await role.execute(text)
    assert await log.fingerprint() == before


async def test_a_clock_cannot_move_alone(world: World, role: asyncpg.Connection, log: Log) -> None:
    project = uuids(world.eng["id"])[0]
    seq = (await world.position())["seq"]
    before = await log.fingerprint()
    await refused_at_commit(role, NO_CLOCK, (MOVE, project, 1))
    await refused_at_commit(role, NO_CLOCK, ("UPDATE scopes SET seq = seq + 1 WHERE id = $1", project))
    await refused_at_commit(role, NO_CLOCK, ("UPDATE scopes SET seq = seq - 1 WHERE id = $1", project))
    await refused_at_commit(role, NO_CLOCK, (MOVE, project, 2), (EVENT, project, seq + 1, uuid4()))
    assert await log.fingerprint() == before


async def test_a_transaction_cannot_claim_an_event_that_it_did_not_append(
    world: World, role: asyncpg.Connection, log: Log
) -> None:
    project = await _everything(world)
    claim = ("UPDATE scopes SET last_xid = pg_current_xact_id()::text::bigint WHERE id = $1", project)
    before = await log.fingerprint()
    await refused_at_commit(role, NO_CLOCK, (CHANGES["tasks"], project), claim)
    assert await log.fingerprint() == before


async def test_an_event_cannot_come_without_its_clock(
    world: World, role: asyncpg.Connection, log: Log
) -> None:
    project = uuids(world.eng["id"])[0]
    seq = (await world.position())["seq"]
    before = await log.fingerprint()
    await refused_at_commit(role, NO_CLOCK, (EVENT, project, seq + 1, uuid4()))
    await refused_at_commit(role, "23505", (MOVE, project, 1), (EVENT, project, seq, uuid4()))
    await refused_at_commit(role, NO_CLOCK, (MOVE, project, 1), (EVENT, project, seq + 2, uuid4()))
    assert await log.fingerprint() == before


async def test_the_service_cannot_put_the_guards_out(role: asyncpg.Connection) -> None:
    rights = await role.fetch(
        "SELECT table_name, privilege_type FROM information_schema.table_privileges "
        "WHERE grantee = current_user AND privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER')"
    )
    assert rights == []
    for statement in ("ALTER TABLE tasks DISABLE TRIGGER ALL", "SET session_replication_role = replica"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await role.execute(statement)


async def test_a_clock_is_checked_by_as_many_events_as_it_moved(
    role: asyncpg.Connection, world: World, log: Log
) -> None:
    """Also where the plan was made while there were next to none: it is kept."""
    await log.connection.execute("VACUUM ANALYZE events")
    project = uuids(world.eng["id"])[0]
    await role.execute("SET plan_cache_mode = force_generic_plan")
    read = """SELECT coalesce(sum(seq_tup_read + idx_tup_fetch), 0)::int FROM pg_stat_xact_user_tables
              WHERE relname LIKE 'events\\_part%'"""
    for count in (1, 1, 3_000, 1):
        async with role.transaction():
            await role.execute(MOVE, project, count)
            seq = await role.fetchval("SELECT seq FROM scopes WHERE id = $1", project)
            await role.executemany(EVENT, [(project, seq - number, uuid4()) for number in range(count)])
            before = await role.fetchval(read)
            await role.execute("SET CONSTRAINTS ALL IMMEDIATE")
            assert await role.fetchval(read) - before <= count
