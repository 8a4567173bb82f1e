"""Whole states of tasks, as the events that put them there hold them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from schema.events.changes import presented_value, reference
from schema.events.states import State


@strawberry.type(description="A named markdown text of a task.")
class TaskSection:
    name: str = strawberry.field(description="`description`, `acceptance_criteria`, `notes` …")
    text: str = strawberry.field(description="The markdown.")


@strawberry.type(description="What stands in a custom field of a task.")
class TaskFieldState:
    field_id: strawberry.ID = strawberry.field(description="Which field.")
    value: JSON = strawberry.field(
        description="One entry: `text`, `number`, `date`, `optionId`, `optionIds`, `userId` or `url`."
    )


@strawberry.type(description="A task with all its own fields, by ids.")
class TaskState(State, id="Task"):
    id: strawberry.ID = strawberry.field(description="The task.")
    number: int = strawberry.field(description="Its number in the project.")
    title: str = strawberry.field(description="Its title.")
    sections: list[TaskSection] = strawberry.field(description="Its texts by name.")
    status_id: strawberry.ID = strawberry.field(description="Its status.")
    type_id: strawberry.ID = strawberry.field(description="Its type.")
    priority: int = strawberry.field(description="0 (none) to 4.")
    parent_id: strawberry.ID | None = strawberry.field(description="The task it is part of.")
    creator_id: strawberry.ID | None = strawberry.field(description="Who made it.")
    assignee_ids: list[strawberry.ID] = strawberry.field(description="Who it is assigned to.")
    label_ids: list[strawberry.ID] = strawberry.field(description="Its labels.")
    sprint_id: strawberry.ID | None = strawberry.field(description="The sprint it is in.")
    milestone_id: strawberry.ID | None = strawberry.field(description="The milestone it is in.")
    estimate: float | None = strawberry.field(description="How much work it is.")
    due_date: date | None = strawberry.field(description="When it is due.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    close_reason: str | None = strawberry.field(description="Why it was closed.")
    external_ref: str | None = strawberry.field(description="What it is called elsewhere.")
    config: JSON = strawberry.field(description="Free-form values by key.")
    fields: list[TaskFieldState] = strawberry.field(
        description="What stands in its custom fields, those that are deleted too."
    )
    version: int = strawberry.field(description="Its version.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last edited.")
    completed_at: datetime | None = strawberry.field(description="When it was closed.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")

    @classmethod
    def told(cls, state: dict[str, Any], scope_id: UUID | None) -> dict[str, Any]:
        return {
            "sections": [
                TaskSection(name=name, text=text) for name, text in sorted(state["sections"].items())
            ],
            "fields": [
                TaskFieldState(
                    field_id=reference("CustomField", field_id, scope_id),
                    value=presented_value(value, scope_id),
                )
                for field_id, value in sorted(state["fields"].items())
            ],
        }
