"""Which scopes a person may read, as their inbox's log tells it: what was gained, and what is to be forgotten.

Every change of who sees what happens within ``telling_access``: it compares before and after, so that somebody who
still sees a project by another way loses nothing, whatever was taken from them.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from app.db import Reader
from app.events.doorbell import SIGHT_LOST
from app.events.kinds import Effect, event_kind
from app.statements import sql
from app.work import Work

SCOPE_ADDED = event_kind("ScopeAdded", "readable_scope", Effect.PUT)
SCOPE_REMOVED = event_kind(SIGHT_LOST, "readable_scope", Effect.REMOVE)

Pair = tuple[UUID, UUID]


@dataclass
class AccessChange:
    """What changed, once it has: pairs of a person and a scope."""

    gained: set[Pair] = field(default_factory=set)
    lost: set[Pair] = field(default_factory=set)


@asynccontextmanager
async def telling_access(
    work: Work, workspace_id: UUID, *, people: Sequence[UUID] = (), projects: Sequence[UUID] = ()
) -> AsyncIterator[AccessChange]:
    """Tell what a change of access does: to these people in these projects; without projects, in the whole workspace;
    without people, to everybody.

    The caller holds the workspace's access guard, or makes the project. Streams are looked at again at once where
    somebody lost a scope, and within the bound if nobody hears of that.
    """
    change = AccessChange()
    before = await _readers(work, workspace_id, people, projects)
    yield change
    await work.run(_BUMP_ACCESS, workspace=workspace_id)
    after = await _readers(work, workspace_id, people, projects)
    change.gained, change.lost = after - before, before - after
    kinds = await _kinds(work, {scope_id for _, scope_id in change.gained})
    for user_id, scope_id in sorted(change.lost):
        work.record(user_id, SCOPE_REMOVED, scope_id, {}, reflect=user_id == work.actor.user_id)
    for user_id, scope_id in sorted(change.gained):
        state = _state(scope_id, kinds[scope_id], workspace_id)
        work.record(user_id, SCOPE_ADDED, scope_id, {"state": state}, reflect=user_id == work.actor.user_id)


async def scopes_read(reader: Reader, viewer_id: UUID) -> list[dict[str, Any]]:
    """Every scope that the viewer may read, but for their inbox: as its event would put it into that."""
    rows = await reader.rows(_OWN, viewer=viewer_id)
    return [_state(row.id, row.kind, row.workspace_id) for row in rows]


def _state(scope_id: UUID, kind: str, workspace_id: UUID) -> dict[str, Any]:
    return {"id": str(scope_id), "kind": kind, "workspace_id": str(workspace_id)}


async def _readers(
    work: Work, workspace_id: UUID, people: Sequence[UUID], projects: Sequence[UUID]
) -> set[Pair]:
    if people and projects:
        rows = await work.rows(_AMONG, projects=list(projects), people=list(people))
    elif projects:
        rows = await work.rows(_READERS, projects=list(projects))
    else:
        rows = await work.rows(_READ_BY, people=list(people), workspace=workspace_id)
    return {(row.user_id, row.scope_id) for row in rows}


async def _kinds(work: Work, scope_ids: set[UUID]) -> dict[UUID, str]:
    return {row.id: row.kind for row in await work.rows(_KINDS, ids=list(scope_ids))} if scope_ids else {}


_OWN = sql(
    """
    SELECT s.id, s.kind, s.workspace_id FROM workspace_members m
    CROSS JOIN LATERAL scopes_read_by(ARRAY[m.user_id], m.workspace_id) AS own
    JOIN scopes s ON s.id = own.scope_id
    WHERE m.user_id = $1 ORDER BY s.id
    """,
    "viewer",
)
_READ_BY = sql("SELECT user_id, scope_id FROM scopes_read_by($1, $2)", "people", "workspace")
_AMONG = sql(
    "SELECT user_id, project_id AS scope_id FROM project_readers_among($1, $2)", "projects", "people"
)
_READERS = sql("SELECT user_id, project_id AS scope_id FROM project_readers($1)", "projects")
_KINDS = sql("SELECT id, kind FROM clocks_of($1)", "ids")
_BUMP_ACCESS = sql("SELECT bump_access($1)", "workspace")
