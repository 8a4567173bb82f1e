"""Editing, deleting and restoring tasks, one or many."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.errors import LimitReached, ValidationFailed
from app.outcomes import Result
from app.projects.models import ConflictPolicy
from app.tasks.actions.parents import close_parents
from app.tasks.actions.writing import record_decisions, stage_tasks
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.decisions import decide_edit
from app.tasks.events import TASK_DELETED, TASK_RESTORED
from app.tasks.facts import facts_for_edits
from app.values import now_utc
from app.work import Action, Work

EDITED_AT_ONCE = 1000


def update_tasks(edits: Sequence[TaskEdit]) -> Action:
    """Edit tasks, all or none: the first refusal refuses them. (Many at once, item by item: ``edit_in_bulk``.)"""

    async def action(work: Work) -> Result:
        check_batch(edits)
        facts = await facts_for_edits(work, edits)
        decisions = [decide_edit(edit, facts) for edit in edits]
        record_decisions(work, decisions)
        stage_tasks(work.staged, [*decisions, *await close_parents(work, facts, decisions)])
        return {"items": [{"task_id": str(edit.task_id)} for edit in edits]}

    return action


def check_batch(edits: Sequence[TaskEdit]) -> None:
    """How many tasks a batch may have, each once; raises a refusal."""
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
