"""Events of milestones."""

from __future__ import annotations

from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind
from app.values import plain

MILESTONE_CREATED = event_kind("MilestoneCreated", "milestone", Effect.PUT)
MILESTONE_UPDATED = event_kind("MilestoneUpdated", "milestone", Effect.CHANGE)
MILESTONE_RELEASED = event_kind("MilestoneReleased", "milestone", Effect.CHANGE)
MILESTONE_DELETED = event_kind("MilestoneDeleted", "milestone", Effect.CHANGE)

MILESTONE_SHAPE = Shape(texts=frozenset({"description"}))

_FIELDS = (
    "id", "name", "description", "starts_on", "due_on", "rank", "released_at", "version", "deleted_at",
)  # fmt: skip


def milestone_state(milestone: Any) -> dict[str, Any]:
    """A milestone as its events hold it."""
    return {name: plain(getattr(milestone, name)) for name in _FIELDS}
