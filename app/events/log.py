"""Reading the log."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, bindparam, select

from app.db import Reader
from app.events.cursors import Cursor
from app.events.models import Event, EventRow, Scope
from app.statements import Statement, sql, table

EVENTS = table(EventRow)


class Position(NamedTuple):
    """A place in a scope's log: everything up to and with ``seq`` is reflected."""

    scope_id: UUID
    seq: int
    cursor: Cursor


_HEADS: Statement[Scope] = sql(
    "SELECT id, seq, head_event_id FROM scopes WHERE id = ANY($1::uuid[])", "ids", model=Scope
)
_CLOCKS: Statement[Scope] = sql("SELECT * FROM clocks_of($1)", "ids", model=Scope)
_AFTER = Statement(
    select(EVENTS)
    .where(
        EVENTS.c.scope_id == bindparam("scope"),
        EVENTS.c.seq > bindparam("after", type_=BigInteger),
        EVENTS.c.seq <= bindparam("upto", type_=BigInteger),
    )
    .order_by(EVENTS.c.seq)
    .limit(bindparam("limit")),
    Event,
)
_EVENT_ID_AT = Statement(
    select(EVENTS.c.id).where(
        EVENTS.c.scope_id == bindparam("scope"), EVENTS.c.seq == bindparam("seq", type_=BigInteger)
    ),
    Event,
)
_EVENT_IDS_AT = sql(
    """
    SELECT events.scope_id, events.seq, events.id FROM unnest($1::uuid[], $2::bigint[]) AS asked(scope_id, seq)
    JOIN events USING (scope_id, seq)
    """,
    "scopes", "seqs",
)  # fmt: skip
_OBJECT_HISTORY: Statement[Event] = sql(
    """
    SELECT events.* FROM unnest($2::uuid[], $3::int[]) AS seen(object_id, version)
    JOIN events ON events.scope_id = $1 AND events.object_id = seen.object_id AND events.object_version > seen.version
    ORDER BY events.seq
    """,
    "scope", "object_ids", "versions",
    model=Event,
)  # fmt: skip


async def heads(reader: Reader, scope_ids: list[UUID]) -> dict[UUID, Position]:
    """The head position of each scope that exists."""
    return {
        row.id: Position(row.id, row.seq, Cursor.at(row.id, row.seq, row.head_event_id))
        for row in await reader.rows(_HEADS, ids=scope_ids)
    }


async def clocks(reader: Reader, scope_ids: list[UUID]) -> dict[UUID, Scope]:
    """Where logs stand, and the stamp of who may read them; told without a declaration, since it is no content."""
    return {row.id: row for row in await reader.rows(_CLOCKS, ids=scope_ids)}


async def events_after(reader: Reader, scope_id: UUID, after: int, *, upto: int, limit: int) -> list[Event]:
    """Events with ``after < seq <= upto``, in order, at most ``limit``."""
    return await reader.rows(_AFTER, scope=scope_id, after=after, upto=upto, limit=limit)


async def event_id_at(reader: Reader, scope_id: UUID, seq: int) -> UUID | None:
    """The id of the event at ``seq``, or None."""
    row = await reader.row(_EVENT_ID_AT, scope=scope_id, seq=seq)
    return None if row is None else row.id


async def event_ids_at(reader: Reader, places: list[tuple[UUID, int]]) -> dict[tuple[UUID, int], UUID]:
    """The ids of the events at (scope, seq), as far as there are such."""
    if not places:
        return {}
    rows = await reader.rows(
        _EVENT_IDS_AT, scopes=[one for one, _ in places], seqs=[seq for _, seq in places]
    )
    return {(row.scope_id, row.seq): row.id for row in rows}


async def history_since(reader: Reader, scope_id: UUID, versions: dict[UUID, int]) -> dict[UUID, list[Event]]:
    """For each object, its events in this scope that came after the version given with it, oldest first."""
    found: dict[UUID, list[Event]] = {object_id: [] for object_id in versions}
    if versions:
        rows = await reader.rows(
            _OBJECT_HISTORY, scope=scope_id, object_ids=list(versions), versions=list(versions.values())
        )
        for row in rows:
            found[row.object_id].append(row)
    return found


def message_of(row: Event) -> dict[str, Any]:
    """An event as the doorbell's message carries it."""
    return {
        "scope_id": str(row.scope_id), "seq": row.seq, "id": str(row.id), "kind": row.kind,
        "payload_version": row.payload_version, "object_type": row.object_type, "object_id": str(row.object_id),
        "object_version": row.object_version, "actor_id": row.actor_id and str(row.actor_id),
        "actor_kind": row.actor_kind, "batch_id": row.batch_id and str(row.batch_id),
        "caused_by": row.caused_by and str(row.caused_by),
        "client_mutation_id": row.client_mutation_id and str(row.client_mutation_id),
        "occurred_at": row.occurred_at.isoformat(), "recorded_at": row.recorded_at.isoformat(),
        "payload": row.payload, "previous_id": row.previous_id and str(row.previous_id),
    }  # fmt: skip


def event_of(message: dict[str, Any]) -> Event:
    """The event that a doorbell's message carries."""

    def key(name: str) -> UUID | None:
        return None if message[name] is None else UUID(message[name])

    return Event(
        scope_id=UUID(message["scope_id"]), seq=message["seq"], id=UUID(message["id"]), kind=message["kind"],
        payload_version=message["payload_version"], object_type=message["object_type"],
        object_id=UUID(message["object_id"]), object_version=message["object_version"], actor_id=key("actor_id"),
        actor_kind=message["actor_kind"], batch_id=key("batch_id"), caused_by=key("caused_by"),
        client_mutation_id=key("client_mutation_id"), occurred_at=datetime.fromisoformat(message["occurred_at"]),
        recorded_at=datetime.fromisoformat(message["recorded_at"]), payload=message["payload"],
        previous_id=key("previous_id"),
    )  # fmt: skip
