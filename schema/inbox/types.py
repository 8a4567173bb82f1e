"""The inbox."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.inbox import models
from app.inbox.access import ITEMS, ORDER, access_inbox_items
from app.paging import Fixed
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.edges import column, edge
from schema.inbox.enums import InboxReason
from schema.nodes import FETCHERS, Node, is_row_of, node_edge
from schema.paging import Connection, Paging, connections, paged
from schema.positions import Position

if TYPE_CHECKING:
    from schema.comments.types import Comment
    from schema.projects.types import Project
    from schema.tasks.types import Task


@strawberry.type(
    description="Something you should see. What it points at is null when it is not there for you."
)
class InboxItem(Node):
    reason: InboxReason = column("Why it is here.")
    actor: User | None = user_edge("actor_id", "Who did it.")
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] | None = node_edge(
        "Project", "project_id", "The project."
    )
    task: Annotated[Task, strawberry.lazy("schema.tasks.types")] | None = node_edge(
        "Task", "task_id", "The task."
    )
    comment: Annotated[Comment, strawberry.lazy("schema.comments.types")] | None = node_edge(
        "Comment", "comment_id", "The comment."
    )
    created_at: datetime = column("Since when.")
    read_at: datetime | None = column("When you read it.")

    is_type_of = is_row_of(models.InboxItem, "InboxItem")


_UNREAD = Fixed([ITEMS.c.read_at.is_(None)])


@paged
async def _items(
    context: Context, parents: list[Any], columns: Columns, page: Paging, unread: bool = False
) -> list[Any]:
    conditions = _UNREAD if unread else ()
    return await connections(
        context,
        ITEMS,
        models.InboxItem,
        ("user_id",),
        [(parent.user_id,) for parent in parents],
        ORDER,
        page,
        conditions,
        columns,
    )


async def _positions(context: Context, parents: list[Any], columns: Columns) -> list[Position]:
    found = await context.positions([parent.user_id for parent in parents])
    return [Position.of(found[parent.user_id]) for parent in parents]


@strawberry.type(description="Your inbox: mentions, assignments, gained and lost access.")
class Inbox:
    user_id: strawberry.Private[Any]
    items: Connection[InboxItem] = edge(_items, "What is in it, newest first.")
    position: Position = edge(_positions, "Where its log stands: follow from here.")


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_inbox_items(await context.reader(), context.viewer_id, [one[0] for one in ids])
    return [found.get(one[0]) for one in ids]


FETCHERS["InboxItem"] = _fetch
