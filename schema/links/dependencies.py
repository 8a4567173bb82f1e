"""What blocks tasks, and what they block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.errors import BadInput
from app.links.access import access_links
from app.links.dependencies import DEEPEST, MOST_LINKS, DependencyDirection, dependencies_of
from app.tasks.reads import tasks_by_key
from schema.context import Columns, Context
from schema.edges import edge
from schema.enums import describe
from schema.links.types import Link
from schema.nodes import node_edge

if TYPE_CHECKING:
    from schema.tasks.types import Task

describe(
    DependencyDirection,
    "Which way `blocks` links are followed.",
    BLOCKED_BY="To what must be done before.",
    BLOCKING="To what waits for it.",
)


@strawberry.type(description="A task that another one depends on, or that depends on it.")
class TaskDependency:
    task_id: strawberry.Private[UUID]
    depth: int = strawberry.field(description="How many links away it is, at least.")
    task: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = node_edge(
        "Task", "task_id", "The task."
    )


async def _links(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    ids = list(dict.fromkeys(one for parent in parents for one in parent.link_ids))
    found = await access_links(await context.reader(), context.viewer_id, ids)
    return [[found[one] for one in parent.link_ids if one in found] for parent in parents]


@strawberry.type(
    description="All that can be reached from a task along `blocks` links, of what you see: what is behind a task that "
    "you do not see is not told, and deleted tasks block nothing."
)
class TaskDependencies:
    link_ids: strawberry.Private[list[UUID]]
    tasks: list[TaskDependency] = strawberry.field(description="The tasks, nearest first.")
    links: list[Link] = edge(_links, "The links between them: source blocks target.", reads=("link_ids",))
    complete: bool = strawberry.field(
        description=f"Whether these are all within the depth: at most the nearest {MOST_LINKS} links are told."
    )


def _check_depth(depth: int) -> None:
    if not 1 <= depth <= DEEPEST:
        raise BadInput(f"A depth is 1 to {DEEPEST}; you asked for {depth}.")


async def dependencies_of_tasks(
    context: Context, parents: list[Any], columns: Columns, direction: DependencyDirection, depth: int = 10
) -> list[TaskDependencies]:
    """What each task depends on, or what depends on it."""
    _check_depth(depth)
    keys = [(parent.project_id, parent.id) for parent in parents]
    found = await dependencies_of(
        await context.reader(), context.viewer_id, keys, DependencyDirection(direction), depth
    )
    await context.projects(list({project_id for one in found for project_id, _ in one.depths}))
    return [
        TaskDependencies(
            link_ids=list(one.link_ids), complete=one.complete,
            tasks=[TaskDependency(task_id=key[1], depth=far) for key, far in one.depths.items()],
        )
        for one in found
    ]  # fmt: skip


def next_to(direction: DependencyDirection) -> Any:
    """The tasks right next to each in a direction."""

    async def of_tasks(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
        reader = await context.reader()
        keys = [(parent.project_id, parent.id) for parent in parents]
        found = await dependencies_of(reader, context.viewer_id, keys, direction, 1)
        far = list({key for one in found for key in one.depths})
        await context.projects(list({project_id for project_id, _ in far}))
        rows = await tasks_by_key(reader, far)
        return [[rows[key[1]] for key in one.depths if key[1] in rows] for one in found]

    return of_tasks
