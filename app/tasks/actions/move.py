"""Moving a task: another status, another place, or both."""

from __future__ import annotations

from uuid import UUID

from app.errors import NotFound, ValidationFailed
from app.outcomes import Result
from app.projects.models import ConflictPolicy
from app.ranks import rank_between
from app.tasks.actions.parents import close_parents
from app.tasks.actions.writing import write_decisions
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.decisions import decide_edit
from app.tasks.events import TASK_MOVED
from app.tasks.facts import facts_for_edits
from app.tasks.reads import neighbour_rank, tasks_by_key
from app.work import Action, Work


def move_task(
    task_id: UUID, *, status_id: UUID | None, before_id: UUID | None, after_id: UUID | None,
    expected_version: int | None, policy: ConflictPolicy | None, commented: bool = False,
) -> Action:  # fmt: skip
    """Move a task. ``after_id`` wins where both neighbours are given and are no longer adjacent.

    An ``expected_version`` is needed when the status changes, and not for a place alone: a rank is no edit.
    ``commented``: a comment is written in the same unit.
    """

    async def action(work: Work) -> Result:
        if status_id is None and before_id is None and after_id is None:
            raise ValidationFailed("Say where to: a statusId, a beforeId or an afterId.")
        patch = TaskPatch(values={"status_id": status_id} if status_id else {})
        expected = expected_version if status_id else None
        edit = TaskEdit(task_id, expected, patch, policy, kind=TASK_MOVED, commented=commented)
        facts = await facts_for_edits(work, [edit], ordering=bool(before_id or after_id))
        row = facts.rows.get(task_id)
        if row is None:
            raise NotFound("Task", path=("id",))
        rank = None
        if before_id or after_id:
            rank = await rank_at(work, row.project_id, task_id, before_id, after_id, current=row.rank)
        decisions = [decide_edit(edit, facts, rank=rank)]
        await write_decisions(work, decisions)
        await close_parents(work, facts, decisions)
        return {"items": [{"task_id": str(task_id)}]}

    return action


async def rank_at(
    work: Work, project_id: UUID, moved: UUID, before_id: UUID | None, after_id: UUID | None,
    *, current: str | None = None,
) -> str:  # fmt: skip
    """The rank just after ``after_id``, or just before ``before_id``; the caller holds the order guard.

    ``current`` is the task's own rank, which it keeps if it stands there already.
    """
    anchor_id = after_id or before_id
    assert anchor_id is not None
    path = ("afterId",) if after_id else ("beforeId",)
    if anchor_id == moved:
        raise ValidationFailed("A task cannot stand next to itself.", path=path)
    anchor = (await tasks_by_key(work, [(project_id, anchor_id)])).get(anchor_id)
    if anchor is None:
        raise NotFound("Task in this project", path=path)
    other = await neighbour_rank(work, project_id, anchor.rank, moved, below=after_id is None)
    lower, upper = (anchor.rank, other) if after_id else (other, anchor.rank)
    if current is not None and (lower is None or lower < current) and (upper is None or current < upper):
        return current
    return rank_between(lower, upper)
