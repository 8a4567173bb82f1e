"""Selects of tasks, in batches keyed by project and id."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.db import Reader
from app.projects.access import visible_among
from app.statements import Statement, as_keys, sql
from app.tasks.models import Task, TaskLocation

_WITH_SETS = """
    ARRAY(SELECT user_id FROM task_assignees a WHERE a.project_id = t.project_id AND a.task_id = t.id) AS assignee_ids,
    ARRAY(SELECT label_id FROM task_labels l WHERE l.project_id = t.project_id AND l.task_id = t.id) AS label_ids
"""

_ASKED = visible_among(
    "$1", "SELECT asked.project_id FROM task_locations asked WHERE asked.task_id = ANY($2::uuid[])"
)
_LOCATIONS: Statement[TaskLocation] = sql(
    f"""
    SELECT l.task_id, l.project_id, p.workspace_id FROM task_locations l JOIN projects p ON p.id = l.project_id
    WHERE l.task_id = ANY($2::uuid[]) AND l.project_id IN {_ASKED}
    """,  # noqa: S608
    "viewer",
    "ids",
    model=TaskLocation,
)
_TASKS: Statement[Task] = sql(
    f"""
    SELECT t.*, {_WITH_SETS}
    FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN tasks t ON t.project_id = asked.project_id AND t.id = asked.id
    """,  # noqa: S608
    "project_ids", "ids",
    model=Task,
)  # fmt: skip
_OF_KEY: Statement[Task] = sql(
    """
    SELECT t.* FROM projects p JOIN task_keys k ON k.project_id = p.id AND k.number = $3
    JOIN tasks t ON t.project_id = p.id AND t.id = k.task_id
    WHERE p.key = $2 AND p.workspace_id IN (SELECT m.workspace_id FROM workspace_members m WHERE m.user_id = $1)
    """,
    "viewer", "key", "number",
    model=Task,
)  # fmt: skip
_LOCK = sql(
    """
    SELECT 1 FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN tasks t ON t.project_id = asked.project_id AND t.id = asked.id ORDER BY t.id FOR NO KEY UPDATE OF t
    """,
    "project_ids", "ids",
)  # fmt: skip
_SHARE = sql(
    """
    SELECT 1 FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN tasks t ON t.project_id = asked.project_id AND t.id = asked.id ORDER BY t.id FOR SHARE OF t
    """,
    "project_ids", "ids",
)  # fmt: skip
_ANCESTORS: Statement[Any] = sql(
    """
    WITH RECURSIVE above AS (
        SELECT t.id, t.parent_id FROM tasks t WHERE t.project_id = $1 AND t.id = ANY($2::uuid[])
        UNION
        SELECT t.id, t.parent_id FROM tasks t JOIN above ON t.id = above.parent_id WHERE t.project_id = $1
    )
    SELECT id, parent_id FROM above
    """,
    "project", "ids",
)  # fmt: skip
_LAST_RANK = sql("SELECT rank FROM tasks WHERE project_id = $1 ORDER BY rank DESC LIMIT 1", "project")
_RANK_BELOW = sql(
    "SELECT rank FROM tasks WHERE project_id = $1 AND rank < $2 AND id <> $3 ORDER BY rank DESC LIMIT 1",
    "project", "rank", "moved",
)  # fmt: skip
_RANK_ABOVE = sql(
    "SELECT rank FROM tasks WHERE project_id = $1 AND rank > $2 AND id <> $3 ORDER BY rank LIMIT 1",
    "project", "rank", "moved",
)  # fmt: skip
_TASK_OF_KEY = sql(
    "SELECT task_id FROM task_keys WHERE project_id = ANY($1::uuid[]) AND number = $2", "ids", "number"
)


async def locate_tasks(reader: Reader, viewer_id: UUID, task_ids: list[UUID]) -> dict[UUID, TaskLocation]:
    """Where those of the tasks are that the viewer may see; each row also has the ``workspace_id``.

    What is hidden and what is missing part here, in one statement, and are the same ever after.
    """
    if not task_ids:
        return {}
    return {row.task_id: row for row in await reader.rows(_LOCATIONS, viewer=viewer_id, ids=task_ids)}


async def tasks_by_key(reader: Reader, keys: list[tuple[UUID, UUID]]) -> dict[UUID, Task]:
    """Tasks by (project, id), deleted ones too; rows also have ``assignee_ids`` and ``label_ids``."""
    if not keys:
        return {}
    project_ids, ids = as_keys(keys)
    return {row.id: row for row in await reader.rows(_TASKS, project_ids=project_ids, ids=ids)}


async def lock_tasks(reader: Reader, keys: list[tuple[UUID, UUID]]) -> None:
    """Lock rows before they are read: a unit that lost a race takes its turn instead of racing again."""
    if keys:
        project_ids, ids = as_keys(keys)
        await reader.run(_LOCK, project_ids=project_ids, ids=ids)


async def share_tasks(reader: Reader, keys: list[tuple[UUID, UUID]]) -> None:
    """Hold rows that something is attached to (a sub-task, say): who changes one is waited for, and waits."""
    if keys:
        project_ids, ids = as_keys(keys)
        await reader.run(_SHARE, project_ids=project_ids, ids=ids)


async def parents_above(reader: Reader, project_id: UUID, task_ids: list[UUID]) -> dict[UUID, UUID | None]:
    """The parent of each of these tasks and of everything above them."""
    rows = await reader.rows(_ANCESTORS, project=project_id, ids=task_ids)
    return {row.id: row.parent_id for row in rows}


async def last_rank(reader: Reader, project_id: UUID) -> str | None:
    """The highest rank in a project, or None if it has no tasks."""
    rank: str | None = await reader.value(_LAST_RANK, project=project_id)
    return rank


async def neighbour_rank(
    reader: Reader, project_id: UUID, rank: str, moved: UUID, *, below: bool
) -> str | None:
    """The nearest rank below (or above) ``rank``, not counting the task that is being moved."""
    statement = _RANK_BELOW if below else _RANK_ABOVE
    found: str | None = await reader.value(statement, project=project_id, rank=rank, moved=moved)
    return found


async def tasks_of_key(reader: Reader, viewer_id: UUID, project_key: str, number: int) -> list[Task]:
    """The tasks of this number, deleted or not, in projects of this key: one in each of the viewer's workspaces.

    Only what the transaction may see is found, and whether the viewer may see its project is not asked here.
    """
    return await reader.rows(_OF_KEY, viewer=viewer_id, key=project_key, number=number)


async def task_ids_by_number(reader: Reader, project_ids: list[UUID], number: int) -> list[UUID]:
    """Tasks that have, or once had, this number in one of these projects."""
    return [row.task_id for row in await reader.rows(_TASK_OF_KEY, ids=project_ids, number=number)]
