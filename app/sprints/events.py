"""Events of sprints."""

from __future__ import annotations

from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind
from app.values import plain

SPRINT_CREATED = event_kind("SprintCreated", "sprint", Effect.PUT)
SPRINT_UPDATED = event_kind("SprintUpdated", "sprint", Effect.CHANGE)
SPRINT_STARTED = event_kind("SprintStarted", "sprint", Effect.CHANGE)
SPRINT_COMPLETED = event_kind("SprintCompleted", "sprint", Effect.CHANGE)
SPRINT_DELETED = event_kind("SprintDeleted", "sprint", Effect.CHANGE)

SPRINT_SHAPE = Shape(texts=frozenset({"goal"}))

_FIELDS = (
    "id", "name", "goal", "stage", "starts_on", "ends_on", "capacity", "rank", "started_at", "completed_at", "version",
    "deleted_at",
)  # fmt: skip


def sprint_state(sprint: Any) -> dict[str, Any]:
    """A sprint as its events hold it."""
    return {name: plain(getattr(sprint, name)) for name in _FIELDS}
