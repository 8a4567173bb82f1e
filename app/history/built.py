"""What stands on something by now: who made it does not take it away under the others by undoing that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from app.db import Reader
from app.errors import Clash, ValidationFailed
from app.events.models import Event
from app.statements import Statement, sql
from app.tasks.reads import lock_tasks
from app.work import Work

_ON_TASKS: Statement[Any] = sql(
    """
    SELECT made.id, built.field, built.by_id, built.at
    FROM unnest($2::uuid[], $3::timestamptz[]) AS made(id, since)
    CROSS JOIN LATERAL (
        SELECT 'comments' AS field, c.author_id AS by_id, c.created_at AS at FROM comments c
        WHERE c.project_id = $1 AND c.task_id = made.id AND c.deleted_at IS NULL
      UNION ALL
        SELECT 'children', t.creator_id, t.created_at FROM tasks t
        WHERE t.project_id = $1 AND t.parent_id = made.id AND t.deleted_at IS NULL
      UNION ALL
        SELECT 'links', l.creator_id, l.created_at FROM links l
        WHERE l.source_project_id = $1 AND l.source_task_id = made.id AND l.target_project_id = $1
      UNION ALL
        SELECT 'links', l.creator_id, l.created_at FROM links l
        WHERE l.target_project_id = $1 AND l.target_task_id = made.id AND l.source_project_id = $1
    ) AS built
    WHERE built.at >= made.since AND built.by_id IS DISTINCT FROM $4 ORDER BY built.at
    """,
    "project", "ids", "since", "actor",
)  # fmt: skip

_LIVING = "SELECT count(*) FROM tasks t WHERE t.project_id = $1 AND t.deleted_at IS NULL AND"
_WITH: dict[str, Statement[Any]] = {
    name: sql(f"{_LIVING} {having}", "project", "id")
    for name, having in {
        "label": "t.id IN (SELECT task_id FROM task_labels WHERE project_id = $1 AND label_id = $2::text::uuid)",
        "custom_field": "t.fields ? $2",
        "sprint": "t.sprint_id = $2::text::uuid",
        "milestone": "t.milestone_id = $2::text::uuid",
    }.items()
}


async def built_on_tasks(work: Work, project_id: UUID, events: Sequence[Event]) -> dict[UUID, list[Clash]]:
    """By task: what others attached to it since an event that brought it, the last of each kind.

    The tasks are locked, so no sub-task comes after this. What leads to other projects is not told of.
    """
    if not events:
        return {}
    await lock_tasks(work, [(project_id, event.object_id) for event in events])
    rows = await work.rows(
        _ON_TASKS, project=project_id, ids=[event.object_id for event in events],
        since=[event.occurred_at for event in events], actor=work.viewer_id,
    )  # fmt: skip
    found: dict[UUID, dict[str, Clash]] = {}
    for row in rows:
        found.setdefault(row.id, {})[row.field] = Clash(row.field, None, None, None, row.by_id, row.at)
    return {task_id: list(clashes.values()) for task_id, clashes in found.items()}


async def check_unbuilt(reader: Reader, project_id: UUID, event: Event) -> None:
    """What tasks have is not taken from them by undoing that it was made."""
    having: Mapping[str, Statement[Any]] = _WITH
    if event.object_type not in having:
        return
    count = await reader.value(having[event.object_type], project=project_id, id=str(event.object_id))
    if count:
        raise ValidationFailed(f"{count} tasks have it by now. Delete it yourself, if they shall lose it.")
