"""How a person is shown: events of the directory of each workspace they are in."""

from __future__ import annotations

from typing import Any

from app.events.deltas import Shape
from app.events.kinds import Effect, event_kind

PERSON_ADDED = event_kind("PersonAdded", "person", Effect.PUT)
PERSON_UPDATED = event_kind("PersonUpdated", "person", Effect.CHANGE)
PERSON_REMOVED = event_kind("PersonRemoved", "person", Effect.REMOVE)
# The whole state: a change would say what the name was.
PERSON_ERASED = event_kind("PersonErased", "person", Effect.PUT)

PERSON_SHAPE = Shape()


def person_state(user: Any) -> dict[str, Any]:
    """How a person is shown in a directory."""
    return {
        "id": str(user.id),
        "kind": user.kind,
        "name": user.name,
        "avatar_url": user.avatar_url,
        "version": user.version,
    }
