"""What is to be appended to logs, and whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from app.events.kinds import EventKind, Payload
from app.events.log import Position
from app.events.models import ActorKind, Event


class Recorded(NamedTuple):
    """An event that an action recorded; it gets its seq just before the commit."""

    id: UUID
    scope_id: UUID
    kind: EventKind
    object_id: UUID
    object_version: int | None
    payload: Payload
    occurred_at: datetime | None
    caused_by: UUID | None


class Batch(NamedTuple):
    """What the events of one unit have in common."""

    actor_id: UUID | None
    actor_kind: ActorKind
    batch_id: UUID | None
    client_mutation_id: UUID | None


@dataclass(frozen=True)
class Keeping:
    """An outcome that is to be kept for a retry: the request's key and hash, and the action's result."""

    viewer_id: UUID
    key: UUID
    request_hash: bytes
    result: dict[str, Any]


@dataclass
class Part:
    """What one actor did: of a unit all of it, in a lane one of many commands. It gets its events and positions."""

    batch: Batch
    recorded: Sequence[Recorded]
    reflected: Sequence[UUID]
    keeping: Keeping | None = None
    events: list[Event] = field(default_factory=list)
    positions: list[Position] = field(default_factory=list)
