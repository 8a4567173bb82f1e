"""Writing checkpoints: a consumer of the log, in the background, a bounded piece at a time.

A checkpoint keeps the states of what changed since the one before; the rest stands as it was. Written again it changes
nothing, and whichever process comes first writes it.
"""

from __future__ import annotations

import asyncio
import random
from uuid import UUID

import structlog

from app.db import Reader
from app.events.kinds import KINDS, Effect
from app.events.log import events_after
from app.events.models import ActorKind
from app.guards import Guard
from app.history.models import FOREVER, Checkpoint, CheckpointState
from app.history.reads import last_checkpoints, states_at
from app.history.states import Key, State, fold_over, needed_keys, put_kind
from app.outcomes import Result
from app.statements import sql
from app.work import Action, Actor, Store, Work, run_unit
from app.writes import insert_rows

log = structlog.get_logger(__name__)

EVERY = 500
"""Events from one checkpoint to the next: what is read of the log to know any moment, at most."""

LOGS_AT_ONCE = 100


def checkpoint_guard(scope_id: UUID) -> Guard:
    """Held by whoever writes checkpoints of a scope, or takes words out of them."""
    return Guard.of("checkpoint", scope_id)


def write_checkpoint(scope_id: UUID, *, every: int = EVERY) -> Action:
    """Write the next checkpoint of a scope, if it is due. The result's ``seq`` is where, or None."""

    async def action(work: Work) -> Result:
        await work.declare([scope_id])
        await work.guard(checkpoint_guard(scope_id))
        base = (await last_checkpoints(work, [(scope_id, FOREVER)]))[scope_id, FOREVER]
        events = await events_after(work, scope_id, base, upto=base + every, limit=every)
        if len(events) < every:
            return {"seq": None}
        before = await states_at(work, [((scope_id, base), key) for key in needed_keys(events)])
        after = fold_over({key: state for (_, key), state in before.items()}, events)
        seq = events[-1].seq
        types, ids = [name for name, _ in after], [object_id for _, object_id in after]
        await work.run(_CLOSE, scope=scope_id, seq=seq, forever=FOREVER, types=types, ids=ids)
        rows = [_row(scope_id, seq, key, state) for key, state in after.items() if state is not None]
        await insert_rows(work, CheckpointState, rows)
        await insert_rows(work, Checkpoint, [{"scope_id": scope_id, "seq": seq}])
        return {"seq": seq}

    return action


def _row(scope_id: UUID, seq: int, key: Key, state: State) -> dict[str, object]:
    kind = put_kind(key[0])
    return {
        "scope_id": scope_id, "object_id": key[1], "object_type": key[0], "from_seq": seq, "until_seq": FOREVER,
        "kind": kind.name, "payload_version": kind.version, "state": state,
    }  # fmt: skip


async def write_checkpoints(store: Store, *, every: int = EVERY) -> int:
    """Write all checkpoints that are due, log by log, each in a unit of its own; how many there were."""
    actor, written = Actor(None, ActorKind.SYSTEM), 0
    while True:
        async with store.database.snapshot() as reader:
            due = [row[0] for row in await reader.rows(_DUE, distance=every, batch=LOGS_AT_ONCE)]
        if not due:
            return written
        for scope_id in due:
            while (await run_unit(store, actor, write_checkpoint(scope_id, every=every))).result["seq"]:
                written += 1


async def keep_checkpoints(store: Store, seconds: float) -> None:
    """Write what is due every so many seconds or so, for ever."""
    while True:
        await asyncio.sleep(seconds * random.uniform(0.5, 1.5))
        try:
            await write_checkpoints(store)
        except Exception as fault:  # noqa: BLE001 (the next round does what this one could not)
            log.warning("checkpoints_failed", error=repr(fault))


async def rewrite_states(work: Work, object_type: str, object_id: UUID) -> None:
    """Make what checkpoints keep of an object anew from its events, which were rewritten. Runs as the owner."""
    rows = await work.rows(_KEPT, type=object_type, id=object_id)
    for scope_id in dict.fromkeys(row.scope_id for row in rows):
        await work.declare([scope_id])
        await work.guard(checkpoint_guard(scope_id))
    rows = await work.rows(_KEPT, type=object_type, id=object_id)
    seqs: dict[UUID, set[int]] = {}
    for row in rows:
        seqs.setdefault(row.scope_id, set()).add(row.from_seq)
    for scope_id, wanted in seqs.items():
        states = await _folded(work, scope_id, (object_type, object_id), wanted)
        kind = put_kind(object_type)
        await work.run(
            _REWRITE, scope=scope_id, type=object_type, id=object_id, seqs=list(states), states=list(states.values()),
            kind=kind.name, version=kind.version,
        )  # fmt: skip


async def _folded(reader: Reader, scope_id: UUID, key: Key, seqs: set[int]) -> dict[int, State]:
    """An object's state at each of these places, from its own events alone."""
    events = await reader.rows(_HISTORY, scope=scope_id, id=key[1])
    states: dict[int, State] = {}
    state: State | None = None
    waiting = sorted(seqs)
    for event in events:
        while waiting and event.seq > waiting[0]:
            assert state is not None
            states[waiting.pop(0)] = state
        if KINDS[event.kind].object_type == key[0]:
            before = {} if state is None or KINDS[event.kind].effect is Effect.PUT else {key: state}
            state = fold_over(before, [event])[key]
    for seq in waiting:
        assert state is not None
        states[seq] = state
    return states


_DUE = sql("SELECT checkpoints_due($1, $2)", "distance", "batch")
_CLOSE = sql(
    """
    UPDATE checkpoint_states s SET until_seq = $2
    FROM unnest($4::text[], $5::uuid[]) AS changed(object_type, object_id)
    WHERE s.scope_id = $1 AND s.until_seq = $3
      AND s.object_id = changed.object_id AND s.object_type = changed.object_type
    """,
    "scope", "seq", "forever", "types", "ids",
)  # fmt: skip
_KEPT = sql(
    "SELECT scope_id, from_seq FROM checkpoint_states WHERE object_type = $1 AND object_id = $2", "type", "id"
)
_HISTORY = sql("SELECT * FROM events WHERE scope_id = $1 AND object_id = $2 ORDER BY seq", "scope", "id")
_REWRITE = sql(
    """
    UPDATE checkpoint_states s SET state = given.state, kind = $6, payload_version = $7
    FROM unnest($4::bigint[], $5::jsonb[]) AS given(seq, state)
    WHERE s.scope_id = $1 AND s.object_type = $2 AND s.object_id = $3 AND s.from_seq = given.seq
    """,
    "scope", "type", "id", "seqs", "states", "kind", "version",
)  # fmt: skip
