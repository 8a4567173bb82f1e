"""Defining custom fields."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.fields.actions import create_field, delete_field, update_field
from schema.edges import Info
from schema.fields.enums import FieldKind
from schema.fields.types import CustomField
from schema.ids import read_id, read_optional_id, read_word_id
from schema.inputs import VERSION, Versioned, given, key_field, optional
from schema.mutating import Payload, mutation
from schema.nodes import node_edge
from schema.projects.objects import read_values, written_within

_FIELDS = ("name", "description", "kind", "required")


@strawberry.type(description="A custom field that was made, changed or deleted.")
class CustomFieldPayload(Payload):
    key: strawberry.Private[Any] = None
    custom_field: CustomField | None = node_edge("CustomField", "key", "The field; null if nothing was done.")


@strawberry.input(description="An option of a SELECT or MULTI_SELECT field.")
class FieldOptionInput:
    name: str = strawberry.field(description="Its name, unique in the field; at most 80 characters.")
    color: str = strawberry.field(default="#9aa4b2", description="As #rrggbb.")


@strawberry.input(description="An option that a field shall have from now on.")
class FieldOptionUpdateInput:
    id: strawberry.ID | None = optional("One that it has; left out, a new one.")
    name: str = strawberry.field(description="Its name, unique in the field; at most 80 characters.")
    color: str = strawberry.field(default="#9aa4b2", description="As #rrggbb.")


@strawberry.input(description="A new custom field.")
class CustomFieldCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = strawberry.field(description="Its name, unique in the project; at most 120 characters.")
    kind: FieldKind = strawberry.field(description="What it holds; this cannot be changed.")
    description: str | None = optional("What it is for.")
    required: bool = strawberry.field(
        default=False, description="Whether a new task needs a value in it, and none may be taken away."
    )
    type_ids: list[strawberry.ID] | None = optional("The task types that have it; none: all.")
    options: list[FieldOptionInput] | None = optional("What can be chosen in it, in order; at most 200.")
    before_id: strawberry.ID | None = optional("The field that it shall stand before; else it comes last.")
    after_id: strawberry.ID | None = optional("The field that it shall stand after.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a custom field. What is left out stays.")
class CustomFieldUpdateInput:
    id: strawberry.ID = strawberry.field(description="The field.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    description: str | None = optional("What it is for; null or empty for nothing.")
    required: bool | None = optional("Whether new tasks need a value in it, and none may be taken away.")
    type_ids: list[strawberry.ID] | None = optional("The task types that have it from now on; none: all.")
    options: list[FieldOptionUpdateInput] | None = optional(
        "All options that it shall have, in order. One that it has and that is not named is deleted: no task shows it."
    )
    before_id: strawberry.ID | None = optional("The field that it shall stand before.")
    after_id: strawberry.ID | None = optional("The field that it shall stand after.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A custom field to be deleted.")
class CustomFieldDeleteInput(Versioned):
    id: strawberry.ID = strawberry.field(description="The field.")


def _values(input: CustomFieldCreateInput | CustomFieldUpdateInput) -> dict[str, Any]:
    values = read_values(input, "CustomField", _FIELDS)
    if input.type_ids is not strawberry.UNSET:
        values["type_ids"] = [read_id(one, "TaskType") for one in input.type_ids or ()]
    if input.options is not strawberry.UNSET:
        values["options"] = [
            {
                "id": read_optional_id(given(getattr(one, "id", None)), "FieldOption"),
                "name": one.name,
                "color": one.color,
            }
            for one in input.options or ()
        ]
    return values


@strawberry.type
class FieldMutations:
    @mutation("Define a custom field of a project's tasks.")
    async def custom_field_create(self, info: Info, input: CustomFieldCreateInput) -> CustomFieldPayload:
        project_id = read_id(input.project_id, "Project")
        action = create_field(project_id, _values(input), client_id=given(input.id))
        return await written_within(info, input, action, CustomFieldPayload)

    @mutation("Change a custom field: its name, options, place, who has it, whether it is required.")
    async def custom_field_update(self, info: Info, input: CustomFieldUpdateInput) -> CustomFieldPayload:
        key = read_word_id(input.id, "CustomField")
        action = update_field(*key, input.expected_version, _values(input))
        return await written_within(info, input, action, CustomFieldPayload)

    @mutation("Delete a custom field. What stood in it stays in history, and is shown on no task.")
    async def custom_field_delete(self, info: Info, input: CustomFieldDeleteInput) -> CustomFieldPayload:
        action = delete_field(*read_word_id(input.id, "CustomField"), input.expected_version)
        return await written_within(info, input, action, CustomFieldPayload)
