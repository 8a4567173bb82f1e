"""Moving a task: another status, another place, or both."""

from __future__ import annotations

from uuid import UUID

from app.errors import NotFound, ValidationFailed
from app.projects.models import ConflictPolicy
from app.ranks import rank_between
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.events import TASK_MOVED
from app.tasks.reads import neighbour_rank, tasks_by_key
from app.work import Work


def moving(
    task_id: UUID, *, status_id: UUID | None, before_id: UUID | None, after_id: UUID | None,
    expected_version: int | None, policy: ConflictPolicy | None, commented: bool = False,
) -> TaskEdit:  # fmt: skip
    """The edit that moves a task. ``after_id`` wins where both neighbours are given and are no longer adjacent.

    An ``expected_version`` is needed when the status changes, and not for a place alone: a rank is no edit.
    ``commented``: a comment is written in the same unit.
    """
    if status_id is None and before_id is None and after_id is None:
        raise ValidationFailed("Say where to: a statusId, a beforeId or an afterId.")
    patch = TaskPatch(values={"status_id": status_id} if status_id else {})
    expected = expected_version if status_id else None
    return TaskEdit(
        task_id,
        expected,
        patch,
        policy,
        kind=TASK_MOVED,
        before_id=before_id,
        after_id=after_id,
        commented=commented,
    )


async def rank_at(
    work: Work, project_id: UUID, moved: UUID, before_id: UUID | None, after_id: UUID | None
) -> str:
    """A new task's rank just after ``after_id``, or just before ``before_id``; the caller holds the order guard."""
    anchor_id = after_id or before_id
    assert anchor_id is not None
    anchor = (await tasks_by_key(work, [(project_id, anchor_id)])).get(anchor_id)
    if anchor is None:
        raise NotFound("Task in this project", path=("afterId",) if after_id else ("beforeId",))
    other = await neighbour_rank(work, project_id, anchor.rank, moved, below=after_id is None)
    lower, upper = (anchor.rank, other) if after_id else (other, anchor.rank)
    return rank_between(lower, upper)
