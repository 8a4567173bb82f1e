"""What decides a transfer: both projects' guards locked first, then everything that hangs on the task."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from app.comments.models import Comment
from app.comments.reads import comments_of_task
from app.errors import NotFound
from app.fields.models import CustomField
from app.fields.reads import CUSTOM_FIELDS
from app.links.models import Link
from app.links.reads import links_by_task
from app.milestones.models import Milestone
from app.milestones.reads import MILESTONES
from app.projects.access import access_projects
from app.projects.actions.objects import planning_guard
from app.projects.actions.opening import access_guards
from app.projects.actions.vocabulary import vocabulary_guard
from app.projects.models import Label, Project, Status, TaskType
from app.projects.reads import LABELS, STATUSES, TASK_TYPES, by_project, readers_among
from app.statements import Statement, sql
from app.tasks.facts import hierarchy_guard, order_guard
from app.tasks.models import Task
from app.tasks.reads import last_rank, locate_tasks, lock_tasks, tasks_by_key
from app.values import now_utc
from app.work import RaceLost, Work
from app.workflows.rules import Surroundings

Key = tuple[UUID, UUID]


@dataclass(frozen=True)
class Facts:
    """One moment's knowledge. Words are by project, deleted ones too.

    ``earlier_number`` is the one that the task had in the target before, if it has been there.
    """

    now: datetime
    source: Project
    target: Project
    task: Task
    children: dict[UUID, Task]
    statuses: dict[UUID, list[Status]]
    types: dict[UUID, list[TaskType]]
    labels: dict[UUID, list[Label]]
    fields: dict[UUID, list[CustomField]]
    milestones: dict[UUID, list[Milestone]]
    readers: set[tuple[UUID, UUID]]
    comments: list[Comment]
    links: list[Link]
    last_rank: str | None
    earlier_number: int | None
    around: Surroundings = field(default_factory=Surroundings)


async def facts_for_transfer(work: Work, task_id: UUID, target_id: UUID) -> Facts:
    """Everything that decides a transfer; raises ``NotFound`` for what the viewer may not see."""
    source_id = await _hold(work, task_id, target_id)
    projects = await access_projects(work, work.viewer_id, [source_id, target_id])
    if source_id not in projects:
        raise NotFound("Task", path=("id",))
    if target_id not in projects:
        raise NotFound("Project", path=("projectId",))
    children = await _lock(work, source_id, task_id)
    rows = await tasks_by_key(work, [(source_id, task_id), *children])
    task = rows.pop(task_id)
    both = [source_id, target_id]
    return Facts(
        now=now_utc(),
        source=projects[source_id],
        target=projects[target_id],
        task=task,
        children=rows,
        statuses=await by_project(work, STATUSES, both),
        types=await by_project(work, TASK_TYPES, both),
        labels=await by_project(work, LABELS, both),
        fields=await by_project(work, CUSTOM_FIELDS, both),
        milestones=await by_project(work, MILESTONES, both),
        readers=await readers_among(work, [target_id], _people(task)),
        comments=await comments_of_task(work, source_id, task_id),
        links=(await links_by_task(work, [(source_id, task_id)]))[task_id],
        last_rank=await last_rank(work, target_id),
        earlier_number=await work.value(_EARLIER_NUMBER, project=target_id, task=task_id),
    )


def _people(task: Any) -> list[UUID]:
    """Who is named in it: assignees, and in custom fields."""
    named = [UUID(value["user_id"]) for value in task.fields.values() if "user_id" in value]
    return list({*task.assignee_ids, *named})


async def _hold(work: Work, task_id: UUID, target_id: UUID) -> UUID:
    """Lock both projects against whoever writes tasks in them or takes their words; where the task is."""
    place = (await locate_tasks(work, work.viewer_id, [task_id])).get(task_id)
    if place is None:
        raise NotFound("Task", path=("id",))
    source_id = place.project_id
    both = {source_id, target_id}
    guards = await access_guards(work, list(both))
    guards += [vocabulary_guard(project_id, shared=False) for project_id in both]
    guards += [planning_guard(project_id) for project_id in both]
    await work.guard(*guards, order_guard(target_id), hierarchy_guard(source_id))
    place = (await locate_tasks(work, work.viewer_id, [task_id])).get(task_id)
    if place is None or place.project_id != source_id:
        raise RaceLost
    return source_id


async def _lock(work: Work, source_id: UUID, task_id: UUID) -> list[Key]:
    """Lock the task and its children; who is about to comment on it or to link it is waited for."""
    rows = await work.rows(_CHILDREN, project=source_id, task=task_id)
    children = [(source_id, row.id) for row in rows]
    await lock_tasks(work, [(source_id, task_id), *children])
    return children


_CHILDREN: Statement[Any] = sql(
    "SELECT id FROM tasks WHERE project_id = $1 AND parent_id = $2", "project", "task"
)
_EARLIER_NUMBER: Statement[Any] = sql(
    "SELECT number FROM task_keys WHERE project_id = $1 AND task_id = $2", "project", "task"
)
