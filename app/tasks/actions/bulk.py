"""Editing, moving and deleting many tasks at once: one unit, one batch id, one result for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.cursors import PageRequest
from app.errors import LimitReached, ValidationFailed
from app.events.kinds import EventKind
from app.ids import new_id
from app.outcomes import Result
from app.paging import Condition
from app.permissions import Permission
from app.projects.access import access_project
from app.projects.models import ConflictPolicy
from app.tasks.actions.deciding import Told, decide_items
from app.tasks.actions.edit import EDITED_AT_ONCE, check_batch
from app.tasks.actions.parents import close_parents
from app.tasks.actions.writing import record_decisions, stage_tasks
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.events import TASK_UPDATED
from app.tasks.facts import Facts, facts_for_edits
from app.tasks.filters import task_orders
from app.tasks.lists import count_tasks, page_of_tasks
from app.work import Action, Work


@dataclass(frozen=True)
class Matching:
    """Every task of a project for which conditions hold, as they are when the unit runs; ``patch`` is for each.

    ``conditions`` are worked out in the unit. ``commented``: each gets a comment in the same unit.
    """

    project_id: UUID
    conditions: Callable[[Work], Awaitable[Sequence[Condition]]]
    patch: TaskPatch
    kind: EventKind = TASK_UPDATED
    commented: bool = False


def edit_in_bulk(
    targets: Sequence[TaskEdit] | Matching, told: Told, *, atomic: bool = True, dry_run: bool = False
) -> Action:
    """Edit many tasks. ``atomic``: one refusal refuses all; else each item succeeds or is refused alone.

    ``dry_run``: decide, tell and refuse as the run that is meant would, and write nothing. The result has ``items``, in
    the order of the edits (by rank where a filter chose them), as ``decide_items`` gives them, and the ``batch_id`` of
    the events.
    """

    async def action(work: Work) -> Result:
        edits = await _matched(work, targets) if isinstance(targets, Matching) else targets
        if not edits:
            told.clear()
            return {"items": [], "batch_id": None}
        check_batch(edits)
        facts = await facts_for_edits(work, edits)
        decisions, items = decide_items(edits, facts, told, atomic=atomic)
        if dry_run:
            _reflect(work, facts)
            return {"items": items, "batch_id": None}
        work.batch_id = new_id()
        record_decisions(work, decisions)
        stage_tasks(work.staged, [*decisions, *await close_parents(work, facts, decisions)])
        return {"items": items, "batch_id": str(work.batch_id)}

    return action


def _reflect(work: Work, facts: Facts) -> None:
    for project_id in facts.projects:
        work.reflect(project_id)


async def _matched(work: Work, asked: Matching) -> list[TaskEdit]:
    await access_project(work, work.viewer_id, asked.project_id, Permission.EDIT_TASKS)
    work.reflect(asked.project_id)
    request = PageRequest(EDITED_AT_ONCE)
    conditions = await asked.conditions(work)
    page = await page_of_tasks(work, [asked.project_id], task_orders([]), request, conditions)
    if page.has_next:
        count = await count_tasks(work, [asked.project_id], conditions)
        raise LimitReached(
            f"The filter matches {count} tasks; at most {EDITED_AT_ONCE} at once. Narrow it (by number, say), "
            "and do it in parts.",
            limit=EDITED_AT_ONCE,
            path=("where",),
        )
    policy = ConflictPolicy.OVERWRITE
    return [
        TaskEdit(row.id, None, asked.patch, policy, asked.kind, commented=asked.commented)
        for row in page.rows
    ]


def check_chosen(items: object, where: object) -> None:
    """Tasks are named, or chosen by a filter; raises a refusal otherwise."""
    if (items is None) == (where is None):
        raise ValidationFailed("Say which tasks: items or where, one of them.", path=("items",))
