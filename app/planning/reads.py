"""Reports of sprints, read from the log."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db import Reader
from app.events.models import ActorKind
from app.planning.reports import Known, Report, Step, moment_told
from app.projects.models import Status
from app.projects.reads import STATUSES, by_project
from app.sprints.events import SPRINT_COMPLETED, SPRINT_CREATED, SPRINT_STARTED
from app.sprints.models import SprintStage
from app.statements import Statement, as_keys, sql
from app.tasks.events import TASK_CREATED, TASK_LEFT

_TOLD = ("sprint_id", "estimate", "status_id", "deleted_at", "completed_at")
_TOLD_OF_SPRINT = ("stage", "started_at")

# Of each event only what moves a task in or out of a sprint, or how far either is, is taken out of its payload.
_EVENTS: Statement[Any] = sql(
    """
    SELECT asked.id AS sprint_id, e.seq, e.kind, e.object_id, e.actor_id, e.actor_kind, e.occurred_at, e.recorded_at,
           CASE WHEN e.payload ? 'state'
                THEN (SELECT jsonb_object_agg(one.key, one.value) FROM jsonb_each(e.payload -> 'state') AS one
                      WHERE one.key = ANY($3::text[]))
                ELSE (SELECT jsonb_object_agg(one.key, one.value -> 'new')
                      FROM jsonb_each(e.payload #> '{delta,set}') AS one WHERE one.key = ANY($3::text[]))
           END AS told
    FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    CROSS JOIN LATERAL (
        SELECT asked.id AS object_id
      UNION ALL
        SELECT s.task_id FROM sprint_tasks s WHERE s.project_id = asked.project_id AND s.sprint_id = asked.id
    ) AS of
    JOIN events e ON e.scope_id = asked.project_id AND e.object_id = of.object_id
    ORDER BY asked.id, e.seq
    """,
    "project_ids", "ids", "fields",
)  # fmt: skip


@dataclass(frozen=True)
class _Start:
    """When a sprint began. One that an import brought begun: when it was ``imported``, and ``ended`` if it was over."""

    started: datetime
    ended: datetime | None = None
    imported: datetime | None = None

    def brought(self, event: Any) -> bool:
        """Whether an event tells of a task that came with such a sprint: in a run that goes on later, too.

        What was made only after that came into the sprint later, though another import brings it.
        """
        by_import = event.kind == TASK_CREATED.name and event.actor_kind == ActorKind.IMPORT.value
        return self.imported is not None and by_import and event.occurred_at <= self.imported


async def reports_of(reader: Reader, keys: Sequence[tuple[UUID, UUID]]) -> dict[UUID, Report]:
    """By sprint, of those (project, sprint) that were started, here or before they were imported, in two statements.

    Statuses mean what they mean today.
    """
    project_ids, ids = as_keys(list(dict.fromkeys(keys)))
    rows = await reader.rows(_EVENTS, project_ids=project_ids, ids=ids, fields=[*_TOLD, *_TOLD_OF_SPRINT])
    statuses: dict[UUID, list[Status]] = await by_project(reader, STATUSES, list(set(project_ids)))
    categories = {str(status.id): status.category for words in statuses.values() for status in words}
    by_sprint: dict[UUID, list[Any]] = {}
    for row in rows:
        by_sprint.setdefault(row.sprint_id, []).append(row)
    reports = {sprint_id: _report(sprint_id, events, categories) for sprint_id, events in by_sprint.items()}
    return {sprint_id: report for sprint_id, report in reports.items() if report is not None}


def _report(sprint_id: UUID, events: Sequence[Any], categories: dict[str, str]) -> Report | None:
    known: dict[UUID, Known] = {}
    first: dict[UUID, Known] = {}
    steps: list[Step] = []
    start: _Start | None = None
    ended: datetime | None = None
    for event in events:
        if event.object_id == sprint_id:
            if start is None and (start := _start_of(event)) is not None:
                first, ended = dict(known), start.ended
            elif start is not None and event.kind == SPRINT_COMPLETED.name:
                ended = event.recorded_at
                break
            continue
        before = known.get(event.object_id, Known())
        known[event.object_id] = after = _next(before, event)
        if start is None or before == after:
            continue
        if start.brought(event):
            first[event.object_id] = after
        elif start.ended is None:
            steps.append(Step(event, before, after))
    if start is None:
        return None
    return Report(str(sprint_id), start.started, ended, start.imported, first, tuple(steps), categories)


def _start_of(event: Any) -> _Start | None:
    """A sprint's event as its start, if it is one. An imported sprint is made as what it was there."""
    if event.kind == SPRINT_STARTED.name:
        return _Start(event.recorded_at)
    told, now = event.told or {}, event.recorded_at
    if event.kind != SPRINT_CREATED.name or told["stage"] == SprintStage.PLANNED.value:
        return None
    over = told["stage"] == SprintStage.COMPLETED.value
    ended = moment_told(told.get("completed_at"), now) if over else None
    return _Start(moment_told(told.get("started_at"), ended or now), ended, now)


def _next(known: Known, event: Any) -> Known:
    if event.kind == TASK_LEFT.name:
        return Known()
    return replace(known, there=True, **(event.told or {}))
