"""Tasks held as they are while something is attached to them: a comment, a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from app.errors import NotFound, ValidationFailed
from app.guards import Guard
from app.projects.access import access_projects
from app.projects.models import Project
from app.staging import Write
from app.statements import Statement, as_keys, sql
from app.tasks.models import Task
from app.tasks.reads import locate_tasks, tasks_by_key
from app.work import RaceLost, Work
from app.workspaces.access import access_guard

# Shared by all who attach something; an edit, a deletion or a transfer of the task waits, and is waited for.
_SHARE: Statement[Any] = sql(
    """
    SELECT 1 FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN tasks t ON t.project_id = asked.project_id AND t.id = asked.id ORDER BY t.id FOR SHARE OF t
    """,
    "project_ids",
    "ids",
)

HELD = Write(
    "held_tasks",
    {"project_id": "uuid", "id": "uuid"},
    """SELECT t.id FROM $given JOIN tasks t ON t.project_id = $first AND t.id = given.id
       WHERE t.deleted_at IS NULL FOR SHARE OF t""",
    counted=True,
    unless="changed_tasks",
)
"""Tasks that are there, undeleted, until the commit. (Those that the same statement changes are held by that.)"""


@dataclass(frozen=True)
class Held:
    """The tasks that the viewer may see, and their projects (rows also have the viewer's ``role``)."""

    projects: dict[UUID, Project]
    tasks: dict[UUID, Task]

    def task(self, task_id: UUID, *path: str) -> Task:
        """A visible task that is not deleted; raises a refusal."""
        task = self.tasks.get(task_id)
        if task is None:
            raise NotFound("Task", path=path)
        if task.deleted_at is not None:
            raise ValidationFailed("This task is deleted. Restore it first (taskRestore).", path=path)
        return task


async def hold_tasks(work: Work, places: Mapping[UUID, Any], *guards: Guard) -> Held:
    """Hold tasks until the unit ends, then read them; access is held too, and any further guards.

    ``places`` says where they were seen: rows with ``project_id`` and ``workspace_id``. A task that moved
    meanwhile makes the unit run again.
    """
    keys = [(place.project_id, task_id) for task_id, place in places.items()]
    await work.guard(*{access_guard(place.workspace_id) for place in places.values()}, *guards)
    if keys:
        project_ids, ids = as_keys(keys)
        await work.run(_SHARE, project_ids=project_ids, ids=ids)
    now_at = await locate_tasks(work, work.viewer_id, list(places))
    keys = [key for key in keys if key[1] in now_at]
    if any(now_at[task_id].project_id != project_id for project_id, task_id in keys):
        raise RaceLost
    projects = await access_projects(work, work.viewer_id, list({project_id for project_id, _ in keys}))
    return Held(projects, await tasks_by_key(work, [key for key in keys if key[0] in projects]))
