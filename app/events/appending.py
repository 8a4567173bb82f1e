"""Appending to the log: clocks moved and events inserted in one statement, in the unit's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db import Reader
from app.events.cursors import Cursor
from app.events.kinds import EventKind, Payload
from app.events.log import APPEND, LOCK_CLOCKS, Position, heads
from app.events.models import ActorKind, Event


@dataclass(frozen=True)
class Recorded:
    """An event that an action recorded; it gets its seq just before the commit."""

    id: UUID
    scope_id: UUID
    kind: EventKind
    object_id: UUID
    object_version: int | None
    payload: Payload
    occurred_at: datetime | None
    caused_by: UUID | None


@dataclass(frozen=True)
class Batch:
    """What the events of one unit have in common."""

    actor_id: UUID | None
    actor_kind: ActorKind
    batch_id: UUID | None
    client_mutation_id: UUID | None


async def append_events(reader: Reader, recorded: Sequence[Recorded], batch: Batch) -> list[Event]:
    """Append what a unit recorded to the logs of their scopes, which it has declared."""
    if not recorded:
        return []
    scopes = sorted({event.scope_id for event in recorded})
    if len(scopes) > 1:
        # Several clocks at once are locked in id order, or two units would deadlock.
        await reader.run(LOCK_CLOCKS, ids=scopes)
    rows = await reader.rows(
        APPEND,
        scope_ids=[e.scope_id for e in recorded], ids=[e.id for e in recorded], kinds=[e.kind.name for e in recorded],
        payload_versions=[e.kind.version for e in recorded], object_types=[e.kind.object_type for e in recorded],
        object_ids=[e.object_id for e in recorded], object_versions=[e.object_version for e in recorded],
        occurred_ats=[e.occurred_at for e in recorded], caused_bys=[e.caused_by for e in recorded],
        payloads=[e.payload for e in recorded], actor_id=batch.actor_id, actor_kind=batch.actor_kind.value,
        batch_id=batch.batch_id, client_mutation_id=batch.client_mutation_id,
    )  # fmt: skip
    clocks = {row.id: row for row in rows}
    missing = [scope for scope in scopes if scope not in clocks]
    if missing:
        raise LookupError(f"no clock for scope {missing[0]}")
    return _placed(recorded, clocks, batch)


def _placed(recorded: Sequence[Recorded], clocks: dict[UUID, Any], batch: Batch) -> list[Event]:
    counts: dict[UUID, int] = {}
    for event in recorded:
        counts[event.scope_id] = counts.get(event.scope_id, 0) + 1
    next_seq = {scope: clocks[scope].seq - count + 1 for scope, count in counts.items()}
    previous = {scope: clocks[scope].previous_id for scope in counts}
    rows = []
    for event in recorded:
        seq = next_seq[event.scope_id]
        next_seq[event.scope_id] = seq + 1
        recorded_at, previous_id = clocks[event.scope_id].recorded_at, previous[event.scope_id]
        previous[event.scope_id] = event.id
        rows.append(
            Event(
                scope_id=event.scope_id,
                seq=seq,
                id=event.id,
                kind=event.kind.name,
                payload_version=event.kind.version,
                object_type=event.kind.object_type,
                object_id=event.object_id,
                object_version=event.object_version,
                actor_id=batch.actor_id,
                actor_kind=batch.actor_kind.value,
                batch_id=batch.batch_id,
                caused_by=event.caused_by,
                client_mutation_id=batch.client_mutation_id,
                occurred_at=event.occurred_at or recorded_at,
                recorded_at=recorded_at,
                payload=event.payload,
                previous_id=previous_id,
            )
        )
    return rows


async def positions_after(
    reader: Reader, events: Sequence[Event], reflected: Iterable[UUID]
) -> list[Position]:
    """Where the logs of these scopes stand once the events are in them."""
    scopes = list(reflected)
    last = {event.scope_id: event for event in events}
    positions = {
        scope: Position(scope, event.seq, Cursor.at(scope, event.seq, event.id))
        for scope, event in last.items()
    }
    unchanged = [scope for scope in scopes if scope not in positions]
    if unchanged:
        positions |= await heads(reader, unchanged)
    return [positions[scope] for scope in scopes if scope in positions]
