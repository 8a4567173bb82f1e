"""Saving, changing and deleting views."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.boards.actions import delete_view
from app.views import actions
from schema.edges import Info
from schema.ids import read_id, read_optional_id
from schema.inputs import VERSION, given, key_field, optional, present
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge
from schema.views.enums import Grouping
from schema.views.types import View

_QUERY = "What it lists, as a query's text, `sort:` included. `queryPrint` writes one of a typed filter."
_FIELDS = ("name", "query", "group_by", "columns")


@strawberry.type(description="A view that was saved or changed.")
class ViewPayload(Payload):
    view_id: strawberry.Private[UUID | None] = None
    view: View | None = node_edge("View", "view_id", "The view; null if nothing was done.")


@strawberry.type(description="A view that was deleted.")
class ViewDeletePayload(Payload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The view's id.")


@strawberry.input(description="A new view.")
class ViewCreateInput:
    name: str = strawberry.field(description="Its name, at most 120 characters.")
    query: str = strawberry.field(description=_QUERY)
    project_id: strawberry.ID | None = optional(
        "The project whose tasks it lists; left out, of all that you see."
    )
    shared: bool = strawberry.field(
        default=False,
        description="For everybody who sees the project. It stays what it is; a copy can be another.",
    )
    group_by: Grouping | None = optional("What its tasks are grouped by.")
    columns: list[str] | None = optional("What is shown of each task, in order: names of your own.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a view. What is left out stays.")
class ViewUpdateInput:
    id: strawberry.ID = strawberry.field(description="The view.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    query: str | None = optional(_QUERY)
    group_by: Grouping | None = optional("What its tasks are grouped by; null for nothing.")
    columns: list[str] | None = optional("What is shown of each task, in order.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A view to be deleted.")
class ViewDeleteInput:
    id: strawberry.ID = strawberry.field(description="The view.")
    expected_version: int = strawberry.field(description=VERSION)
    client_mutation_id: UUID | None = key_field()


async def _written(info: Info, input: Any, action: Any) -> ViewPayload:
    outcome = await write(info, input, action)
    return ViewPayload(view_id=UUID(outcome.result["view_id"]), positions=positions_of(outcome))


@strawberry.type
class ViewMutations:
    @mutation("Save a view: for yourself, or shared in a project.")
    async def view_create(self, info: Info, input: ViewCreateInput) -> ViewPayload:
        project_id = read_optional_id(given(input.project_id), "Project")
        values = present(input, *_FIELDS)
        action = actions.create_view(project_id, values, shared=input.shared, client_id=given(input.id))
        return await _written(info, input, action)

    @mutation("Change a view: your own, a shared one that you made or, as a manager, any shared one.")
    async def view_update(self, info: Info, input: ViewUpdateInput) -> ViewPayload:
        action = actions.update_view(
            read_id(input.id, "View"), input.expected_version, present(input, *_FIELDS)
        )
        return await _written(info, input, action)

    @mutation("Delete a view for good.")
    async def view_delete(self, info: Info, input: ViewDeleteInput) -> ViewDeletePayload:
        outcome = await write(info, input, delete_view(read_id(input.id, "View"), input.expected_version))
        return ViewDeletePayload(deleted_id=input.id, positions=positions_of(outcome))
