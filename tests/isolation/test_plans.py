"""The application's own statements, planned under the service's role: the wall's conditions cost no index."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from lockstep.embedded import Servers
from tests.conftest import Template
from tests.databases import Databases, named
from tests.isolation.conftest import Role
from tests.ledger import Log
from tests.service import Service
from tests.world import World

TASKS = 20_000
LARGE = "SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > 5000"

# As the service would make them; its triggers would want an event for each.
FILL = """
SET session_replication_role = replica;
INSERT INTO tasks (project_id, id, number, title, sections, status_id, type_id, priority, rank, config, fields,
                   version, due_date, created_at, updated_at)
SELECT p.id, uuidv7(), 1000 + n, 'Task ' || n, '{}', s.id, t.id, n % 5, 'b' || lpad(n::text, 8, '0'), '{}', '{}',
       1, date '2030-01-01' + n % 300, now() + n * interval '1 minute', now() + n * interval '1 minute'
FROM projects p, generate_series(1, {tasks}) n,
     LATERAL (SELECT id FROM statuses WHERE project_id = p.id ORDER BY rank LIMIT 1) s,
     LATERAL (SELECT id FROM task_types WHERE project_id = p.id ORDER BY name LIMIT 1) t
WHERE p.key IN ('ENG', 'SEC');
INSERT INTO task_locations (task_id, project_id) SELECT id, project_id FROM tasks ON CONFLICT DO NOTHING;
INSERT INTO task_keys (project_id, number, task_id) SELECT project_id, number, id FROM tasks ON CONFLICT DO NOTHING;
INSERT INTO comments (project_id, id, task_id, body, version, created_at, updated_at)
SELECT project_id, uuidv7(), id, 'Words', 1, created_at, created_at FROM tasks;
INSERT INTO task_assignees (project_id, task_id, user_id)
SELECT t.project_id, t.id, u.id FROM tasks t JOIN users u ON u.name IN ('Member', 'Viewer') ON CONFLICT DO NOTHING;
INSERT INTO labels (project_id, id, name, color, version)
SELECT id, uuidv7(), 'label', '#000000', 1 FROM projects;
INSERT INTO task_labels (project_id, task_id, label_id)
SELECT t.project_id, t.id, l.id FROM tasks t JOIN labels l ON l.project_id = t.project_id;
SET session_replication_role = origin;
ANALYZE;
"""

OF_PROJECT = "query($id: ID!, $n: Int) { node(id: $id) { ... on Project { %s } } }"
OPERATIONS = {
    "a page by rank": OF_PROJECT % "tasks(first: $n) { nodes { id } }",
    "a page by time": OF_PROJECT % "tasks(first: $n, orderBy: [{field: UPDATED_AT}]) { nodes { id } }",
    "a page by due date": OF_PROJECT % "tasks(first: $n, orderBy: [{field: DUE_DATE}]) { nodes { id } }",
    "columns": OF_PROJECT % "statuses { tasks(first: $n) { nodes { id } } }",
    "comments": OF_PROJECT % "tasks(first: $n) { nodes { comments(first: 3) { nodes { body } } commentCount } }",
    "people and labels": OF_PROJECT % "tasks(first: $n) { nodes { assignees { name } labels { name } } }",
    "a task by its key": 'query($id: ID!, $n: Int) { node(id: $id) { id } task(key: "ENG-1500") { title '
    "comments(first: $n) { nodes { id } } } }",
    "tasks of all projects": "query($id: ID!, $n: Int) { tasks(first: $n) { nodes { id } } node(id: $id) { id } }",
}  # fmt: skip


@pytest.fixture(scope="module")
async def filled(databases: Databases, template: Template, servers: Servers) -> AsyncIterator[str]:
    """The world with large projects in it: the name of its database."""
    async with databases.copy_of(template.database) as name:
        connection = await asyncpg.connect(named(servers.admin_url, name))
        await connection.execute(FILL.replace("{tasks}", str(TASKS)))
        await connection.close()
        yield name


@pytest.fixture
async def database(databases: Databases, filled: str) -> AsyncIterator[str]:
    """Each test's own, as everywhere."""
    async with databases.copy_of(filled) as name:
        yield name


def scans(plan: Any) -> Iterator[str]:
    """The tables that a plan reads from end to end."""
    if plan["Node Type"] == "Seq Scan":
        yield plan["Relation Name"]
    for part in plan.get("Plans", ()):
        yield from scans(part)


async def plans(world: World, service: Service, role: Role, document: str) -> list[tuple[str, Any]]:
    """Each statement of an operation, with its plan as the service's role has it."""
    with service.statements() as sent:
        await world.member.query(document, id=world.eng["id"], n=50)
    found = []
    for text, arguments in sent.queries:
        if not text.lstrip().startswith(("SELECT", "WITH")):
            continue
        async with role.declared(world.uuid("member")) as connection:
            explained = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {text}", *arguments)
        found.append((text, json.loads(explained)[0]["Plan"]))
    return found


@pytest.mark.parametrize("name", OPERATIONS)
async def test_the_wall_costs_no_index(
    world: World, service: Service, role: Role, log: Log, name: str
) -> None:
    found = await plans(world, service, role, OPERATIONS[name])
    assert found
    large = {row["relname"] for row in await log.connection.fetch(LARGE)}
    assert len(large) >= 7
    for text, plan in found:
        assert not large.intersection(scans(plan)), text
    assert any("SubPlan" in json.dumps(plan) for _, plan in found), "the wall stands in these plans"


async def test_a_condition_without_an_index_is_noticed(world: World, role: Role, log: Log) -> None:
    async with role.declared(world.uuid("member")) as connection:
        explained = await connection.fetchval("EXPLAIN (FORMAT JSON) SELECT * FROM tasks WHERE title = 'x'")
    large = {row["relname"] for row in await log.connection.fetch(LARGE)}
    assert large.intersection(scans(json.loads(explained)[0]["Plan"]))
