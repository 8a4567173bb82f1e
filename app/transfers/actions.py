"""The transfer of a task: it leaves one scope and arrives in another, in one unit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from app.comments.moving import move_comments
from app.events.deltas import State
from app.ids import new_id
from app.links.moving import move_links
from app.outcomes import Result
from app.projects.actions.vocabulary import LABEL, TASK_TYPE, record_words
from app.statements import Statement, sql
from app.tasks.actions.create import take_numbers
from app.tasks.actions.writing import task_row, write_decisions
from app.tasks.events import TASK_ARRIVED, TASK_LEFT
from app.tasks.models import Task, TaskAssignee, TaskKey, TaskLabel
from app.transfers.decisions import Decided, Transfer, arrival_status, decide_transfer
from app.transfers.facts import Facts, facts_for_transfer
from app.work import Action, RaceLost, Work
from app.workflows.facts import Move, surroundings_of_moves
from app.writes import insert_rows


def transfer_task(
    task_id: UUID, target_project_id: UUID, expected_version: int, *, status_id: UUID | None = None
) -> Action:
    """Move a task to another project of its workspace, with its comments and links; its old key redirects.

    Its labels and type are found by name, or made there. Its parent stays behind, and so do its children.
    """
    transfer = Transfer(task_id, target_project_id, expected_version, status_id)

    async def action(work: Work) -> Result:
        facts = await facts_for_transfer(work, task_id, target_project_id)
        if facts.source.id != facts.target.id:
            facts = await _with_limits(work, facts, status_id)
        decided = decide_transfer(transfer, facts, new_id)
        await _write(work, decided, facts)
        return {
            "task_id": str(task_id),
            "project_id": str(target_project_id),
            "source_project_id": str(facts.source.id),
            "dropped_assignee_ids": decided.dropped,
        }

    return action


async def _with_limits(work: Work, facts: Facts, status_id: UUID | None) -> Facts:
    """The facts with what boards of the target refuse, held until the unit ends."""
    arrives = arrival_status(status_id, facts)
    move = Move(facts.target.id, facts.task.id, arrives.id)
    return replace(facts, around=await surroundings_of_moves(work, [move], facts.statuses))


async def _write(work: Work, decided: Decided, facts: Facts) -> None:
    """New rows first, since others refer to them; then what hangs on the task; the old row last."""
    source_id, target_id, task_id = facts.source.id, facts.target.id, facts.task.id
    work.batch_id = new_id()
    await record_words(work, TASK_TYPE, decided.new_types)
    await record_words(work, LABEL, decided.new_labels)
    state = await _insert(work, decided.new, facts)
    left = work.record(source_id, TASK_LEFT, task_id, {}, version=state["version"], occurred_at=facts.now)
    arrived = work.record(
        target_id,
        TASK_ARRIVED,
        task_id,
        {"state": state},
        version=state["version"],
        occurred_at=facts.now,
        caused_by=left,
    )
    await write_decisions(work, decided.children, caused_by=left)
    await move_comments(work, facts.comments, target_id, left=left, arrived=arrived)
    await move_links(work, facts.links, task_id, target_id, causes={source_id: left, target_id: arrived})
    await _delete(work, facts)


async def _insert(work: Work, new: State, facts: Facts) -> State:
    target_id, task_id = facts.target.id, facts.task.id
    number = facts.earlier_number
    if number is None:
        number = await take_numbers(work, target_id, 1)
        await insert_rows(work, TaskKey, [{"project_id": target_id, "number": number, "task_id": task_id}])
    state = {**new, "number": number}
    await insert_rows(work, Task, [task_row(state, target_id)])
    place = {"project_id": target_id, "task_id": task_id}
    await insert_rows(work, TaskAssignee, [{**place, "user_id": UUID(one)} for one in state["assignee_ids"]])
    await insert_rows(work, TaskLabel, [{**place, "label_id": UUID(one)} for one in state["label_ids"]])
    await work.run(_RELOCATE, task=task_id, target=target_id)
    return state


async def _delete(work: Work, facts: Facts) -> None:
    source_id, task = facts.source.id, facts.task
    await work.run(_UNASSIGN, project=source_id, task=task.id)
    await work.run(_UNLABEL, project=source_id, task=task.id)
    if not await work.rows(_DELETE, project=source_id, task=task.id, version=task.version):
        raise RaceLost


_RELOCATE: Statement[Any] = sql(
    "UPDATE task_locations SET project_id = $2 WHERE task_id = $1", "task", "target"
)
_UNASSIGN: Statement[Any] = sql(
    "DELETE FROM task_assignees WHERE project_id = $1 AND task_id = $2", "project", "task"
)
_UNLABEL: Statement[Any] = sql(
    "DELETE FROM task_labels WHERE project_id = $1 AND task_id = $2", "project", "task"
)
_DELETE: Statement[Any] = sql(
    "DELETE FROM tasks WHERE project_id = $1 AND id = $2 AND version = $3 RETURNING id",
    "project",
    "task",
    "version",
)
