"""Selects of links, in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.db import Reader
from app.links.models import Link
from app.statements import Statement, as_keys, sql

_BY_TASK: Statement[Link] = sql(
    """
    SELECT l.*, asked.id AS near_task_id FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    CROSS JOIN LATERAL (
        SELECT * FROM links WHERE source_project_id = asked.project_id AND source_task_id = asked.id
        UNION ALL
        SELECT * FROM links WHERE target_project_id = asked.project_id AND target_task_id = asked.id
    ) AS l
    ORDER BY l.created_at, l.id
    """,
    "project_ids",
    "ids",
    model=Link,
)
_ALONG: Statement[Any] = sql("SELECT * FROM links_along($1, $2)", "kind", "start")
_BETWEEN: Statement[Link] = sql(
    """
    SELECT * FROM links WHERE kind = $3 AND (
        (source_task_id = $1 AND target_task_id = $2) OR (source_task_id = $2 AND target_task_id = $1)
    )
    """,
    "one",
    "other",
    "kind",
    model=Link,
)


async def links_by_task(reader: Reader, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, list[Link]]:
    """For each (project, task): its links in both directions, oldest first, in one statement."""
    found: dict[UUID, list[Link]] = defaultdict(list)
    if keys:
        project_ids, ids = as_keys(keys)
        for row in await reader.rows(_BY_TASK, project_ids=project_ids, ids=ids):
            found[row.near_task_id].append(row)  # type: ignore[attr-defined]
    return found


async def edges_along(reader: Reader, kind: str, start: UUID) -> list[tuple[UUID, UUID]]:
    """Every link (source task, target task) of a kind that can be reached from a task, across projects."""
    rows = await reader.rows(_ALONG, kind=kind, start=start)
    return [(row.source_task_id, row.target_task_id) for row in rows]


async def links_between(reader: Reader, kind: str, one: UUID, other: UUID) -> list[Link]:
    """The links of a kind between two tasks, in either direction."""
    return await reader.rows(_BETWEEN, one=one, other=other, kind=kind)
