"""What hangs on tasks, in batches: who they are assigned to, and their labels."""

from __future__ import annotations

from collections import defaultdict
from typing import Any
from uuid import UUID

from app.accounts.models import User
from app.db import Reader, Statement, as_keys, sql
from app.projects.models import Label

# One row for each person or label, with all the tasks it is on: far fewer than one for each pair.
_ASSIGNEES: Statement[User] = sql(
    """
    SELECT u.*, held.task_ids FROM (
        SELECT a.user_id, array_agg(a.task_id) AS task_ids FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
        JOIN task_assignees a ON a.project_id = asked.project_id AND a.task_id = asked.id GROUP BY a.user_id
    ) held JOIN users u ON u.id = held.user_id ORDER BY u.name, u.id
    """,
    "project_ids", "ids",
    model=User,
)  # fmt: skip
_LABELS: Statement[Label] = sql(
    """
    SELECT l.*, held.task_ids FROM (
        SELECT t.project_id, t.label_id, array_agg(t.task_id) AS task_ids
        FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
        JOIN task_labels t ON t.project_id = asked.project_id AND t.task_id = asked.id GROUP BY t.project_id, t.label_id
    ) held JOIN labels l ON l.project_id = held.project_id AND l.id = held.label_id AND l.deleted_at IS NULL
    ORDER BY l.name, l.id
    """,
    "project_ids", "ids",
    model=Label,
)  # fmt: skip


async def _by_task(
    reader: Reader, statement: Statement[Any], keys: list[tuple[UUID, UUID]]
) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    if keys:
        project_ids, ids = as_keys(list(dict.fromkeys(keys)))
        for row in await reader.rows(statement, project_ids=project_ids, ids=ids):
            for task_id in row["task_ids"]:
                found[task_id].append(row)
    return found


async def assignees_by_task(reader: Reader, keys: list[tuple[UUID, UUID]]) -> dict[UUID, list[User]]:
    """The people each task (project, id) is assigned to, by name."""
    return await _by_task(reader, _ASSIGNEES, keys)


async def labels_by_task(reader: Reader, keys: list[tuple[UUID, UUID]]) -> dict[UUID, list[Label]]:
    """The labels of each task (project, id) that are not deleted, by name."""
    return await _by_task(reader, _LABELS, keys)
