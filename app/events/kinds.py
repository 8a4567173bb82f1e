"""Kinds of events: what each does to its object, and the versions of its payload.

Every payload is one of three: ``{"state": …}`` puts the object there, ``{"delta": …}`` changes it,
``{}`` takes it away. A kind registers once, in its feature's ``events.py``. When a payload's form changes,
its version goes up and an upcaster is added; stored events are never rewritten.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.events.deltas import apply_delta
from app.values import plain

Payload = dict[str, Any]


class Effect(StrEnum):
    """What an event does to its object."""

    PUT = "put"
    CHANGE = "change"
    REMOVE = "remove"


@dataclass(frozen=True)
class EventKind:
    """A kind of event; ``name`` is past tense and the name of its GraphQL type."""

    name: str
    object_type: str
    effect: Effect
    version: int = 1
    upcasters: dict[int, Callable[[Payload], Payload]] = field(default_factory=dict, hash=False)


KINDS: dict[str, EventKind] = {}


def event_kind(name: str, object_type: str, effect: Effect, **options: Any) -> EventKind:
    """Register a kind; a name can be taken once."""
    if name in KINDS:
        raise ValueError(f"event kind {name} is registered twice")
    KINDS[name] = EventKind(name, object_type, effect, **options)
    return KINDS[name]


def current_payload(kind: str, version: int, payload: Payload) -> Payload:
    """A stored payload in today's form."""
    known = KINDS[kind]
    while version < known.version:
        payload = known.upcasters[version](payload)
        version += 1
    return payload


def fold(objects: dict[tuple[str, str], dict[str, Any]], event: Any) -> None:
    """Apply one event to a copy of its scope: ``objects`` maps (object type, id) to state.

    A change that raises the object's version also sets its ``updated_at`` to when it happened.
    """
    known = KINDS[event.kind]
    payload = current_payload(event.kind, event.payload_version, event.payload)
    key = (known.object_type, str(event.object_id))
    if known.effect is Effect.PUT:
        objects[key] = payload["state"]
    elif known.effect is Effect.REMOVE:
        objects.pop(key, None)
    else:
        state = apply_delta(objects[key], payload["delta"])
        if event.object_version is not None and event.object_version != state.get("version"):
            state["version"] = event.object_version
            if "updated_at" in state:
                state["updated_at"] = plain(event.occurred_at)
        objects[key] = state
