"""Events of saved views: in the project's scope if they are shared, else in their maker's inbox."""

from __future__ import annotations

from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind
from app.values import plain

VIEW_CREATED = event_kind("ViewCreated", "view", Effect.PUT)
VIEW_UPDATED = event_kind("ViewUpdated", "view", Effect.CHANGE)
VIEW_REMOVED = event_kind("ViewRemoved", "view", Effect.REMOVE)

VIEW_SHAPE = Shape()

_FIELDS = (
    "id", "project_id", "creator_id", "name", "filter", "sort", "group_by", "columns", "version", "created_at",
    "updated_at",
)  # fmt: skip


def shown_columns(columns: str) -> list[str]:
    """The columns that a row holds as lines. Only our own line breaks count: a name may have others."""
    return columns.split("\n") if columns else []


def view_state(view: Any, **changed: Any) -> dict[str, Any]:
    """A view as its events hold it, with some columns changed."""
    values = {name: plain(changed.get(name, getattr(view, name))) for name in _FIELDS}
    shown = shown_columns(values["columns"])
    return values | {"columns": shown, "shared": view.scope_id == view.project_id}
