"""Events of workflows."""

from __future__ import annotations

from typing import Any

from app.events.kinds import Effect, event_kind
from app.values import plain

TRANSITION_CREATED = event_kind("TransitionCreated", "transition", Effect.PUT)
TRANSITION_UPDATED = event_kind("TransitionUpdated", "transition", Effect.CHANGE)
TRANSITION_DELETED = event_kind("TransitionDeleted", "transition", Effect.CHANGE)

_FIELDS = (
    "id", "name", "from_status_id", "to_status_id", "type_id", "conditions", "actions", "rank", "version", "deleted_at",
)  # fmt: skip


def transition_state(transition: Any) -> dict[str, Any]:
    """A transition as its events hold it."""
    return {name: plain(getattr(transition, name)) for name in _FIELDS}
