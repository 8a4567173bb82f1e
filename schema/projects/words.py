"""Statuses, labels and task types: making, changing and deleting them."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.boards.retiring import delete_status, finish
from app.projects.actions.vocabulary import (
    LABEL,
    STATUS,
    TASK_TYPE,
    Vocabulary,
    create_word,
    delete_word,
    update_word,
)
from app.workflows import actions as workflows
from schema.edges import Info
from schema.ids import read_id, read_word_id
from schema.inputs import VERSION, Versioned, given, key_field, optional
from schema.mutating import Payload, PayloadT, mutation, positions_of, write
from schema.nodes import node_edge
from schema.projects.enums import StatusCategory
from schema.projects.objects import read_values, written_within
from schema.projects.types import Label, Status, TaskType

_FIELDS = ("name", "color", "category")


@strawberry.type(description="A status that was made, changed or deleted.")
class StatusPayload(Payload):
    key: strawberry.Private[Any] = None
    status: Status | None = node_edge("Status", "key", "The status; null if nothing was done.")


@strawberry.type(description="A label that was made, changed or deleted.")
class LabelPayload(Payload):
    key: strawberry.Private[Any] = None
    label: Label | None = node_edge("Label", "key", "The label; null if nothing was done.")


@strawberry.type(description="A task type that was made, changed or deleted.")
class TaskTypePayload(Payload):
    key: strawberry.Private[Any] = None
    task_type: TaskType | None = node_edge("TaskType", "key", "The task type; null if nothing was done.")


@strawberry.input(description="A new status.")
class StatusCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = strawberry.field(description="Its name, unique in the project.")
    category: StatusCategory = strawberry.field(description="What it means.")
    color: str = strawberry.field(default="#9aa4b2", description="As #rrggbb.")
    before_id: strawberry.ID | None = optional("The status that it shall stand before; else it comes last.")
    after_id: strawberry.ID | None = optional("The status that it shall stand after.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a status. What is left out stays.")
class StatusUpdateInput:
    id: strawberry.ID = strawberry.field(description="The status.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    category: StatusCategory | None = optional("What it means.")
    color: str | None = optional("As #rrggbb.")
    before_id: strawberry.ID | None = optional("The status that it shall stand before.")
    after_id: strawberry.ID | None = optional("The status that it shall stand after.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A new label.")
class LabelCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = strawberry.field(description="Its name, unique in the project.")
    color: str = strawberry.field(default="#6b7bd6", description="As #rrggbb.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a label. What is left out stays.")
class LabelUpdateInput:
    id: strawberry.ID = strawberry.field(description="The label.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    color: str | None = optional("As #rrggbb.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A new task type.")
class TaskTypeCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = strawberry.field(description="Its name, unique in the project.")
    color: str = strawberry.field(default="#6b7bd6", description="As #rrggbb.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a task type. What is left out stays.")
class TaskTypeUpdateInput:
    id: strawberry.ID = strawberry.field(description="The task type.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    color: str | None = optional("As #rrggbb.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A status to be deleted.")
class StatusDeleteInput:
    id: strawberry.ID = strawberry.field(description="The status.")
    expected_version: int = strawberry.field(description=VERSION)
    move_tasks_to: strawberry.ID | None = optional(
        "The status that its tasks go to, by the service, whatever the workflow says; left out: it must have none."
    )
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="What to delete.")
class WordDeleteInput(Versioned):
    id: strawberry.ID = strawberry.field(description="The status, label or task type.")


async def _create(info: Info, input: Any, vocabulary: Vocabulary, payload: type[PayloadT]) -> PayloadT:
    values = read_values(input, "Status", _FIELDS)
    action = create_word(vocabulary, read_id(input.project_id, "Project"), values, client_id=given(input.id))
    return await written_within(info, input, action, payload)


async def _update(
    info: Info, input: Any, vocabulary: Vocabulary, kind: str, payload: type[PayloadT]
) -> PayloadT:
    values = read_values(input, "Status", _FIELDS)
    action = update_word(vocabulary, *read_word_id(input.id, kind), input.expected_version, values)
    return await written_within(info, input, action, payload)


async def _delete(
    info: Info, input: WordDeleteInput, vocabulary: Vocabulary, kind: str, payload: type[PayloadT]
) -> PayloadT:
    delete = delete_word if vocabulary is LABEL else workflows.delete_word
    action = delete(vocabulary, *read_word_id(input.id, kind), input.expected_version)
    return await written_within(info, input, action, payload)


@strawberry.type
class WordMutations:
    @mutation("Add a status to a project.")
    async def status_create(self, info: Info, input: StatusCreateInput) -> StatusPayload:
        return await _create(info, input, STATUS, StatusPayload)

    @mutation("Rename, recolour, recategorise or reorder a status.")
    async def status_update(self, info: Info, input: StatusUpdateInput) -> StatusPayload:
        return await _update(info, input, STATUS, "Status", StatusPayload)

    @mutation("Delete a status. Its tasks go to another one, or it must have none.")
    async def status_delete(self, info: Info, input: StatusDeleteInput) -> StatusPayload:
        word = read_word_id(input.id, "Status")
        asked = given(input.move_tasks_to)
        move_to = None if asked is None else read_id(asked, "Status")
        outcome = await write(info, input, delete_status(*word, input.expected_version, move_to))
        if outcome.result["left"]:
            await finish(info.context.application.store, *word)
        return StatusPayload(key=word, positions=positions_of(outcome))

    @mutation("Add a label to a project.")
    async def label_create(self, info: Info, input: LabelCreateInput) -> LabelPayload:
        return await _create(info, input, LABEL, LabelPayload)

    @mutation("Rename or recolour a label.")
    async def label_update(self, info: Info, input: LabelUpdateInput) -> LabelPayload:
        return await _update(info, input, LABEL, "Label", LabelPayload)

    @mutation("Delete a label; tasks that have it show it no more.")
    async def label_delete(self, info: Info, input: WordDeleteInput) -> LabelPayload:
        return await _delete(info, input, LABEL, "Label", LabelPayload)

    @mutation("Add a task type to a project.")
    async def task_type_create(self, info: Info, input: TaskTypeCreateInput) -> TaskTypePayload:
        return await _create(info, input, TASK_TYPE, TaskTypePayload)

    @mutation("Rename or recolour a task type.")
    async def task_type_update(self, info: Info, input: TaskTypeUpdateInput) -> TaskTypePayload:
        return await _update(info, input, TASK_TYPE, "TaskType", TaskTypePayload)

    @mutation("Delete a task type that no task has.")
    async def task_type_delete(self, info: Info, input: WordDeleteInput) -> TaskTypePayload:
        return await _delete(info, input, TASK_TYPE, "TaskType", TaskTypePayload)
