"""Selects of comments, in batches keyed by project and id."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from app.comments.models import Comment
from app.cursors import Order, PageRequest
from app.db import Reader
from app.keys import Keys
from app.paging import Fixed, Page, counts_by_parent, pages_by_parent
from app.projects.access import visible_among
from app.statements import Statement, as_keys, sql, table

Key = tuple[UUID, UUID]
"""(project id, id of a task or a comment in it)."""

COMMENTS = table(Comment)
ORDER = (Order(COMMENTS.c.created_at, "created_at"), Order(COMMENTS.c.id, "id"))
"""The order of every list of comments: by time."""

OPENING = Fixed([COMMENTS.c.parent_id.is_(None)])
"""Comments that open a thread."""

_THERE = Fixed([COMMENTS.c.deleted_at.is_(None)])
_OF_TASK = ("project_id", "task_id")
_OF_COMMENT = ("project_id", "parent_id")


class CommentPlace(NamedTuple):
    """Where a comment is now."""

    comment_id: UUID
    project_id: UUID
    workspace_id: UUID
    task_id: UUID


_ASKED = visible_among(
    "$1", "SELECT asked.project_id FROM comment_locations asked WHERE asked.comment_id = ANY($2::uuid[])"
)
_LOCATE: Statement[CommentPlace] = sql(
    f"""
    SELECT l.comment_id, l.project_id, p.workspace_id, c.task_id
    FROM comment_locations l JOIN projects p ON p.id = l.project_id
    JOIN comments c ON c.project_id = l.project_id AND c.id = l.comment_id
    WHERE l.comment_id = ANY($2::uuid[]) AND l.project_id IN {_ASKED}
    """,  # noqa: S608
    "viewer",
    "ids",
    model=CommentPlace,
)
_BY_KEY: Statement[Comment] = sql(
    """
    SELECT c.* FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN comments c ON c.project_id = asked.project_id AND c.id = asked.id
    """,
    "project_ids",
    "ids",
    model=Comment,
)
_LOCK: Statement[Any] = sql(
    """
    SELECT 1 FROM unnest($1::uuid[], $2::uuid[]) AS asked(project_id, id)
    JOIN comments c ON c.project_id = asked.project_id AND c.id = asked.id
    ORDER BY c.id FOR NO KEY UPDATE OF c
    """,
    "project_ids",
    "ids",
)
_ALL_OF_TASK: Statement[Comment] = sql(
    "SELECT * FROM comments WHERE project_id = $1 AND task_id = $2 ORDER BY created_at, id",
    "project",
    "task",
    model=Comment,
)


async def locate_comments(
    reader: Reader, viewer_id: UUID, comment_ids: list[UUID]
) -> dict[UUID, CommentPlace]:
    """Where those of the comments are that the viewer may see."""
    if not comment_ids:
        return {}
    return {row.comment_id: row for row in await reader.rows(_LOCATE, viewer=viewer_id, ids=comment_ids)}


async def comments_by_key(reader: Reader, keys: Sequence[Key]) -> dict[UUID, Comment]:
    """Comments by (project, id), deleted ones too."""
    if not keys:
        return {}
    project_ids, ids = as_keys(keys)
    return {row.id: row for row in await reader.rows(_BY_KEY, project_ids=project_ids, ids=ids)}


async def lock_comments(reader: Reader, keys: Sequence[Key]) -> None:
    """Lock rows before they are read: a unit that lost a race takes its turn instead of racing again."""
    if keys:
        project_ids, ids = as_keys(keys)
        await reader.run(_LOCK, project_ids=project_ids, ids=ids)


async def comments_of_task(reader: Reader, project_id: UUID, task_id: UUID) -> list[Comment]:
    """All comments of one task, deleted ones too, in order of time."""
    return await reader.rows(_ALL_OF_TASK, project=project_id, task=task_id)


async def comment_pages(reader: Reader, keys: Sequence[Key], request: PageRequest) -> list[Page]:
    """For each (project, task): a page of its comments, answers among them, in one statement."""
    return await pages_by_parent(reader, COMMENTS, Comment, keys, _OF_TASK, ORDER, request)


async def thread_pages(reader: Reader, keys: Sequence[Key], request: PageRequest) -> list[Page]:
    """For each (project, task): a page of the comments that open its threads, in one statement."""
    return await pages_by_parent(reader, COMMENTS, Comment, keys, _OF_TASK, ORDER, request, OPENING)


async def reply_pages(reader: Reader, keys: Sequence[Key], request: PageRequest) -> list[Page]:
    """For each (project, comment): a page of the comments that answer it, in one statement."""
    return await pages_by_parent(reader, COMMENTS, Comment, keys, _OF_COMMENT, ORDER, request)


async def comment_counts(reader: Reader, keys: Keys | Sequence[Key]) -> list[int]:
    """For each (project, task): how many comments it has that are not deleted, in one statement."""
    return await counts_by_parent(reader, COMMENTS, keys, _OF_TASK, _THERE)


async def comment_totals(reader: Reader, keys: Sequence[Key]) -> list[int]:
    """For each (project, task): how many comments its pages have, deleted ones too."""
    return await counts_by_parent(reader, COMMENTS, keys, _OF_TASK)


async def thread_totals(reader: Reader, keys: Sequence[Key]) -> list[int]:
    """For each (project, task): how many threads its pages have."""
    return await counts_by_parent(reader, COMMENTS, keys, _OF_TASK, OPENING)


async def reply_totals(reader: Reader, keys: Sequence[Key]) -> list[int]:
    """For each (project, comment): how many comments answer it, deleted ones too."""
    return await counts_by_parent(reader, COMMENTS, keys, _OF_COMMENT)
