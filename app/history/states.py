"""States as checkpoints keep them, and how events go on from them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from uuid import UUID

from app.events.kinds import KINDS, Effect, EventKind, current_payload, fold

State = dict[str, Any]
Key = tuple[str, UUID]
"""An object of a scope: its type and id."""

Overlay = dict[Key, State | None]
"""What objects became since a checkpoint; None: they are not there."""


@lru_cache(maxsize=256)
def put_kind(object_type: str) -> EventKind:
    """The kind of event in whose form states of a type are kept."""
    return min(
        (kind for kind in KINDS.values() if kind.object_type == object_type and kind.effect is Effect.PUT),
        key=lambda kind: kind.name,
    )


def current_state(kind: str, version: int, state: State) -> State:
    """A kept state in today's form."""
    found: State = current_payload(kind, version, {"state": state})["state"]
    return found


def touched_keys(events: Iterable[Any]) -> list[Key]:
    """The objects that events changed, each once."""
    return list(dict.fromkeys((KINDS[event.kind].object_type, event.object_id) for event in events))


def needed_keys(events: Iterable[Any]) -> list[Key]:
    """Those of them whose state before is needed: the first event of the others puts them there."""
    first: dict[Key, Effect] = {}
    for event in events:
        kind = KINDS[event.kind]
        first.setdefault((kind.object_type, event.object_id), kind.effect)
    return [key for key, effect in first.items() if effect is Effect.CHANGE]


def fold_over(before: dict[Key, State], events: Iterable[Any]) -> Overlay:
    """What the objects that events touch are after them; ``before``: their states at the checkpoint."""
    objects = {(name, str(object_id)): state for (name, object_id), state in before.items()}
    touched: dict[Key, None] = {}
    for event in events:
        touched[KINDS[event.kind].object_type, event.object_id] = None
        fold(objects, event)
    return {(name, object_id): objects.get((name, str(object_id))) for name, object_id in touched}
