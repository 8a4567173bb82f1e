"""Lists of tasks: of a project, of a status, of a parent, of everything the viewer sees."""

from __future__ import annotations

from typing import Any

from app.tasks.filters import TASKS
from app.tasks.models import Task
from schema.context import Batch, Columns, Context
from schema.paging import Paging, connections, paged
from schema.tasks.asked import asked_tasks
from schema.tasks.filters import TaskFilterInput, TaskOrder


def _tasks_within(**parent: str) -> Batch:
    """A page of tasks for each parent: those whose columns, named here, are these attributes of it."""

    @paged
    async def tasks(
        context: Context,
        parents: list[Any],
        columns: Columns,
        page: Paging,
        filter: TaskFilterInput | None = None,
        query: str | None = None,
        order_by: list[TaskOrder] | None = None,
    ) -> list[Any]:
        # Each parent's key begins with its project.
        keys = [tuple(getattr(one, attribute) for attribute in parent.values()) for one in parents]
        conditions, orders = await asked_tasks(context, [key[0] for key in keys], filter, query, order_by)
        return await connections(context, TASKS, Task, tuple(parent), keys, orders, page, conditions, columns)

    return tasks


tasks_of_projects = _tasks_within(project_id="id")
tasks_of_statuses = _tasks_within(project_id="project_id", status_id="id")  # a column of the board
tasks_of_sprints = _tasks_within(project_id="project_id", sprint_id="id")
tasks_of_milestones = _tasks_within(project_id="project_id", milestone_id="id")
tasks_of_parents = _tasks_within(project_id="project_id", parent_id="id")
