"""Links between tasks."""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.links import models
from app.links.access import access_links
from app.links.reads import links_by_task
from app.permissions import Permission
from app.projects.access import may
from app.tasks.access import access_tasks
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.edges import column, edge
from schema.nodes import FETCHERS, Node, is_row_of

if TYPE_CHECKING:
    from schema.tasks.types import Task


async def _tasks(context: Context, ids: list[Any]) -> list[Any]:
    found = await access_tasks(await context.reader(), context.viewer_id, list(dict.fromkeys(ids)))
    await context.projects([row.project_id for row in found.values()])
    return [found.get(one) for one in ids]


async def _sources(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    return await _tasks(context, [parent.source_task_id for parent in parents])


async def _targets(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    return await _tasks(context, [parent.target_task_id for parent in parents])


async def _can_remove(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    ends = [(parent.source_project_id, parent.target_project_id) for parent in parents]
    found = await context.projects([one for pair in ends for one in pair])
    return [
        any(may(found[one], Permission.LINK_TASKS) for one in pair if one in found)
        and all(one in found for one in pair)
        for pair in ends
    ]


@strawberry.type(description="A link: source <kind> target, such as: source blocks target.")
class Link(Node):
    kind: str = column("`blocks`, `relates`, `duplicates`, or any other lower-case word.")
    source: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = edge(
        _sources, "The source. You see both ends of a link, or no link."
    )
    target: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = edge(_targets, "The target.")
    creator: User | None = user_edge("creator_id", "Who made it.")
    cyclic: bool = column("An imported link that closes a cycle, which a new one may not.")
    created_at: datetime = column("When it was made.")
    viewer_can_remove: bool = edge(_can_remove, "Whether you may take it away.")

    is_type_of = is_row_of(models.Link, "Link")


@strawberry.enum(description="Which end of a link a task is.")
class LinkDirection(Enum):
    OUTGOING = strawberry.enum_value("outgoing", description="It is the source: it blocks the other.")
    INCOMING = strawberry.enum_value("incoming", description="It is the target: the other blocks it.")


@strawberry.type(description="A link as one of its tasks has it.")
class TaskLink:
    link: Link = strawberry.field(description="The link.")
    direction: LinkDirection = strawberry.field(description="Which end this task is.")
    task: Annotated[Task, strawberry.lazy("schema.tasks.types")] = strawberry.field(
        description="The task at the other end."
    )


async def links_of_tasks(context: Context, parents: list[Any], columns: Columns) -> list[list[TaskLink]]:
    """Each task's links to tasks that the viewer may see: at both ends, or not at all."""
    found = await links_by_task(
        await context.reader(), [(parent.project_id, parent.id) for parent in parents]
    )
    far = {
        link.target_task_id if link.source_task_id == task_id else link.source_task_id
        for task_id, links in found.items()
        for link in links
    }
    ids = list(far)
    seen = dict(zip(ids, await _tasks(context, ids), strict=True)) if ids else {}
    answers = []
    for parent in parents:
        links = []
        for link in found[parent.id]:
            outgoing = link.source_task_id == parent.id
            other = seen[link.target_task_id if outgoing else link.source_task_id]
            if other is not None:
                direction = LinkDirection.OUTGOING if outgoing else LinkDirection.INCOMING
                links.append(TaskLink(link=link, direction=direction, task=other))  # type: ignore[arg-type]
        answers.append(links)
    return answers


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_links(await context.reader(), context.viewer_id, [one[0] for one in ids])
    return [found.get(one[0]) for one in ids]


FETCHERS["Link"] = _fetch
