"""Comments going with their task to another project."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from app.comments.events import COMMENT_ARRIVED, COMMENT_LEFT, comment_state
from app.comments.models import Comment
from app.statements import Statement, sql
from app.work import RaceLost, Work


async def move_comments(
    work: Work, comments: Sequence[Comment], target_id: UUID, *, left: UUID, arrived: UUID
) -> None:
    """Move all comments of a task that is held: their versions stay, so an edit under way is no conflict.

    ``left`` and ``arrived`` are the events of the task that cause theirs, in the two scopes.
    """
    if not comments:
        return
    source_id, task_id = comments[0].project_id, comments[0].task_id
    moved = await work.rows(_MOVE, project=source_id, task=task_id, target=target_id)
    if len(moved) != len(comments):
        raise RaceLost
    await work.run(_RELOCATE, ids=[comment.id for comment in comments], target=target_id)
    for comment in comments:
        work.record(source_id, COMMENT_LEFT, comment.id, {}, version=comment.version, caused_by=left)
    for comment in comments:
        payload = {"state": comment_state(comment)}
        work.record(
            target_id, COMMENT_ARRIVED, comment.id, payload, version=comment.version, caused_by=arrived
        )


_MOVE: Statement[Any] = sql(
    "UPDATE comments SET project_id = $3 WHERE project_id = $1 AND task_id = $2 RETURNING id",
    "project",
    "task",
    "target",
)
_RELOCATE: Statement[Any] = sql(
    "UPDATE comment_locations SET project_id = $2 WHERE comment_id = ANY($1::uuid[])", "ids", "target"
)
