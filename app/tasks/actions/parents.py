"""Completing parents whose sub-tasks are all done: what a transition may do besides (docs/workflows.md)."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from app.errors import Refusal
from app.projects.models import ConflictPolicy
from app.tasks.actions.writing import record_decisions
from app.tasks.commands import TaskEdit, TaskPatch
from app.tasks.decisions import Decision, decide_edit
from app.tasks.events import TASK_MOVED, task_state
from app.tasks.facts import Facts
from app.tasks.reads import tasks_by_key
from app.work import Work
from app.workflows.facts import done_statuses


async def close_parents(work: Work, facts: Facts, decisions: Sequence[Decision]) -> list[Decision]:
    """Decide to complete the parents of tasks that were just closed, each by an event that its sub-task's caused.

    They are recorded here, and the caller's to stage. It goes up one level, once. A parent that its own workflow does
    not let go stays as it is.
    """
    closers = {
        (one.project_id, UUID(one.new["parent_id"])): one
        for one in decisions
        if one.closes_parent and one.new["parent_id"] and _all_done(facts, UUID(one.new["parent_id"]))
    }
    if not closers:
        return []
    for parent_id, row in (await tasks_by_key(work, list(closers))).items():
        facts.rows.setdefault(parent_id, row)
        facts.states.setdefault(parent_id, task_state(row))
    decided: list[Decision] = []
    for project_id, parent_id in closers:
        decision = _closed(facts, project_id, parent_id)
        if decision is not None:
            decided.append(decision)
    told = {event.object_id: event.id for event in work.recorded}
    causes = {one.task_id: told.get(closers[one.project_id, one.task_id].task_id) for one in decided}
    record_decisions(work, decided, causes=causes)
    return decided


def _all_done(facts: Facts, parent_id: UUID) -> bool:
    return all(facts.around.closed[child] for child in facts.around.children.get(parent_id, ()))


def _closed(facts: Facts, project_id: UUID, parent_id: UUID) -> Decision | None:
    """The parent in the first status in which it is completed, of those that its workflow lets it take."""
    state = facts.states.get(parent_id)
    if state is None or state["deleted_at"] is not None:
        return None
    if facts.around.is_done(project_id, state["status_id"]):
        return None
    for status in done_statuses(facts.around, project_id):
        patch = TaskPatch(values={"status_id": status.id})
        edit = TaskEdit(parent_id, None, patch, ConflictPolicy.OVERWRITE, kind=TASK_MOVED)
        try:
            return decide_edit(edit, facts)
        except Refusal:
            continue
    return None
