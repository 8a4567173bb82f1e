"""Events of custom fields. Their values are part of the tasks, and told by the tasks' events."""

from __future__ import annotations

from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind
from app.values import plain

CUSTOM_FIELD_CREATED = event_kind("CustomFieldCreated", "custom_field", Effect.PUT)
CUSTOM_FIELD_UPDATED = event_kind("CustomFieldUpdated", "custom_field", Effect.CHANGE)
CUSTOM_FIELD_DELETED = event_kind("CustomFieldDeleted", "custom_field", Effect.CHANGE)

FIELD_SHAPE = Shape(
    texts=frozenset({"description"}), members=frozenset({"type_ids"}), entries=frozenset({"options"})
)

_FIELDS = ("id", "name", "description", "kind", "required", "rank", "version", "deleted_at")


def field_state(field: Any) -> dict[str, Any]:
    """A custom field as its events hold it."""
    state = {name: plain(getattr(field, name)) for name in _FIELDS}
    return {**state, "type_ids": sorted(field.type_ids), "options": field.options}
