"""The second wall: by raw SQL as the service's role, nothing comes back or is changed that was not declared."""

from __future__ import annotations

import asyncpg
import pytest

from tests.isolation.conftest import Role, project_id, refused_by_the_wall
from tests.ledger import _TABLES, Log
from tests.world import PEOPLE, World, uuids

BEHIND = """
SELECT c.relname FROM pg_class c
WHERE c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
"""
EMPTY = {"import_refs", "import_people", "sign_ups"}
"""Behind the wall too; only an import fills the first, and sign-ups wait where addresses must be confirmed."""


INBOX_ITEM = """
INSERT INTO inbox_items (user_id, id, reason, version, created_at)
VALUES ($1, gen_random_uuid(), 'mention', 1, now())
"""


async def walled(log: Log) -> set[str]:
    """The tables with a policy."""
    return {row["relname"] for row in await log.connection.fetch(BEHIND)}


async def tables(log: Log) -> set[str]:
    """All tables but partitions, which nobody is granted."""
    return {row["name"] for row in await log.connection.fetch(_TABLES)}


async def test_every_table_is_behind_the_wall(log: Log) -> None:
    assert await tables(log) - await walled(log) == set()
    reachable = await log.connection.fetch(
        "SELECT DISTINCT table_name FROM information_schema.table_privileges "
        "WHERE grantee = 'lockstep_service' AND table_schema = 'public'"
    )
    assert {row["table_name"] for row in reachable} <= await tables(log), "no partition is granted by itself"


async def test_a_new_table_without_a_policy_is_noticed(log: Log) -> None:
    await log.connection.execute("CREATE TABLE secrets (id uuid PRIMARY KEY, workspace_id uuid NOT NULL)")
    with pytest.raises(AssertionError, match="secrets"):
        await test_every_table_is_behind_the_wall(log)


async def test_without_a_declaration_there_is_nothing(furnished: World, role: Role, log: Log) -> None:
    before = await log.fingerprint()
    for table in sorted(await tables(log)):
        filled = await log.connection.fetchval(f"SELECT EXISTS (SELECT FROM {table})")
        assert filled == (table not in EMPTY), f"{table}: nothing is proved of an empty table"
        assert await _count(role.connection, table) == 0, table
    assert await log.fingerprint() == before


async def test_nothing_undeclared_is_changed(furnished: World, role: Role, log: Log) -> None:
    before = await log.fingerprint()
    columns = {
        row["table_name"]: row["column_name"]
        for row in await log.connection.fetch(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND ordinal_position = 1"
        )
    }
    for table in sorted(await tables(log)):
        first = columns[table]
        for statement in (f"UPDATE {table} SET {first} = {first}", f"DELETE FROM {table}"):
            try:
                assert (await role.connection.execute(statement)).endswith(" 0"), statement
            except asyncpg.InsufficientPrivilegeError:
                continue
    assert await log.fingerprint() == before


@pytest.mark.parametrize("name", PEOPLE)
async def test_a_person_declares_what_they_may_see(furnished: World, role: Role, log: Log, name: str) -> None:
    """Compared with what is known of the world, column by column."""
    world = furnished
    projects = {one: project_id(getattr(world, one)) for one in ("eng", "ops", "secret", "elsewhere")}
    seen = {
        "owner": {"eng", "ops", "secret"}, "admin": {"eng", "ops", "secret"}, "member": {"eng", "ops"},
        "outsider": {"elsewhere"}, "colleague": set(),
    }.get(name, {"eng"})  # fmt: skip
    mine = uuids((world.kept.elsewhere["workspace"] if name == "outsider" else world.workspace)["id"])[0]
    directory = await log.connection.fetchval("SELECT directory_id FROM workspaces WHERE id = $1", mine)
    allowed = {projects[one] for one in seen} | {world.uuid(name)}
    if name != "guest":
        allowed |= {mine, directory}
    found: dict[str, int] = {}
    async with role.declared(world.uuid(name)) as connection:
        for table, column in _SCOPED:
            rows = await connection.fetch(f"SELECT DISTINCT {column} AS id FROM {table}")
            assert {row["id"] for row in rows} <= allowed, table
            found[table] = len(rows)
        for table, column in (("workspaces", "id"), ("workspace_members", "workspace_id")):
            rows = await connection.fetch(f"SELECT DISTINCT {column} AS id FROM {table}")
            assert {row["id"] for row in rows} == {mine}, table
        far = await connection.fetch("SELECT source_project_id AS a, target_project_id AS b FROM links")
        assert all({row["a"], row["b"]} & allowed for row in far)
        people = {row["id"] for row in await connection.fetch("SELECT id FROM users")}
    assert (world.uuid("outsider") in people) == (name == "outsider")
    assert found["tasks"] == len([one for one in seen if one != "ops"]), "else nothing was compared"
    assert found["scopes"] == len(allowed)


_SCOPED = (
    ("scopes", "id"), ("events", "scope_id"), ("projects", "id"), ("tasks", "project_id"), ("comments", "project_id"),
    ("labels", "project_id"), ("statuses", "project_id"), ("task_types", "project_id"), ("task_keys", "project_id"),
    ("task_labels", "project_id"), ("task_assignees", "project_id"), ("task_locations", "project_id"),
    ("comment_locations", "project_id"), ("project_members", "project_id"), ("task_counters", "project_id"),
    ("checkpoints", "scope_id"), ("checkpoint_states", "scope_id"), ("inbox_items", "user_id"),
    ("mutation_outcomes", "viewer_id"),
)  # fmt: skip


async def test_nothing_is_put_where_it_was_not_declared(furnished: World, role: Role, log: Log) -> None:
    world = furnished
    secret, eng = project_id(world.secret), project_id(world.eng)
    before = await log.fingerprint()
    for statement, values in (
        ("INSERT INTO labels VALUES ($1, gen_random_uuid(), 'x', '#000000', 1)", (secret,)),
        ("INSERT INTO project_members VALUES ($1, $2, 'admin', now())", (secret, world.uuid("member"))),
        (INBOX_ITEM, (world.uuid("owner"),)),
        ("UPDATE links SET source_project_id = $1, target_project_id = $1 WHERE source_project_id = $2", (secret, eng)),
        ("UPDATE task_locations SET project_id = $1 WHERE project_id = $2", (secret, eng)),
        ("UPDATE inbox_items SET user_id = $1 WHERE $2::uuid IS NOT NULL", (world.uuid("owner"), eng)),
    ):  # fmt: skip
        async with role.declared(world.uuid("member")) as connection:
            if "inbox_items SET" in statement and not await _count(connection, "inbox_items"):
                continue
            with refused_by_the_wall():
                await connection.execute(statement, *values)
    assert await log.fingerprint() == before


async def test_a_declaration_ends_with_its_transaction(furnished: World, role: Role) -> None:
    async with role.declared(furnished.uuid("owner")) as connection:
        assert await _count(connection, "tasks") > 0
    assert await _count(role.connection, "tasks") == 0


async def _count(connection: asyncpg.Connection, table: str) -> int:
    try:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
    except asyncpg.InsufficientPrivilegeError:
        return 0
    return found
