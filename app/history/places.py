"""Where a task goes back to, if ranks were spaced anew since or its old one is taken: next to the neighbours it had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.db import Reader
from app.events.models import Event
from app.history.reversals import Reversal
from app.statements import Statement, sql

REBALANCED = "RanksRebalanced"

_CHANGED: Statement[Any] = sql(
    """
    SELECT e.seq, e.object_id, e.kind, e.payload #>> '{delta,set,rank,old}' AS old,
           e.payload #>> '{delta,set,rank,new}' AS new
    FROM events e WHERE e.scope_id = $1 AND e.seq > $2 AND e.object_type = 'task'
      AND (e.payload #> '{delta,set,rank}' IS NOT NULL OR e.payload -> 'state' IS NOT NULL)
    ORDER BY e.seq
    """,
    "scope", "after",
)  # fmt: skip
_TAKEN: Statement[Any] = sql(
    "SELECT rank, id FROM tasks WHERE project_id = $1 AND rank = ANY($2::text[])", "project", "ranks"
)
_NEAREST: Statement[Any] = sql(
    """
    SELECT (SELECT t.id FROM tasks t WHERE t.project_id = $1 AND t.rank < $2 AND t.id <> ALL($3::uuid[])
            ORDER BY t.rank DESC, t.id DESC LIMIT 1) AS below,
           (SELECT t.rank FROM tasks t WHERE t.project_id = $1 AND t.rank < $2 AND t.id <> ALL($3::uuid[])
            ORDER BY t.rank DESC, t.id DESC LIMIT 1) AS lower,
           (SELECT t.id FROM tasks t WHERE t.project_id = $1 AND t.rank > $2 AND t.id <> ALL($3::uuid[])
            ORDER BY t.rank, t.id LIMIT 1) AS above,
           (SELECT t.rank FROM tasks t WHERE t.project_id = $1 AND t.rank > $2 AND t.id <> ALL($3::uuid[])
            ORDER BY t.rank, t.id LIMIT 1) AS upper
    """,
    "project", "rank", "ids",
)  # fmt: skip


async def placed_back(
    reader: Reader, project_id: UUID, events: Sequence[Event], reversals: Sequence[Reversal]
) -> list[Reversal]:
    """Reversals with places where ranks alone would not do: what the service does to ranks is nobody's building on it.

    A statement for each that needs neighbours; those whose rank is free and means what it meant stay as they are.
    """
    backs = {
        event.id: back
        for event, one in zip(events, reversals, strict=True)
        if one.edit is not None and isinstance(back := one.edit.patch.values.get("rank"), str)
    }
    if not backs:
        return list(reversals)
    first = min(event.seq for event in events if event.id in backs)
    changes = await reader.rows(_CHANGED, scope=project_id, after=first)
    taken = await reader.rows(_TAKEN, project=project_id, ranks=list(backs.values()))
    found = []
    for event, one in zip(events, reversals, strict=True):
        since = [row for row in changes if row.seq > event.seq]
        spaced = any(row.kind == REBALANCED for row in since)
        blocked = any(row.rank == backs.get(event.id) and row.id != one.task_id for row in taken)
        if event.id in backs and (spaced or blocked):
            found.append(await _beside(reader, project_id, one, backs[event.id], since))
        else:
            found.append(one)
    return found


async def _beside(
    reader: Reader, project_id: UUID, one: Reversal, back: str, since: Sequence[Any]
) -> Reversal:
    """The same with the nearest that has kept its place among the others as the neighbour to stand after, or before."""
    then: dict[UUID, str | None] = {}
    moved: set[UUID] = set()
    for row in since:
        then.setdefault(row.object_id, row.old)
        if row.kind != REBALANCED:
            moved.add(row.object_id)
    (row,) = await reader.rows(_NEAREST, project=project_id, rank=back, ids=[*then, one.task_id])
    below = [(row.lower, row.below)] if row.below else []
    above = [(row.upper, row.above)] if row.above else []
    for task_id, rank in then.items():
        if rank is not None and task_id not in moved and task_id != one.task_id:
            (below if rank < back else above).append((rank, task_id))
    if not below and not above:
        return one
    now = one.moved
    if one.task_id not in moved:
        now = next((row.new for row in reversed(since) if row.object_id == one.task_id), one.moved)
    assert one.edit is not None
    values = {name: value for name, value in one.edit.patch.values.items() if name != "rank"}
    edit = one.edit._replace(
        patch=replace(one.edit.patch, values=values),
        after_id=max(below)[1] if below else None, before_id=None if below else min(above)[1],
    )  # fmt: skip
    return replace(one, edit=edit, moved=now)
