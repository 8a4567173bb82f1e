"""Selects of checkpoints and of what they keep, in batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from app.db import Reader
from app.events.models import Event
from app.history.models import Checkpoint, CheckpointState
from app.history.states import Key, State, current_state
from app.statements import Statement, sql

_LAST: Statement[Checkpoint] = sql(
    """
    SELECT asked.scope_id, asked.upto, coalesce(
        (SELECT max(c.seq) FROM checkpoints c WHERE c.scope_id = asked.scope_id AND c.seq <= asked.upto), 0) AS seq
    FROM unnest($1::uuid[], $2::bigint[]) AS asked(scope_id, upto)
    """,
    "scopes",
    "uptos",
    model=Checkpoint,
)
# recorded_at never runs against seq, so the last event before a time is found by halving: by 64 look-ups at most.
_SEQ_AT: Statement[Any] = sql(
    """
    WITH RECURSIVE search AS (
        SELECT s.id AS scope_id, 0::bigint AS low, s.seq AS high FROM scopes s WHERE s.id = ANY($1::uuid[])
        UNION ALL
        SELECT search.scope_id,
               CASE WHEN found.recorded_at <= $2 THEN middle.seq ELSE search.low END,
               CASE WHEN found.recorded_at <= $2 THEN search.high ELSE middle.seq - 1 END
        FROM search CROSS JOIN LATERAL (SELECT (search.low + search.high + 1) / 2 AS seq) AS middle
        JOIN events found ON found.scope_id = search.scope_id AND found.seq = middle.seq
        WHERE search.low < search.high
    )
    SELECT scope_id, low AS seq FROM search WHERE low = high
    """,
    "scopes",
    "time",
)
_EVENTS_AT: Statement[Event] = sql(
    """
    SELECT e.* FROM unnest($1::uuid[], $2::bigint[]) AS asked(scope_id, seq)
    JOIN events e ON e.scope_id = asked.scope_id AND e.seq = asked.seq
    """,
    "scopes",
    "seqs",
    model=Event,
)
_BETWEEN: Statement[Event] = sql(
    """
    SELECT e.* FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS asked(scope_id, after, upto)
    JOIN events e ON e.scope_id = asked.scope_id AND e.seq > asked.after AND e.seq <= asked.upto
    ORDER BY e.scope_id, e.seq
    """,
    "scopes",
    "afters",
    "uptos",
    model=Event,
)
_STATES: Statement[CheckpointState] = sql(
    """
    SELECT asked.base, s.* FROM unnest($1::uuid[], $2::bigint[], $3::text[], $4::uuid[])
        AS asked(scope_id, base, object_type, object_id)
    JOIN checkpoint_states s ON s.scope_id = asked.scope_id AND s.object_id = asked.object_id
        AND s.object_type = asked.object_type AND s.from_seq <= asked.base AND s.until_seq > asked.base
    """,
    "scopes", "bases", "types", "ids",
    model=CheckpointState,
)  # fmt: skip
_STATES_OF_TYPES: Statement[CheckpointState] = sql(
    """
    SELECT asked.base, s.* FROM unnest($1::uuid[], $2::bigint[]) AS asked(scope_id, base)
    JOIN checkpoint_states s ON s.scope_id = asked.scope_id AND s.object_type = ANY($3::text[])
        AND s.until_seq > asked.base AND s.from_seq <= asked.base
    """,
    "scopes", "bases", "types",
    model=CheckpointState,
)  # fmt: skip
_LINKS: Statement[CheckpointState] = sql(
    """
    SELECT asked.base, s.* FROM unnest($1::uuid[], $2::bigint[]) AS asked(scope_id, base)
    JOIN checkpoint_states s ON s.scope_id = asked.scope_id AND s.object_type = 'link'
        AND s.until_seq > asked.base AND s.from_seq <= asked.base
    WHERE s.state->>'source_task_id' = ANY($3::text[]) OR s.state->>'target_task_id' = ANY($3::text[])
    """,
    "scopes", "bases", "tasks",
    model=CheckpointState,
)  # fmt: skip

Place = tuple[UUID, int]
"""A scope and a seq in it."""


async def last_checkpoints(reader: Reader, places: Sequence[Place]) -> dict[Place, int]:
    """The last checkpoint at or before each place; 0 where there is none."""
    scopes, uptos = _columns(places, 2)
    rows = await reader.rows(_LAST, scopes=scopes, uptos=uptos)
    return {(row.scope_id, row.upto): row.seq for row in rows}  # type: ignore[attr-defined]


async def seqs_at(reader: Reader, scope_ids: Sequence[UUID], time: datetime) -> dict[UUID, int]:
    """The last event of each scope that was recorded by then; 0 where there was none."""
    rows = await reader.rows(_SEQ_AT, scopes=list(scope_ids), time=time)
    return {row.scope_id: row.seq for row in rows}


async def events_at(reader: Reader, places: Sequence[Place]) -> dict[Place, Event]:
    """The events at these places."""
    scopes, seqs = _columns(places, 2)
    rows = await reader.rows(_EVENTS_AT, scopes=scopes, seqs=seqs)
    return {(row.scope_id, row.seq): row for row in rows}


async def events_between(reader: Reader, spans: Sequence[tuple[UUID, int, int]]) -> dict[UUID, list[Event]]:
    """The events of each (scope, after, upto), in order. A scope stands in it once."""
    scopes, afters, uptos = _columns(spans, 3)
    found: dict[UUID, list[Event]] = {scope: [] for scope in scopes}
    for row in await reader.rows(_BETWEEN, scopes=scopes, afters=afters, uptos=uptos):
        found[row.scope_id].append(row)
    return found


async def states_at(reader: Reader, asked: Iterable[tuple[Place, Key]]) -> dict[tuple[Place, Key], State]:
    """The states of objects at checkpoints, as far as they were there then."""
    wanted = list(dict.fromkeys(asked))
    if not wanted:
        return {}
    rows = await reader.rows(
        _STATES,
        scopes=[place[0] for place, _ in wanted],
        bases=[place[1] for place, _ in wanted],
        types=[key[0] for _, key in wanted],
        ids=[key[1] for _, key in wanted],
    )
    return dict(map(_placed, rows))


async def states_of_types(
    reader: Reader, places: Iterable[Place], types: Sequence[str]
) -> dict[tuple[Place, Key], State]:
    """The states of all objects of some types at checkpoints."""
    wanted = list(dict.fromkeys(places))
    scopes, bases = _columns(wanted, 2)
    rows = await reader.rows(_STATES_OF_TYPES, scopes=scopes, bases=bases, types=list(types))
    return dict(map(_placed, rows))


async def links_at(
    reader: Reader, places: Iterable[Place], task_ids: Iterable[UUID]
) -> dict[tuple[Place, Key], State]:
    """The states of links at checkpoints that have one of these tasks at an end."""
    scopes, bases = _columns(list(dict.fromkeys(places)), 2)
    rows = await reader.rows(_LINKS, scopes=scopes, bases=bases, tasks=[str(one) for one in task_ids])
    return dict(map(_placed, rows))


def _placed(row: Any) -> tuple[tuple[Place, Key], State]:
    state = current_state(row.kind, row.payload_version, row.state)
    return ((row.scope_id, row.base), (row.object_type, row.object_id)), state


def _columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any]]:
    return [[row[place] for row in rows] for place in range(width)]
