"""Whole states of custom fields, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry

from schema.events.changes import reference
from schema.events.states import State
from schema.fields.enums import FieldKind


@strawberry.type(description="An option of a custom field, also a deleted one.")
class FieldOptionState:
    option_id: strawberry.ID = strawberry.field(description="The option.")
    name: str = strawberry.field(description="Its name.")
    color: str = strawberry.field(description="As #rrggbb.")
    place: int = strawberry.field(description="Options are ordered by this.")
    deleted: bool = strawberry.field(description="Whether it can be chosen no more.")


@strawberry.type(description="A custom field with all that it is.")
class CustomFieldState(State, id="CustomField"):
    id: strawberry.ID = strawberry.field(description="The field.")
    name: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(description="What it is for.")
    kind: FieldKind = strawberry.field(description="What it holds.")
    required: bool = strawberry.field(description="Whether new tasks need a value in it.")
    type_ids: list[strawberry.ID] = strawberry.field(description="The task types that have it; none: all.")
    options: list[FieldOptionState] = strawberry.field(description="What can be chosen in it.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def told(cls, state: dict[str, Any], scope_id: UUID | None) -> dict[str, Any]:
        options = sorted(state["options"].items(), key=lambda one: (one[1]["place"], one[0]))
        return {
            "options": [
                FieldOptionState(option_id=reference("FieldOption", id_, scope_id), **one)
                for id_, one in options
            ]
        }
