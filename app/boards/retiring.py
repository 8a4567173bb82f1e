"""Removing a status that tasks have: they go to a named one, in small batches, and then the status goes.

From the first unit on nothing enters the status, and its ``successor_id`` says where its tasks go. Each batch is a
unit, all with one batch id (the status's own id); the last one deletes the status. A crash in between leaves a status
that is being emptied: housekeeping goes on with it. Up to ``BATCH`` tasks all of it is one unit, and one frame.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.boards.actions import drop_status
from app.errors import NotFound, ValidationFailed
from app.events.deltas import delta_between
from app.events.models import ActorKind
from app.outcomes import Result
from app.permissions import Permission
from app.projects.actions.opening import open_project
from app.projects.actions.vocabulary import (
    STATUS,
    change_word,
    check_last,
    delete_word,
    find_word,
    vocabulary_guard,
)
from app.projects.events import STATUS_DELETED, STATUS_UPDATED
from app.projects.models import Status
from app.projects.reads import STATUSES, by_project
from app.statements import Statement, sql
from app.tasks.actions.writing import write_decisions
from app.tasks.decisions import CLOSED, Decision
from app.tasks.events import TASK_MOVED, TASK_SHAPE, task_state
from app.tasks.facts import is_open
from app.tasks.reads import tasks_by_key
from app.values import now_utc, plain
from app.work import Action, Actor, Store, Work, run_unit
from app.workflows.actions import delete_transitions_of

BATCH = 500

_IN_STATUS: Statement[Any] = sql(
    "SELECT id FROM tasks WHERE project_id = $1 AND status_id = $2 AND deleted_at IS NULL "
    "ORDER BY id LIMIT $3 FOR NO KEY UPDATE",
    "project", "status", "most",
)  # fmt: skip
_WORKSPACE: Statement[Any] = sql("SELECT workspace_id FROM projects WHERE id = $1", "project")
_LEAVING: Statement[Any] = sql("SELECT project_id, id FROM statuses_leaving()")


def delete_status(
    project_id: UUID, status_id: UUID, expected_version: int, move_to: UUID | None = None
) -> Action:
    """Delete a status, with its place in workflow and boards. Its tasks go to ``move_to``; without it there are none.

    ``left`` of the result: there were more than a batch, and ``finish`` has more to do.
    """

    async def action(work: Work) -> Result:
        guard = vocabulary_guard(project_id, shared=False)
        await open_project(work, project_id, Permission.MANAGE_WORDS, guard)
        await delete_transitions_of(work, project_id, status_id)
        if move_to is None:
            await drop_status(work, project_id, status_id)
            return {**await delete_word(STATUS, project_id, status_id, expected_version)(work), "left": False}
        words = (await by_project(work, STATUSES, [project_id]))[project_id]
        status, successor = find_word(STATUS, words, status_id), _successor(words, status_id, move_to)
        check_last(words)
        work.batch_id = status_id
        await change_word(work, STATUS, status, expected_version, {"successor_id": move_to}, STATUS_UPDATED)
        left = await _empty(work, status, successor)
        if not left:
            words = (await by_project(work, STATUSES, [project_id]))[project_id]
            await _delete(work, find_word(STATUS, words, status_id))
        return {"project_id": str(project_id), "id": str(status_id), "left": left}

    return action


def _successor(words: list[Status], status_id: UUID, move_to: UUID) -> Status:
    for word in words:
        if word.successor_id == status_id and word.deleted_at is None:
            raise ValidationFailed(
                f"Tasks are on their way here from “{word.name}”: try again shortly.", path=("id",)
            )
    for word in words:
        if word.id == move_to and is_open(word):
            if move_to == status_id:
                raise ValidationFailed("The tasks go to another status.", path=("moveTasksTo",))
            return word
    raise NotFound("Status", path=("moveTasksTo",))


async def _empty(work: Work, status: Status, successor: Status) -> bool:
    """Move a batch of a status's tasks; whether there are more. No workflow or limit binds this."""
    project_id = status.project_id
    rows = await work.rows(_IN_STATUS, project=project_id, status=status.id, most=BATCH + 1)
    keys = [(project_id, row.id) for row in rows[:BATCH]]
    now, decisions = now_utc(), []
    for task_id, row in sorted((await tasks_by_key(work, keys)).items()):
        old = task_state(row)
        closed = successor.category in CLOSED
        completed = (old["completed_at"] or plain(now)) if closed else None
        new = {
            **old, "status_id": str(successor.id), "completed_at": completed, "version": old["version"] + 1,
            "updated_at": plain(now),
        }  # fmt: skip
        delta = delta_between(old, new, TASK_SHAPE)
        decisions.append(Decision(project_id, task_id, old, new, delta, TASK_MOVED, now, merged=False))
    caused_by = next((event.id for event in work.recorded if event.object_id == status.id), None)
    await write_decisions(work, decisions, caused_by=caused_by)
    return len(rows) > BATCH


async def _delete(work: Work, status: Status) -> None:
    await drop_status(work, status.project_id, status.id)
    await change_word(work, STATUS, status, status.version, {"deleted_at": now_utc()}, STATUS_DELETED)


def empty_status(project_id: UUID, status_id: UUID) -> Action:
    """Go on with a status that is being emptied; ``left`` says whether there is more."""

    async def action(work: Work) -> Result:
        await work.declare([project_id])
        # The removal of a status is told to the workspace's audit log too.
        await work.declare(workspaces=[await work.value(_WORKSPACE, project=project_id)])
        await work.guard(vocabulary_guard(project_id, shared=False))
        words = {row.id: row for row in (await by_project(work, STATUSES, [project_id]))[project_id]}
        status = words.get(status_id)
        if status is None or status.deleted_at is not None or status.successor_id is None:
            return {"left": False}
        work.batch_id = status_id
        left = await _empty(work, status, words[status.successor_id])
        if not left:
            await _delete(work, status)
        return {"left": left}

    return action


async def finish(store: Store, project_id: UUID, status_id: UUID) -> None:
    """Empty a status that is being removed, batch by batch, and delete it."""
    service = Actor(None, ActorKind.SYSTEM)
    while (await run_unit(store, service, empty_status(project_id, status_id))).result["left"]:
        pass


async def finish_all(store: Store) -> None:
    """Go on with every status that a crash left half emptied."""

    async def ask(work: Work) -> Result:
        rows = await work.rows(_LEAVING)
        return {"statuses": [[str(row.project_id), str(row.id)] for row in rows]}

    for project, status in (await run_unit(store, Actor(None, ActorKind.SYSTEM), ask)).result["statuses"]:
        await finish(store, UUID(project), UUID(status))
