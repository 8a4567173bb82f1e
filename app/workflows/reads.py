"""Selects of transitions, and of what their conditions read, in batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from app.db import Reader
from app.fields.reads import CUSTOM_FIELDS
from app.projects.reads import LABELS, by_project, of_projects
from app.sprints.reads import SPRINTS
from app.statements import Statement, as_keys, sql
from app.workflows.models import Transition
from app.workflows.rules import CLOSED, ColumnLimit, Surroundings

Key = tuple[UUID, UUID]

TRANSITIONS: Statement[Transition] = of_projects(Transition, "project_id", "rank", "id")
"""All of some projects, deleted ones too."""

_LIVE: Statement[Transition] = sql(
    "SELECT * FROM transitions WHERE project_id = ANY($1::uuid[]) AND deleted_at IS NULL ORDER BY project_id, rank, id",
    "projects",
    model=Transition,
)
_LIMITS: Statement[Any] = sql(
    """
    SELECT b.project_id, c.value ->> 'name' AS name, (c.value ->> 'limit')::int AS most, c.value -> 'status_ids' AS ids
    FROM boards b CROSS JOIN LATERAL jsonb_each(b.columns) AS c
    WHERE b.project_id = ANY($1::uuid[]) AND b.deleted_at IS NULL
      AND c.value ->> 'limit_mode' = 'refuse' AND c.value ->> 'limit' IS NOT NULL
    """,
    "projects",
)
_RELATIVES = """
    SELECT asked.id AS task_id, true AS blocks, l.source_project_id AS project_id, l.source_task_id AS id
    FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN links l ON l.target_project_id = asked.project_id AND l.target_task_id = asked.id AND l.kind = 'blocks'
    UNION ALL
    SELECT asked.id, false, t.project_id, t.id FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN tasks t ON t.project_id = asked.project_id AND t.parent_id = asked.id
"""
_AROUND: Statement[Any] = sql(
    f"""
    SELECT relative.task_id, relative.blocks, t.project_id, t.id, s.category FROM ({_RELATIVES}) AS relative
    JOIN tasks t ON t.project_id = relative.project_id AND t.id = relative.id AND t.deleted_at IS NULL
    JOIN statuses s ON s.project_id = t.project_id AND s.id = t.status_id
    ORDER BY t.id
    """,  # noqa: S608
    "project_ids", "ids",
)  # fmt: skip
_HOLD: Statement[Any] = sql(
    """
    SELECT 1 FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN tasks t ON t.project_id = asked.project_id AND t.id = asked.id ORDER BY t.id FOR NO KEY UPDATE OF t
    """,
    "project_ids", "ids",
)  # fmt: skip
_SHARE: Statement[Any] = sql(
    f"""
    SELECT 1 FROM (SELECT DISTINCT project_id, id FROM ({_RELATIVES}) AS one) AS relative
    JOIN tasks t ON t.project_id = relative.project_id AND t.id = relative.id ORDER BY t.id FOR SHARE OF t
    """,  # noqa: S608
    "project_ids", "ids",
)  # fmt: skip
_COUNTS: Statement[Any] = sql(
    """
    SELECT asked.project_id, asked.id, (
        SELECT count(*) FROM tasks t
        WHERE t.project_id = asked.project_id AND t.status_id = asked.id AND t.deleted_at IS NULL) AS n
    FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    """,
    "project_ids", "ids",
)  # fmt: skip


async def transitions_by_project(reader: Reader, project_ids: list[UUID]) -> dict[UUID, list[Transition]]:
    """The transitions of each project that has any, in their order, without deleted ones."""
    found: dict[UUID, list[Transition]] = defaultdict(list)
    if project_ids:
        for row in await reader.rows(_LIVE, projects=project_ids):
            found[row.project_id].append(row)
    return dict(found)


async def limits_by_project(reader: Reader, project_ids: list[UUID]) -> dict[UUID, list[ColumnLimit]]:
    """The columns of each project's boards that refuse more tasks than their limit."""
    return limits_from(await reader.rows(_LIMITS, projects=project_ids))


def limits_from(rows: Iterable[Any]) -> dict[UUID, list[ColumnLimit]]:
    """The same from rows."""
    found: dict[UUID, list[ColumnLimit]] = defaultdict(list)
    for row in rows:
        found[row.project_id].append(ColumnLimit(row.name, frozenset(map(UUID, row.ids)), row.most))
    return dict(found)


async def hold_relatives(reader: Reader, keys: list[Key]) -> None:
    """Hold tasks, and then those that block them and are part of them, as they are until the unit ends.

    A task that is held takes no new blocker and no new sub-task; its blockers and sub-tasks take no other status.
    """
    project_ids, ids = as_keys(keys)
    await reader.run(_HOLD, project_ids=project_ids, ids=ids)
    await reader.run(_SHARE, project_ids=project_ids, ids=ids)


async def read_relatives(reader: Reader, keys: list[Key], around: Surroundings) -> None:
    """Find out who blocks tasks, what is part of them, and whether that is done."""
    project_ids, ids = as_keys(keys)
    for row in await reader.rows(_AROUND, project_ids=project_ids, ids=ids):
        relatives = around.blockers if row.blocks else around.children
        relatives.setdefault(row.task_id, []).append(row.id)
        around.closed[row.id] = row.category in CLOSED
        around.places.add(row.project_id)


async def read_words(reader: Reader, project_ids: list[UUID], around: Surroundings) -> None:
    """Read the labels, custom fields and sprints of projects, deleted ones too."""
    around.labels = await by_project(reader, LABELS, project_ids)
    around.fields = await by_project(reader, CUSTOM_FIELDS, project_ids)
    around.sprints = await by_project(reader, SPRINTS, project_ids)


async def count_tasks_in(reader: Reader, statuses: list[Key]) -> dict[Key, int]:
    """How many tasks are in each (project, status), not counting deleted ones."""
    project_ids, ids = as_keys(statuses)
    rows = await reader.rows(_COUNTS, project_ids=project_ids, ids=ids)
    return {(row.project_id, row.id): row.n for row in rows}
