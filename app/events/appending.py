"""Appending to the log: one statement writes what was staged, moves clocks, inserts events and keeps outcomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from app.db import Reader
from app.endings import TOLD
from app.events.cursors import Cursor
from app.events.log import Position, heads
from app.events.models import Event
from app.events.parts import Batch, Part, Recorded
from app.keys import as_text
from app.staging import Form, RaceLost, Staged, Values, given, named, numbers, parts_of, recordset
from app.statements import Row, Statement

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Appending:
    """What is to be written and appended, in one statement: by itself, or as what a transaction ends with."""

    parts: Sequence[Part]
    scopes: list[UUID]
    forms: tuple[Form, ...]
    kept: bool
    arguments: list[Any]
    known: dict[UUID, Position]

    @classmethod
    async def of(cls, reader: Reader, parts: Sequence[Part], staged: Staged) -> Appending:
        """What was staged, and what was recorded for the logs of scopes, which are declared."""
        staged.settle()
        known = await _unmoved(reader, parts)
        recorded = [(part.batch, event) for part in parts for event in part.recorded]
        kept = [part for part in parts if part.keeping is not None]
        scopes = sorted({event.scope_id for _, event in recorded})
        arguments = [*staged.arguments()]
        if recorded:
            arguments += [as_text(scopes)] if len(scopes) > 1 else []
            arguments += given(_clock_rows(scopes, recorded)) + given(_event_rows(recorded))
        if kept:
            outcomes, places = _kept_rows(kept, known)
            arguments += given(outcomes) + given(places)
        return cls(parts, scopes, staged.forms(), bool(kept), arguments, known)

    async def write(self, reader: Reader) -> None:
        """Now. Raises ``RaceLost`` if a staged row was not there any more as it was decided on."""
        if not self.arguments:
            _place(self.parts, {}, self.known)
            return
        rows = await reader.rows(self._statement(), **named(self.arguments))
        if self.scopes and not rows and any(write.counted for write, _ in self.forms):
            raise RaceLost
        if not self.scopes and not rows[0].whole:
            raise RaceLost
        clocks = {row.id: row for row in rows} if self.scopes else {}
        missing = [scope for scope in self.scopes if scope not in clocks]
        if missing:
            raise LookupError(f"no clock for scope {missing[0]}")
        _place(self.parts, clocks, self.known)

    def ending(self) -> tuple[str, list[Any]] | None:
        """The same for ``app.endings``, which fails with ``LOST`` if others were faster; None: it moves no clock."""
        if not self.scopes:
            return None
        return self._statement(telling=True).prepare(named(self.arguments))

    def take(self, told: str) -> None:
        """What that told."""
        clocks = {
            UUID(scope): (None, seq, _EPOCH + timedelta(microseconds=at), previous and UUID(previous))
            for scope, seq, at, previous in orjson.loads(told)
        }
        _place(self.parts, clocks, self.known)

    def _statement(self, *, telling: bool = False) -> Statement[Any]:
        return _statement(self.forms, min(len(self.scopes), 2), self.kept, telling)


async def append(reader: Reader, parts: Sequence[Part], staged: Staged) -> None:
    """Write what was staged and append what was recorded, now. Raises ``RaceLost``."""
    await (await Appending.of(reader, parts, staged)).write(reader)


async def _unmoved(reader: Reader, parts: Sequence[Part]) -> dict[UUID, Position]:
    """Where the logs stand that an answer names though its part adds nothing to them."""
    asked: dict[UUID, None] = {}
    for part in parts:
        moved = {event.scope_id for event in part.recorded}
        asked |= dict.fromkeys(scope for scope in part.reflected if scope not in moved)
    return await heads(reader, list(asked)) if asked else {}


def _clock_rows(scopes: list[UUID], recorded: Sequence[tuple[Batch, Recorded]]) -> list[Values]:
    counts, last = dict.fromkeys(scopes, 0), dict[UUID, UUID]()
    for _, event in recorded:
        counts[event.scope_id] += 1
        last[event.scope_id] = event.id
    return [{"scope_id": scope, "n": counts[scope], "head": last[scope]} for scope in scopes]


def _event_rows(recorded: Sequence[tuple[Batch, Recorded]]) -> list[Values]:
    counts: dict[UUID, int] = {}
    rows = []
    for batch, event in recorded:
        kind, scope = event.kind, event.scope_id
        nth = counts[scope] = counts.get(scope, 0) + 1
        rows.append(
            {
                "scope_id": scope, "nth": nth, "id": event.id, "kind": kind.name, "payload_version": kind.version,
                "object_type": kind.object_type, "object_id": event.object_id,
                "object_version": event.object_version, "actor_id": batch.actor_id, "actor_kind": batch.actor_kind,
                "batch_id": batch.batch_id, "caused_by": event.caused_by,
                "client_mutation_id": batch.client_mutation_id, "occurred_at": event.occurred_at,
                "payload": event.payload,
            }
        )  # fmt: skip
    return rows


def _kept_rows(kept: Sequence[Part], known: dict[UUID, Position]) -> tuple[list[Values], list[Values]]:
    """Outcomes, and the positions in them: at a new event, or where a log stood that did not move."""
    outcomes: list[Values] = []
    places: list[Values] = []
    for place, part in enumerate(kept):
        keeping = part.keeping
        assert keeping is not None
        outcomes.append(
            {
                "viewer_id": keeping.viewer_id, "key": keeping.key, "request_hash": keeping.request_hash,
                "result": keeping.result, "place": place,
            }
        )  # fmt: skip
        last = {event.scope_id: event for event in part.recorded}
        for nth, scope in enumerate(part.reflected):
            at: Values = {"place": place, "nth": nth, "scope_id": scope}
            if scope in last:
                event_id = last[scope].id
                places.append({**at, "event_id": event_id, "told": event_id.bytes[-4:].hex()})
            elif scope in known:
                places.append({**at, "seq": known[scope].seq, "told": known[scope].cursor.check.hex()})
    return outcomes, places


def _place(parts: Sequence[Part], clocks: dict[UUID, Any], known: dict[UUID, Position]) -> None:
    """Give each part its events, as they stand in the log now, and its positions."""
    counts: dict[UUID, int] = {}
    for part in parts:
        for event in part.recorded:
            counts[event.scope_id] = counts.get(event.scope_id, 0) + 1
    next_seq, recorded_at, previous = dict[UUID, int](), dict[UUID, datetime](), dict[UUID, UUID | None]()
    for scope, count in counts.items():
        _, seq, recorded_at[scope], previous[scope] = clocks[scope]
        next_seq[scope] = seq - count + 1
    for part in parts:
        for event in part.recorded:
            scope = event.scope_id
            part.events.append(
                _event(event, part.batch, next_seq[scope], recorded_at[scope], previous[scope])
            )
            next_seq[scope] += 1
            previous[scope] = event.id
        last = {event.scope_id: event for event in part.events}
        for scope in part.reflected:
            if scope in last:
                at = last[scope]
                part.positions.append(Position(scope, at.seq, Cursor.at(scope, at.seq, at.id)))
            elif scope in known:
                part.positions.append(known[scope])


def _event(event: Recorded, batch: Batch, seq: int, recorded_at: datetime, previous_id: UUID | None) -> Event:
    return Event(
        event.scope_id, seq, event.id, event.kind.name, event.kind.version, event.kind.object_type, event.object_id,
        event.object_version, batch.actor_id, batch.actor_kind.value, batch.batch_id, event.caused_by,
        batch.client_mutation_id, event.occurred_at or recorded_at, recorded_at, event.payload, previous_id,
    )  # fmt: skip


_CLOCKS = {"scope_id": "uuid", "n": "bigint", "head": "uuid"}
_ITEMS = {
    "scope_id": "uuid", "nth": "bigint", "id": "uuid", "kind": "text", "payload_version": "smallint",
    "object_type": "text", "object_id": "uuid", "object_version": "int", "actor_id": "uuid", "actor_kind": "text",
    "batch_id": "uuid", "caused_by": "uuid", "client_mutation_id": "uuid", "occurred_at": "timestamptz",
    "payload": "jsonb",
}  # fmt: skip
_OUTCOMES = {"viewer_id": "uuid", "key": "uuid", "request_hash": "bytea", "result": "jsonb", "place": "int"}
_PLACES = {
    "place": "int",
    "nth": "int",
    "scope_id": "uuid",
    "seq": "bigint",
    "event_id": "uuid",
    "told": "text",
}

# Several clocks at once are locked in id order, or two units would deadlock; and after all rows, or a unit that holds a
# row and one that holds its clock would.
_LOCKED = (
    "locked AS (SELECT id FROM scopes WHERE id = ANY($scopes) AND ($whole) ORDER BY id FOR NO KEY UPDATE)"
)

# The clock is advanced and the events are inserted in one statement. `recorded_at` is taken under the clock's
# lock: now() is the transaction's start and would run against seq.
_MOVED = """
    clock AS (
        UPDATE scopes SET seq = seq + tally.n, head_event_id = tally.head,
                          last_xid = pg_current_xact_id()::text::bigint,
                          recorded_at = greatest(clock_timestamp(), recorded_at)
        FROM $tally WHERE scopes.id = tally.scope_id AND ($when)
        RETURNING scopes.id, scopes.seq, scopes.seq - tally.n AS base, scopes.recorded_at,
                  old.head_event_id AS previous_id
    ), placed AS (
        INSERT INTO events (scope_id, seq, id, kind, payload_version, object_type, object_id, object_version, actor_id,
                            actor_kind, batch_id, caused_by, client_mutation_id, occurred_at, recorded_at, payload)
        SELECT item.scope_id, clock.base + item.nth, item.id, item.kind, item.payload_version,
               item.object_type, item.object_id, item.object_version, item.actor_id, item.actor_kind, item.batch_id,
               item.caused_by, item.client_mutation_id, coalesce(item.occurred_at, clock.recorded_at),
               clock.recorded_at, item.payload
        FROM $item JOIN clock ON clock.id = item.scope_id
        RETURNING id, seq
    )
"""
_KEPT = """
    kept AS (
        INSERT INTO mutation_outcomes (viewer_id, key, request_hash, outcome, created_at)
        SELECT outcome.viewer_id, outcome.key, outcome.request_hash,
               jsonb_build_object('result', outcome.result, 'positions', coalesce(told.positions, '[]')), now()
        FROM $outcome LEFT JOIN (
            SELECT at.place, jsonb_agg(jsonb_build_array(at.scope_id, $seq, at.told) ORDER BY at.nth) AS positions
            FROM $at $placed GROUP BY at.place
        ) told USING (place)
        WHERE $whole ORDER BY outcome.viewer_id, outcome.key
    )
"""
# Gives no row, and tells all the same.
_TELLING = f"""
    CASE WHEN count(*) = $clocks THEN set_config('{TOLD}', json_agg(json_build_array(
        id, seq, (extract(epoch FROM recorded_at) * 1000000)::bigint, previous_id))::text, false)
    ELSE lose_race() END FROM clock OFFSET 1
"""


@lru_cache(maxsize=512)
def _statement(forms: tuple[Form, ...], scopes: int, kept: bool, telling: bool) -> Statement[Any]:
    """The statement; ``scopes``: 0, 1, or 2 for several."""
    parts, whole, place = parts_of(forms)
    parts = list(parts)
    clocks = "1"
    if scopes:
        when = whole
        if scopes > 1:
            parts.append(_LOCKED.replace("$scopes", f"${place}::text::uuid[]").replace("$whole", whole))
            clocks = f"cardinality(${place}::text::uuid[])"
            when = f"(SELECT count(*) FROM locked) = {clocks}"  # noqa: S608 (ours)
            place += 1
        tally, item = recordset("tally", _CLOCKS, place), recordset("item", _ITEMS, place + 2)
        place += 4
        parts.append(_MOVED.replace("$tally", tally).replace("$item", item).replace("$when", when))
    if kept:
        outcome, at = recordset("outcome", _OUTCOMES, place), recordset("at", _PLACES, place + 2)
        place += 4
        placed = "LEFT JOIN placed ON placed.id = at.event_id" if scopes else ""
        seq = "coalesce(at.seq, placed.seq)" if scopes else "at.seq"
        text = _KEPT.replace("$outcome", outcome).replace("$at", at).replace("$seq", seq)
        parts.append(text.replace("$placed", placed).replace("$whole", whole))
    answer = "id, seq, recorded_at, previous_id FROM clock" if scopes else f"({whole}) AS whole"
    if telling:
        answer = _TELLING.replace("$clocks", clocks)
    return Statement(f"WITH {', '.join(parts)} SELECT {answer}", Row, *numbers(place - 1))
