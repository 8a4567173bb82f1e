"""Editing, deleting and restoring tasks, one or many."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.errors import LimitReached, Refusal, Refusals, ValidationFailed
from app.ids import new_id
from app.outcomes import Result
from app.projects.models import ConflictPolicy
from app.tasks.actions.parents import close_parents
from app.tasks.actions.refused import keep_refusal
from app.tasks.actions.writing import write_decisions
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.decisions import Decision, decide_edit
from app.tasks.events import TASK_DELETED, TASK_RESTORED
from app.tasks.facts import facts_for_edits
from app.values import now_utc
from app.work import Action, Work

EDITED_AT_ONCE = 1000


def update_tasks(
    edits: Sequence[TaskEdit],
    *,
    atomic: bool = True,
    bulk: bool = False,
    told: dict[int, Refusal] | None = None,
) -> Action:
    """Edit tasks. ``atomic``: one refusal refuses all; else each item succeeds or is refused alone.

    The result's ``items`` are in the order of the edits: ``{task_id}``, or ``{task_id, refused}``. ``told`` is where
    the refusals themselves are left, by item: a result, which is kept for retries, holds no contents.
    """

    async def action(work: Work) -> Result:
        if told is not None:
            told.clear()  # a unit may run again
        _check_batch(edits)
        facts = await facts_for_edits(work, edits)
        decisions: list[Decision] = []
        items: list[Result] = []
        refused: list[tuple[int, Refusal]] = []
        for index, edit in enumerate(edits):
            try:
                decisions.append(decide_edit(edit, facts))
                items.append({"task_id": str(edit.task_id)})
            except Refusal as refusal:
                if not bulk:
                    raise
                refused.append((index, refusal))
                items.append({"task_id": str(edit.task_id), "refused": keep_refusal(refusal)})
        if refused and atomic:
            raise Refusals(refused)
        if told is not None:
            told.update(refused)
        if bulk:
            work.batch_id = new_id()
        await write_decisions(work, decisions)
        await close_parents(work, facts, decisions)
        return {"items": items, "batch_id": str(work.batch_id) if work.batch_id else None}

    return action


def _check_batch(edits: Sequence[TaskEdit]) -> None:
    if not edits:
        raise ValidationFailed("Name at least one task.", path=("items",))
    if len(edits) > EDITED_AT_ONCE:
        raise LimitReached(f"At most {EDITED_AT_ONCE} tasks at once.", limit=EDITED_AT_ONCE, path=("items",))
    if len({edit.task_id for edit in edits}) < len(edits):
        raise ValidationFailed("A task may stand in a bulk edit once.", path=("items",))


def delete_task(task_id: UUID, expected_version: int | None, policy: ConflictPolicy | None) -> Action:
    """Delete a task softly: it can be restored, and its history stays."""
    patch = TaskPatch(values={"deleted_at": now_utc()})
    return update_tasks([TaskEdit(task_id, expected_version, patch, policy, kind=TASK_DELETED)])


def restore_task(task_id: UUID, expected_version: int | None, policy: ConflictPolicy | None) -> Action:
    """Bring a deleted task back; a status or parent that is gone is replaced by the nearest there is."""
    patch = TaskPatch(values={"deleted_at": None})
    return update_tasks([TaskEdit(task_id, expected_version, patch, policy, kind=TASK_RESTORED)])
