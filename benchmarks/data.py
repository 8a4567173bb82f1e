"""Generated data, the same every time: projects with tasks and comments, and the people who work on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx

PASSWORD = "correct horse battery"
TITLE = "Task 1 of a board, with a title of the usual length"
TEXT = "Some words that describe what is to be done. " * 8
PEOPLE = 20
LABELS = 12
COLUMN = 500
"""More tasks than this in a status cannot be asked for at once, so a board of more has more statuses."""


@dataclass(frozen=True)
class Stage:
    """Who asks, and what is there to ask for: projects B0, B1 … in order. `task_id` is that of B0-1."""

    token: str
    workspace_id: str
    project_ids: tuple[str, ...]
    task_id: str

    @property
    def project_id(self) -> str:
        """The first project."""
        return self.project_ids[0]


async def fill(url: str, admin_url: str, sizes: Sequence[int], people: int = PEOPLE) -> Stage:
    """Make it: the owner and projects through the API, the crowd of rows in the database.

    `sizes`: tasks of each project. B0-1 is made through the API too, and the others have what it has in columns that
    mean nothing here. Every task has three comments, the first one of each project twenty.
    """
    async with httpx.AsyncClient(base_url=url, timeout=60) as http:
        token = await sign_up(http, "bench@lockstep.example", "Owner")
        headers = {"Authorization": f"Bearer {token}"}
        workspace = await _do(http, headers, "workspaceCreate", "workspace", name="Bench")
        ids = [await make_project(http, headers, workspace, f"B{number}") for number in range(len(sizes))]
        task = await make_task(http, headers, ids[0])
        connection = await asyncpg.connect(admin_url)
        try:
            # The rows are made as the service would make them; its triggers would want an event for each.
            await connection.execute("SET session_replication_role = replica")
            await connection.execute(_CROWD, people)
            await connection.execute(_KNOWN)
            for number, tasks in enumerate(sizes):
                await _fill_project(connection, f"B{number}", tasks)
            await connection.execute("VACUUM ANALYZE")
        finally:
            await connection.close()
    return Stage(token, workspace, tuple(ids), task)


async def make_project(http: httpx.AsyncClient, headers: Any, workspace: str, key: str) -> str:
    """A project of the API's own making; its id."""
    given = {"workspaceId": workspace, "key": key, "name": f"Project {key}"}
    return await _do(http, headers, "projectCreate", "project", **given)


async def make_task(http: httpx.AsyncClient, headers: Any, project: str) -> str:
    """A task of the API's own making; its id."""
    return await _do(http, headers, "taskCreate", "task", projectId=project, title=TITLE, description=TEXT)


async def sign_up(http: httpx.AsyncClient, email: str, name: str) -> str:
    document = "mutation($i: SignUpInput!) { signUp(input: $i) { accessToken errors { message } } }"
    given = {"email": email, "password": PASSWORD, "name": name}
    answer = await http.post("/graphql", json={"query": document, "variables": {"i": given}})
    return str(answer.json()["data"]["signUp"]["accessToken"])


async def _do(http: httpx.AsyncClient, headers: Any, mutation: str, made: str, **given: Any) -> str:
    kind = mutation[0].upper() + mutation[1:] + "Input"
    document = f"mutation($i: {kind}!) {{ {mutation}(input: $i) {{ {made} {{ id }} errors {{ message }} }} }}"
    answer = await http.post("/graphql", headers=headers, json={"query": document, "variables": {"i": given}})
    return str(answer.json()["data"][mutation][made]["id"])


async def _fill_project(connection: Any, key: str, tasks: int) -> None:
    project = await connection.fetchval("SELECT id FROM projects WHERE key = $1", key)
    await connection.execute(_STATUSES, project, -(-tasks // COLUMN))
    for statement in (_LABELS, _TASKS, _LOCATIONS, _KEYS, _ASSIGNEES, _TASK_LABELS, _COMMENTS, _PLACES):
        amount = {_LABELS: LABELS, _TASKS: tasks}.get(statement)
        await connection.execute(statement, project, *(() if amount is None else (amount,)))
    await connection.execute(
        "UPDATE task_counters SET next_number = $2 WHERE project_id = $1", project, tasks + 1
    )


_CROWD = """
    INSERT INTO users (id, kind, name, avatar_url, time_zone, version, created_at)
    SELECT uuidv7(), 'person', 'Person ' || n, 'https://lockstep.example/' || n || '.png', 'UTC', 1, now()
    FROM generate_series(1, $1::int) n
"""
_KNOWN = """
    INSERT INTO workspace_people SELECT w.id, u.id FROM workspaces w, users u WHERE u.name LIKE 'Person%'
"""
_STATUSES = """
    INSERT INTO statuses (project_id, id, name, category, color, rank, version)
    SELECT $1::uuid, uuidv7(), 'More ' || n, s.category, s.color, s.rank || 'z' || n, 1
    FROM (SELECT * FROM statuses WHERE project_id = $1 ORDER BY rank LIMIT 1) s,
         generate_series(1, $2::int - (SELECT count(*)::int FROM statuses WHERE project_id = $1)) n
"""
_LABELS = """
    INSERT INTO labels (project_id, id, name, color, version)
    SELECT $1::uuid, uuidv7(), 'label ' || n, '#aabbcc', 1 FROM generate_series(1, $2::int) n
"""
_TASKS = """
    INSERT INTO tasks
    SELECT made.*
    FROM generate_series(1, $2::int) n,
         (SELECT array_agg(id ORDER BY rank) AS ids FROM statuses WHERE project_id = $1) s,
         (SELECT array_agg(id ORDER BY name) AS ids FROM task_types WHERE project_id = $1) t,
         (SELECT tasks AS first FROM tasks ORDER BY id LIMIT 1) known,
         LATERAL jsonb_populate_record(known.first, jsonb_build_object(
             'project_id', $1::uuid, 'id', uuidv7(), 'number', n,
             'title', 'Task ' || n || ' of a board, with a title of the usual length',
             'status_id', s.ids[1 + n % array_length(s.ids, 1)], 'type_id', t.ids[1 + n % array_length(t.ids, 1)],
             'priority', n % 5, 'rank', 'a' || lpad(n::text, 8, '0') || 'V', 'estimate', n % 7,
             'due_date', date '2030-01-01' + n % 300,
             'created_at', timestamptz '2026-01-01 00:00:00.123456Z' + n * interval '1 minute',
             'updated_at', timestamptz '2026-06-01 00:00:00.654321Z' + n * interval '1 minute'
         )) made
    WHERE NOT EXISTS (SELECT FROM tasks WHERE project_id = $1 AND number = n)
"""
_LOCATIONS = """
    INSERT INTO task_locations (task_id, project_id) SELECT id, $1 FROM tasks WHERE project_id = $1
    ON CONFLICT DO NOTHING
"""
_KEYS = """
    INSERT INTO task_keys (project_id, number, task_id) SELECT $1, number, id FROM tasks WHERE project_id = $1
    ON CONFLICT DO NOTHING
"""
_ASSIGNEES = """
    INSERT INTO task_assignees (project_id, task_id, user_id)
    SELECT DISTINCT $1::uuid, t.id, p.ids[1 + (t.number * 7 + a * 3) % array_length(p.ids, 1)]
    FROM tasks t, generate_series(1, 3) a,
         (SELECT array_agg(id ORDER BY id) AS ids FROM users WHERE name LIKE 'Person%') p
    WHERE t.project_id = $1 AND a <= t.number % 4
"""
_TASK_LABELS = """
    INSERT INTO task_labels (project_id, task_id, label_id)
    SELECT DISTINCT $1::uuid, t.id, l.ids[1 + (t.number * 5 + a * 3) % array_length(l.ids, 1)]
    FROM tasks t, generate_series(1, 3) a,
         (SELECT array_agg(id ORDER BY id) AS ids FROM labels WHERE project_id = $1) l
    WHERE t.project_id = $1 AND a <= t.number % 4
"""
_COMMENTS = """
    INSERT INTO comments (project_id, id, task_id, author_id, body, version, created_at, updated_at)
    SELECT $1::uuid, uuidv7(), t.id, p.ids[1 + (t.number + c) % array_length(p.ids, 1)],
           'Comment ' || c || repeat(', with some words in it', 6), 1,
           t.created_at + c * interval '1 hour', t.created_at + c * interval '1 hour'
    FROM tasks t, generate_series(1, 20) c,
         (SELECT array_agg(id ORDER BY id) AS ids FROM users WHERE name LIKE 'Person%') p
    WHERE t.project_id = $1 AND (c <= 3 OR t.number = 1)
"""
_PLACES = (
    "INSERT INTO comment_locations (comment_id, project_id) SELECT id, $1 FROM comments WHERE project_id = $1"
)
