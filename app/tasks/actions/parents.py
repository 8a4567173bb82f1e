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
from app.workflows.reads import hold_relatives, read_relatives

MOST_LEVELS = 20
"""So far up a chain of parents is closed at once."""


async def close_parents(work: Work, facts: Facts, decisions: Sequence[Decision]) -> list[Decision]:
    """Decide to complete the parents of tasks that were just closed, each by an event that its sub-task's caused.

    They are recorded here, and the caller's to stage. A parent that is closed so may close its own, if the transition
    that it takes says so; one that its own workflow does not let go stays as it is.
    """
    known = {one.task_id: one for one in decisions}
    closed: list[Decision] = []
    rising, seen = list(decisions), set[UUID]()
    for _ in range(MOST_LEVELS):
        above = {
            (one.project_id, UUID(one.new["parent_id"])): one
            for one in rising
            if one.closes_parent and one.new["parent_id"] and UUID(one.new["parent_id"]) not in seen
        }
        if not above:
            break
        seen |= {parent_id for _, parent_id in above}
        await _look_around(work, facts, list(above), known)
        rising = [
            decision
            for project_id, parent_id in above
            if _all_done(facts, parent_id, known)
            and (decision := _closed(facts, project_id, parent_id)) is not None
        ]
        told = {event.object_id: event.id for event in work.recorded}
        causes = {one.task_id: told.get(above[one.project_id, one.task_id].task_id) for one in rising}
        record_decisions(work, rising, causes=causes)
        known |= {one.task_id: one for one in rising}
        closed += rising
    return closed


async def _look_around(
    work: Work, facts: Facts, keys: list[tuple[UUID, UUID]], known: dict[UUID, Decision]
) -> None:
    """Hold and read parents whose sub-tasks are not known yet: those that are new to a task, or further up."""
    unknown = [key for key in keys if key[1] not in facts.around.children]
    if unknown:
        await hold_relatives(work, unknown)
        await read_relatives(work, unknown, facts.around)
        # What this unit decided is not written yet.
        for one in known.values():
            facts.around.closed[one.task_id] = facts.around.is_done(one.project_id, one.new["status_id"])
    for parent_id, row in (await tasks_by_key(work, keys)).items():
        facts.rows.setdefault(parent_id, row)
        facts.states.setdefault(parent_id, task_state(row))


def _all_done(facts: Facts, parent_id: UUID, known: dict[UUID, Decision]) -> bool:
    """Whether all sub-tasks are closed, counting what this unit decided: some come, and some go."""
    children = {child: facts.around.closed[child] for child in facts.around.children.get(parent_id, ())}
    for one in known.values():
        if one.new["parent_id"] == str(parent_id) and one.new["deleted_at"] is None:
            children[one.task_id] = facts.around.is_done(one.project_id, one.new["status_id"])
        else:
            children.pop(one.task_id, None)
    return all(children.values())


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
