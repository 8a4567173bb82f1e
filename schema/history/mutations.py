"""Undoing."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.errors import ValidationFailed
from app.history.actions import revert_task, undo
from app.history.undoable import Which
from app.tasks.actions.deciding import Told
from schema.edges import Info
from schema.ids import read_id
from schema.inputs import POLICY, VERSION, given, key_field, optional
from schema.mutating import mutation, positions_of, write
from schema.projects.enums import ConflictPolicy
from schema.tasks.bulk import TaskBulkPayload, batch_of_outcome, results_of
from schema.tasks.inputs import read_policy
from schema.tasks.mutations import TaskPayload


@strawberry.input(
    description="A change of your own in a project, among its last 5,000 events. Without `mutationId` and "
    "`batchId` it is your last one that still stands."
)
class UndoInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    mutation_id: UUID | None = optional("The `clientMutationId` of the mutation that made it.")
    batch_id: UUID | None = optional("The `batchId` of a bulk edit, or of an undo: that redoes it.")
    before_seq: int | None = optional(
        "The last one before this event of the project, where those after it cannot be undone or shall stay."
    )
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A task to be taken back to an older version.")
class TaskRevertInput:
    id: strawberry.ID = strawberry.field(description="The task.")
    to_version: int = strawberry.field(description="The version to go back to, as `history` tells them.")
    expected_version: int = strawberry.field(description=VERSION)
    on_conflict: ConflictPolicy | None = optional(POLICY)
    client_mutation_id: UUID | None = key_field()


@strawberry.type
class HistoryMutations:
    @mutation(
        "Take back a change of your own, by new events. A task on whose changed fields others have built is refused "
        "as a conflict, and stays as it is. What was made is deleted, what was deleted is restored. "
        "Comments, links, labels, statuses, task types, sprints, milestones, custom fields, transitions, boards, "
        "shared views and a project's settings too; who sees it is not undone."
    )
    async def undo(self, info: Info, input: UndoInput) -> TaskBulkPayload:
        told = Told()
        which = Which(given(input.mutation_id), given(input.batch_id), given(input.before_seq))
        if which.client_mutation_id is not None and which.batch_id is not None:
            raise ValidationFailed("Say mutationId or batchId, not both.", path=("batchId",))
        if which.before_seq is not None and not which.last:
            raise ValidationFailed("beforeSeq goes without mutationId and batchId.", path=("beforeSeq",))
        outcome = await write(info, input, undo(read_id(input.project_id, "Project"), which, told))
        return TaskBulkPayload(
            results=results_of(outcome, told),
            batch_id=batch_of_outcome(outcome),
            positions=positions_of(outcome),
        )

    @mutation(
        "Take a task back to what it was at an older version, by a new event. What others changed since the version "
        "that you saw stays, and is a conflict where it is the same field."
    )
    async def task_revert(self, info: Info, input: TaskRevertInput) -> TaskPayload:
        task_id = read_id(input.id, "Task")
        action = revert_task(
            task_id, input.to_version, input.expected_version, read_policy(given(input.on_conflict))
        )
        outcome = await write(info, input, action)
        return TaskPayload(task_id=task_id, positions=positions_of(outcome))
