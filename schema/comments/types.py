"""Comments."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.comments import models
from app.comments.access import access_comments
from app.comments.reads import COMMENTS, ORDER, comments_by_key
from app.permissions import Permission
from app.projects.access import may
from app.tasks.reads import tasks_by_key
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.dependence import BY_SCOPE, BY_VIEWER
from schema.edges import column, edge
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection, Paging, connections, paged

if TYPE_CHECKING:
    from schema.tasks.types import Task


async def _tasks(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    keys = {(parent.project_id, parent.task_id) for parent in parents}
    found = await tasks_by_key(await context.reader(), list(keys))
    return [found[parent.task_id] for parent in parents]


async def _answered(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    keys = {(parent.project_id, parent.parent_id) for parent in parents if parent.parent_id}
    found = await comments_by_key(await context.reader(), list(keys))
    return [found.get(parent.parent_id) for parent in parents]


@paged
async def _replies(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    keys = [(parent.project_id, parent.id) for parent in parents]
    return await connections(
        context, COMMENTS, models.Comment, ("project_id", "parent_id"), keys, ORDER, page, columns=columns
    )


_RULED = ("project_id", "author_id", "deleted_at")


def _permitted(permission: Permission) -> Any:
    async def of_comments(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
        projects = await context.projects([parent.project_id for parent in parents])
        return [
            may(projects[parent.project_id], permission, own=parent.author_id == context.viewer_id)
            and parent.deleted_at is None
            for parent in parents
        ]

    return of_comments


@strawberry.type(
    description="A comment on a task. A deleted one keeps its place in the thread and loses its text."
)
class Comment(Node):
    body: str = column("The markdown; empty once deleted.")
    author: User | None = user_edge("author_id", "Who wrote it.")
    task: Annotated[Task, strawberry.lazy("schema.tasks.types")] = edge(
        _tasks, "The task it is on.", reads=("project_id", "task_id"), **BY_SCOPE
    )
    parent: Comment | None = edge(
        _answered,
        "The comment it answers; null if it opens a thread.",
        reads=("project_id", "parent_id"),
        **BY_SCOPE,
    )
    replies: Connection[Comment] = edge(
        _replies, "The comments that answer it, oldest first.", reads=("project_id", "id"), **BY_SCOPE
    )
    version: int = column("For `expectedVersion`.")
    created_at: datetime = column("When it was written; for imports, originally.")
    updated_at: datetime = column("When it was last edited.")
    deleted_at: datetime | None = column("When it was deleted.")
    viewer_can_update: bool = edge(
        _permitted(Permission.EDIT_COMMENT),
        "Whether you may change its text: it is yours.",
        reads=_RULED,
        **BY_VIEWER,
    )
    viewer_can_delete: bool = edge(
        _permitted(Permission.DELETE_COMMENT),
        "Whether you may delete it: it is yours, or you manage.",
        reads=_RULED,
        **BY_VIEWER,
    )

    is_type_of = is_row_of(models.Comment, "Comment")


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_comments(await context.reader(), context.viewer_id, [one[0] for one in ids])
    await context.projects([row.project_id for row in found.values()])
    return [found.get(one[0]) for one in ids]


FETCHERS["Comment"] = _fetch
