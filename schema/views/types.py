"""Saved views."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from app.permissions import Permission
from app.projects.access import may, visible_projects
from app.query_language.printing import read_sort
from app.tasks.filters import filter_conditions, task_orders
from app.tasks.kept_filters import filter_from_json
from app.views import models
from app.views.access import access_views, is_shared
from app.views.events import shown_columns
from app.views.reads import TaskList, counts_of_views, groups_of_views, pages_of_views
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.edges import column, derived, edge
from schema.ids import global_id
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection, Paging, connection, paged
from schema.query_language.spelling import kept_filter_as_input
from schema.query_language.types import TaskOrderTerm, order_terms, printed_queries
from schema.tasks.filters import filter_scope
from schema.views.enums import Grouping

if TYPE_CHECKING:
    from schema.projects.types import Project
    from schema.tasks.types import Task

_KINDS = {
    "status": "Status", "type": "TaskType", "label": "Label", "sprint": "Sprint", "milestone": "Milestone",
    "assignee": "User", "creator": "User", "parent": "Task",
}  # fmt: skip
_WORDS = ("status", "type", "label", "sprint", "milestone")


async def _listed(context: Context, parents: list[Any]) -> list[TaskList]:
    """The tasks of each view, of those projects that the viewer sees now."""
    reader = await context.reader()
    if any(parent.project_id is None for parent in parents):
        visible = await visible_projects(reader, context.viewer_id)
        context.remember(visible)
    else:
        visible = await context.projects([parent.project_id for parent in parents])
    scope = await filter_scope(context, True)
    lists = []
    for parent in parents:
        asked = [parent.project_id] if parent.project_id else list(visible)
        conditions = filter_conditions(filter_from_json(parent.filter), scope)
        orders = task_orders(read_sort(parent.sort))
        lists.append(TaskList([one for one in asked if one in visible], conditions, orders))
    return lists


@paged
async def _tasks(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    lists = await _listed(context, parents)
    requests = [page.request(one.orders) for one in lists]
    pages = await pages_of_views(await context.reader(), lists, requests[0])

    async def count(context: Context, asked: list[TaskList]) -> list[int]:
        return await counts_of_views(await context.reader(), asked)

    return [connection(found, count, one) for found, one in zip(pages, lists, strict=True)]


@strawberry.type(description="The tasks of a view that have one value of what it is grouped by.")
class ViewGroup:
    key: str | None = strawberry.field(
        description="The value: the id of a status, person, label …, or the priority; null for tasks without one."
    )
    project_id: strawberry.ID | None = strawberry.field(
        description="The project whose tasks these are: each has words of its own."
    )
    count: int = strawberry.field(description="How many tasks.")


async def _groups(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    lists = await _listed(context, parents)
    asked = [(one, parent.group_by) for one, parent in zip(lists, parents, strict=True)]
    found = await groups_of_views(await context.reader(), asked)
    return [
        [_group(parent.group_by, *one) for one in groups]
        for parent, groups in zip(parents, found, strict=True)
    ]


def _group(by: str, project_id: UUID, key: str | None, count: int) -> ViewGroup:
    if key is not None and by in _KINDS:
        parts = (project_id, UUID(key)) if by in _WORDS else (UUID(key),)
        key = global_id(_KINDS[by], *parts)
    return ViewGroup(key=key, project_id=strawberry.ID(global_id("Project", project_id)), count=count)


async def _queries(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    asked = [
        (filter_from_json(parent.filter), read_sort(parent.sort), parent.project_id) for parent in parents
    ]
    return await printed_queries(context, asked)


async def _projects(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    found = await context.projects([parent.project_id for parent in parents if parent.project_id])
    return [found.get(parent.project_id) for parent in parents]


async def _can_update(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    found = await context.projects([parent.project_id for parent in parents if is_shared(parent)])
    return [
        not is_shared(parent)
        or may(found[parent.project_id], Permission.EDIT_VIEWS, own=parent.creator_id == context.viewer_id)
        for parent in parents
    ]


def _filter(root: Any) -> JSON:
    return kept_filter_as_input(root.filter)  # type: ignore[return-value]


def _order_by(root: Any) -> list[TaskOrderTerm]:
    return order_terms(read_sort(root.sort))


def _columns(root: Any) -> list[str]:
    shown: list[str] = shown_columns(root.columns)
    return shown


def _shared(root: Any) -> bool:
    return is_shared(root)


@strawberry.type(description="A saved view: a filter with an order, a grouping and columns.")
class View(Node):
    name: str = column("Its name.")
    shared: bool = derived(
        _shared, "Whether everybody who sees the project sees it.", reads=("scope_id", "project_id")
    )
    query: str = edge(
        _queries, "Its filter and order as a query's text.", reads=("project_id", "filter", "sort")
    )
    filter: JSON = derived(_filter, "Its filter, to send as a `TaskFilter`.", reads=("filter",))
    order_by: list[TaskOrderTerm] = derived(_order_by, "Its order.", reads=("sort",))
    sort: str = column("Its order, as queries write it after `sort:`; or empty.")
    group_by: Grouping | None = column("What its tasks are grouped by.")
    columns: list[str] = derived(
        _columns, "What is shown of each task, in order: the clients' own names.", reads=("columns",)
    )
    version: int = column("For `expectedVersion`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
    creator: User | None = user_edge("creator_id", "Who made it.")
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] | None = edge(
        _projects, "The project whose tasks it lists; null for all that you see.", reads=("project_id",)
    )
    tasks: Connection[Annotated[Task, strawberry.lazy("schema.tasks.types")]] = edge(
        _tasks, "Its tasks, as of now and as far as you see them.", reads=("project_id", "filter", "sort")
    )
    groups: list[ViewGroup] = edge(
        _groups, "How many tasks it has by `groupBy`, largest first, at most 200; empty without a grouping.",
        reads=("project_id", "filter", "sort", "group_by"),
    )  # fmt: skip
    viewer_can_update: bool = edge(
        _can_update, "Whether you may change and delete it.", reads=("scope_id", "project_id", "creator_id")
    )

    is_type_of = is_row_of(models.SavedView, "View")


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_views(await context.reader(), context.viewer_id, [one[0] for one in ids])
    await context.projects([row.project_id for row in found.values() if row.project_id])
    return [found.get(one[0]) for one in ids]


FETCHERS["View"] = _fetch
