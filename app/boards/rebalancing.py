"""Rebalancing in the background: where ranks have grown long, they are spaced anew, in small pieces.

No order changes, at no moment: a piece is one unit, under the guard of whoever takes a rank, and leaves every list as
it was. No task's version changes. Each task's new rank is an event (``RanksRebalanced``); a piece is one frame.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.boards.events import RANKS_REBALANCED
from app.events.models import ActorKind
from app.ids import new_id
from app.outcomes import Result
from app.ranks import LENGTH_LIMIT, respread
from app.statements import Statement, sql
from app.tasks.facts import order_guard
from app.tasks.models import Task
from app.values import now_utc
from app.work import Action, Actor, Store, Work, run_unit
from app.writes import set_unversioned

PIECE = 500
SHORT = LENGTH_LIMIT // 3
"""Neighbours whose ranks are at most this long have room between them."""
MOST_BETWEEN = 20_000
"""A region of more tasks than this is spaced anew from its lower end on, as far as this."""

_GROWN: Statement[Any] = sql("SELECT ranks_grown() AS project_id")
_LONGEST: Statement[Any] = sql(
    f"SELECT rank FROM tasks WHERE project_id = $1 AND length(rank) > {LENGTH_LIMIT} ORDER BY rank LIMIT 1",  # noqa: S608
    "project",
)
_BELOW: Statement[Any] = sql(
    f"SELECT rank FROM tasks WHERE project_id = $1 AND rank < $2 AND length(rank) <= {SHORT} ORDER BY rank DESC LIMIT 1",  # noqa: S608, E501
    "project", "rank",
)  # fmt: skip
_ABOVE: Statement[Any] = sql(
    f"SELECT rank FROM tasks WHERE project_id = $1 AND rank > $2 AND length(rank) <= {SHORT} ORDER BY rank LIMIT 1",  # noqa: S608
    "project", "rank",
)  # fmt: skip
_REGION: Statement[Any] = sql(
    f"""
    SELECT id, rank, version FROM tasks
    WHERE project_id = $1 AND ($2::text IS NULL OR rank > $2) AND ($3::text IS NULL OR rank < $3)
    ORDER BY rank, id LIMIT {MOST_BETWEEN + 1}
    """,  # noqa: S608
    "project", "before", "after",
)  # fmt: skip


def rebalance_piece(project_id: UUID) -> Action:
    """Space a piece of a project's ranks anew, where they have grown long; ``left`` says whether there is more."""

    async def action(work: Work) -> Result:
        await work.declare([project_id])
        await work.guard(order_guard(project_id))
        grown = await work.value(_LONGEST, project=project_id)
        if grown is None:
            return {"left": False}
        before = await work.value(_BELOW, project=project_id, rank=grown)
        after = await work.value(_ABOVE, project=project_id, rank=grown)
        rows = await work.rows(_REGION, project=project_id, before=before, after=after)
        if len(rows) > MOST_BETWEEN:
            after = rows.pop().rank
        changed = respread([row.rank for row in rows], before, after, PIECE)
        await _write(work, project_id, [(rows[place], rank) for place, rank in changed.items()])
        return {"left": bool(changed)}

    return action


async def _write(work: Work, project_id: UUID, changed: list[tuple[Any, str]]) -> None:
    work.batch_id = new_id()
    values = [{"project_id": project_id, "id": row.id, "rank": rank} for row, rank in changed]
    await set_unversioned(work, Task, values, {"rank"}, keys=("project_id", "id"))
    now = now_utc()
    for row, rank in changed:
        delta = {"set": {"rank": {"old": row.rank, "new": rank}}}
        work.record(
            project_id, RANKS_REBALANCED, row.id, {"delta": delta}, version=row.version, occurred_at=now
        )


async def rebalance_ranks(store: Store) -> None:
    """Space ranks anew wherever they have grown long, piece by piece."""
    service = Actor(None, ActorKind.SYSTEM)

    async def ask(work: Work) -> Result:
        return {"projects": [str(row.project_id) for row in await work.rows(_GROWN)]}

    for project in (await run_unit(store, service, ask)).result["projects"]:
        while (await run_unit(store, service, rebalance_piece(UUID(project)))).result["left"]:
            pass
