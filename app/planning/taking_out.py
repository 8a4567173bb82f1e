"""Completing and deleting what tasks are in: they go with it, to the next or to none, in one unit and one batch."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.errors import LimitReached, ValidationFailed
from app.ids import new_id
from app.milestones.actions import MILESTONE
from app.milestones.events import MILESTONE_DELETED
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.objects import ObjectKind, change_object, found, open_objects
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.models import ConflictPolicy
from app.sprints.actions import SPRINT
from app.sprints.events import SPRINT_COMPLETED, SPRINT_DELETED
from app.sprints.models import SprintStage
from app.statements import Statement, sql
from app.tasks.actions.edit import EDITED_AT_ONCE, update_tasks
from app.tasks.commands import TaskEdit, TaskPatch
from app.values import now_utc
from app.work import Action, Work

# Locked, so that none is edited, deleted or transferred before it is taken out; who puts one in waits for the guard.
_IN = """
SELECT t.id FROM tasks t WHERE t.project_id = $1 AND t.{column} = $2 AND t.deleted_at IS NULL {also}
ORDER BY t.id LIMIT $3 FOR NO KEY UPDATE OF t
"""
_UNFINISHED = """AND NOT EXISTS (
    SELECT FROM statuses s
    WHERE s.project_id = t.project_id AND s.id = t.status_id AND s.category IN ('completed', 'cancelled'))"""


def _tasks_in(column: str, also: str = "") -> Statement[Any]:
    return sql(_IN.format(column=column, also=also), "project", "id", "limit")


_UNFINISHED_IN_SPRINT = _tasks_in("sprint_id", _UNFINISHED)
_IN_SPRINT = _tasks_in("sprint_id")
_IN_MILESTONE = _tasks_in("milestone_id")


def complete_sprint(
    project_id: UUID, sprint_id: UUID, expected_version: int, *, move_to: UUID | None
) -> Action:
    """Complete an active sprint. What is unfinished goes to the sprint ``move_to``, or to the backlog."""

    async def action(work: Work) -> Result:
        rows = await _open(work, SPRINT, project_id)
        sprint = found(SPRINT, rows, sprint_id)
        if sprint.stage != SprintStage.ACTIVE.value:
            raise ValidationFailed(
                f"This sprint is {sprint.stage}: only an active one is completed.", path=("id",)
            )
        if move_to is not None:
            following = found(SPRINT, rows, move_to, "moveUnfinishedTo")
            if move_to == sprint_id or following.stage == SprintStage.COMPLETED.value:
                raise ValidationFailed(
                    "Unfinished tasks go to another sprint that is planned or active.",
                    path=("moveUnfinishedTo",),
                )
        now = now_utc()
        values: dict[str, Any] = {"stage": SprintStage.COMPLETED.value, "completed_at": now}
        # First, so that what the log tells up to here is the sprint with all that was in it.
        await change_object(work, SPRINT, sprint, expected_version, values, SPRINT_COMPLETED, now)
        moved = await _take_out(work, _UNFINISHED_IN_SPRINT, project_id, sprint_id, {"sprint_id": move_to})
        return {"project_id": str(project_id), "id": str(sprint_id), "moved": moved}

    return action


def delete_sprint(project_id: UUID, sprint_id: UUID, expected_version: int) -> Action:
    """Delete a sprint, at any stage. Its tasks go to the backlog."""

    async def action(work: Work) -> Result:
        rows = await _open(work, SPRINT, project_id)
        sprint = found(SPRINT, rows, sprint_id)
        values = {"deleted_at": now_utc()}
        moved = await _take_out(work, _IN_SPRINT, project_id, sprint_id, {"sprint_id": None})
        await change_object(work, SPRINT, sprint, expected_version, values, SPRINT_DELETED)
        return {"project_id": str(project_id), "id": str(sprint_id), "moved": moved}

    return action


def delete_milestone(project_id: UUID, milestone_id: UUID, expected_version: int) -> Action:
    """Delete a milestone. Its tasks are in none then."""

    async def action(work: Work) -> Result:
        rows = await _open(work, MILESTONE, project_id)
        milestone = found(MILESTONE, rows, milestone_id)
        values = {"deleted_at": now_utc()}
        moved = await _take_out(work, _IN_MILESTONE, project_id, milestone_id, {"milestone_id": None})
        await change_object(work, MILESTONE, milestone, expected_version, values, MILESTONE_DELETED)
        return {"project_id": str(project_id), "id": str(milestone_id), "moved": moved}

    return action


async def _open(work: Work, kind: ObjectKind, project_id: UUID) -> list[Any]:
    # The words' guard is one that the edits take: with the others, so that all are locked in one order.
    return await open_objects(work, kind, project_id, Permission.PLAN, vocabulary_guard(project_id))


async def _take_out(
    work: Work, statement: Statement[Any], project_id: UUID, object_id: UUID, values: dict[str, Any]
) -> int:
    """Give the tasks in it other values; how many there were."""
    rows = await work.rows(statement, project=project_id, id=object_id, limit=EDITED_AT_ONCE + 1)
    if len(rows) > EDITED_AT_ONCE:
        raise LimitReached(
            f"More than {EDITED_AT_ONCE} tasks would be moved. Move some first (taskBulkUpdate).",
            limit=EDITED_AT_ONCE,
        )
    patch, overwrite = TaskPatch(values=values), ConflictPolicy.OVERWRITE
    work.batch_id = new_id()
    if rows:
        await update_tasks([TaskEdit(row.id, None, patch, overwrite) for row in rows])(work)
    return len(rows)
