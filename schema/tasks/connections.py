"""Lists of tasks: of a project, of a status, of a parent, of everything the viewer sees."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.tasks.filters import TASKS
from app.tasks.models import Task
from schema.context import Columns, Context
from schema.paging import Paging, connections, paged
from schema.tasks.asked import asked_tasks
from schema.tasks.filters import TaskFilterInput, TaskOrder


async def _connections(
    context: Context, keys: Sequence[str], parents: Sequence[tuple[Any, ...]], filter: TaskFilterInput | None,
    query: str | None, order_by: list[TaskOrder] | None, page: Paging, columns: Columns,
) -> list[Any]:  # fmt: skip
    # Each parent's key begins with its project.
    conditions, orders = await asked_tasks(context, [key[0] for key in parents], filter, query, order_by)
    return await connections(context, TASKS, Task, keys, parents, orders, page, conditions, columns)


@paged
async def tasks_of_projects(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    query: str | None = None,
    order_by: list[TaskOrder] | None = None,
) -> list[Any]:
    """Tasks of each project."""
    keys = [(parent.id,) for parent in parents]
    return await _connections(context, ("project_id",), keys, filter, query, order_by, page, columns)


@paged
async def tasks_of_statuses(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    query: str | None = None,
    order_by: list[TaskOrder] | None = None,
) -> list[Any]:
    """Tasks in each status: a column of the board."""
    keys = [(parent.project_id, parent.id) for parent in parents]
    return await _connections(
        context, ("project_id", "status_id"), keys, filter, query, order_by, page, columns
    )


@paged
async def tasks_of_sprints(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    query: str | None = None,
    order_by: list[TaskOrder] | None = None,
) -> list[Any]:
    """Tasks in each sprint."""
    keys = [(parent.project_id, parent.id) for parent in parents]
    return await _connections(
        context, ("project_id", "sprint_id"), keys, filter, query, order_by, page, columns
    )


@paged
async def tasks_of_milestones(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    query: str | None = None,
    order_by: list[TaskOrder] | None = None,
) -> list[Any]:
    """Tasks in each milestone."""
    keys = [(parent.project_id, parent.id) for parent in parents]
    return await _connections(
        context, ("project_id", "milestone_id"), keys, filter, query, order_by, page, columns
    )


@paged
async def tasks_of_parents(
    context: Context,
    parents: list[Any],
    columns: Columns,
    page: Paging,
    filter: TaskFilterInput | None = None,
    query: str | None = None,
    order_by: list[TaskOrder] | None = None,
) -> list[Any]:
    """Sub-tasks of each task."""
    keys = [(parent.project_id, parent.id) for parent in parents]
    return await _connections(
        context, ("project_id", "parent_id"), keys, filter, query, order_by, page, columns
    )
