"""Making, editing, moving, deleting and transferring tasks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.comments.actions import with_comment
from app.errors import Refusal
from app.tasks.actions.create import create_tasks
from app.tasks.actions.edit import delete_task, restore_task
from app.tasks.actions.move import moving
from app.tasks.commands import TaskEdit
from app.tasks.laned import EditTask
from app.transfers.actions import transfer_task
from app.work import Action
from schema.edges import Info
from schema.ids import read_id, read_optional_id
from schema.inputs import given
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge
from schema.tasks.inputs import (
    TaskCreateInput,
    TaskDeleteInput,
    TaskMoveInput,
    TaskTransferInput,
    TaskUpdateInput,
    read_new,
    read_patch,
    read_policy,
)
from schema.tasks.types import Task


@strawberry.type(description="A task that was made or changed.")
class TaskPayload(Payload):
    task_id: strawberry.Private[UUID | None] = None
    task: Task | None = node_edge("Task", "task_id", "The task as it is now; null if nothing was done.")


async def _written(info: Info, input: Any, action: Action, task_id: UUID) -> TaskPayload:
    outcome = await write(info, input, action)
    return TaskPayload(task_id=task_id, positions=positions_of(outcome))


def _commented(action: Action, task_id: UUID, comment: str | None) -> Action:
    return action if comment is None else with_comment(action, task_id, comment)


_BESIDE_PATCH = frozenset({"id", "expectedVersion", "onConflict", "clientMutationId", "patch", "comment"})


@strawberry.type
class TaskMutations:
    @mutation("Make a task.")
    async def task_create(self, info: Info, input: TaskCreateInput) -> TaskPayload:
        outcome = await write(info, input, create_tasks([read_new(input)]))
        return TaskPayload(task_id=UUID(outcome.result["task_ids"][0]), positions=positions_of(outcome))

    @mutation(
        "Edit a task. What others changed meanwhile is merged, refused or overwritten, as `onConflict` says."
    )
    async def task_update(self, info: Info, input: TaskUpdateInput) -> TaskPayload:
        task_id = read_id(input.id, "Task")
        policy = read_policy(given(input.on_conflict))
        comment = given(input.comment)
        edit = TaskEdit(
            task_id,
            given(input.expected_version),
            read_patch(input.patch),
            policy,
            commented=comment is not None,
        )
        try:
            return await _written(info, input, _commented(EditTask(edit), task_id, comment), task_id)
        except Refusal as refusal:
            if refusal.path and refusal.path[0] not in _BESIDE_PATCH:
                refusal.path = ("patch", *refusal.path)
            raise

    @mutation("Move a task to another status, another place, or both.")
    async def task_move(self, info: Info, input: TaskMoveInput) -> TaskPayload:
        task_id = read_id(input.id, "Task")
        edit = moving(
            task_id, status_id=read_optional_id(given(input.status_id), "Status"),
            before_id=read_optional_id(given(input.before_id), "Task"),
            after_id=read_optional_id(given(input.after_id), "Task"),
            expected_version=given(input.expected_version), policy=read_policy(given(input.on_conflict)),
            commented=given(input.comment) is not None,
        )  # fmt: skip
        return await _written(info, input, _commented(EditTask(edit), task_id, given(input.comment)), task_id)

    @mutation("Delete a task. It can be restored, and its history stays.")
    async def task_delete(self, info: Info, input: TaskDeleteInput) -> TaskPayload:
        task_id = read_id(input.id, "Task")
        action = delete_task(task_id, given(input.expected_version), read_policy(given(input.on_conflict)))
        return await _written(info, input, action, task_id)

    @mutation(
        "Bring a deleted task back. A status or parent that is gone is replaced by the nearest there is."
    )
    async def task_restore(self, info: Info, input: TaskDeleteInput) -> TaskPayload:
        task_id = read_id(input.id, "Task")
        action = restore_task(task_id, given(input.expected_version), read_policy(given(input.on_conflict)))
        return await _written(info, input, action, task_id)

    @mutation("Move a task to another project, with its comments and links. Its old key redirects.")
    async def task_transfer(self, info: Info, input: TaskTransferInput) -> TaskPayload:
        task_id = read_id(input.id, "Task")
        action = transfer_task(
            task_id, read_id(input.project_id, "Project"), input.expected_version,
            status_id=read_optional_id(given(input.status_id), "Status"),
        )  # fmt: skip
        return await _written(info, input, action, task_id)
