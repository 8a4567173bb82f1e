"""Whole states of saved views, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import strawberry
from strawberry.scalars import JSON

from schema.events.changes import present, reference
from schema.views.enums import Grouping


@strawberry.type(description="A saved view with all its fields.")
class ViewState:
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
    def of(cls, state: dict[str, Any], scope_id: UUID) -> ViewState:
        project_id, group_by = state["project_id"], state["group_by"]
        times: dict[str, Any] = {
            name: datetime.fromisoformat(state[name]) for name in ("created_at", "updated_at")
        }
        return cls(
            id=reference("View", state["id"], scope_id),
            project_id=reference("Project", project_id, scope_id) if project_id else None,
            group_by=None if group_by is None else Grouping(group_by),
            **{name: present(name, state[name], scope_id) for name in ("creator_id", "filter")},
            **{name: state[name] for name in ("name", "shared", "sort", "columns", "version")},
            **times,
        )
