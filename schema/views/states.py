"""Whole states of saved views, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from schema.events.changes import present
from schema.events.states import State
from schema.views.enums import Grouping


@strawberry.type(description="A saved view with all its fields.")
class ViewState(State, id="View", project_id="Project"):
    id: strawberry.ID = strawberry.field(description="The view.")
    name: str = strawberry.field(description="Its name.")
    shared: bool = strawberry.field(description="Whether everybody who sees the project sees it.")
    project_id: strawberry.ID | None = strawberry.field(description="The project whose tasks it lists.")
    creator_id: strawberry.ID | None = strawberry.field(description="Who made it.")
    filter: JSON = strawberry.field(description="Its filter, as a `TaskFilter`.")
    sort: str = strawberry.field(description="Its order, as queries write it after `sort:`; or empty.")
    group_by: Grouping | None = strawberry.field(description="What its tasks are grouped by.")
    columns: list[str] = strawberry.field(description="What is shown of each task, in order.")
    version: int = strawberry.field(description="Its version.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @classmethod
    def told(cls, state: dict[str, Any], scope_id: UUID | None) -> dict[str, Any]:
        return {"filter": present("filter", state["filter"], scope_id)}
