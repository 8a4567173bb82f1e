"""Which joining domains someone may see: those of the workspaces in which they are no guest."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.domains.models import JoiningDomain
from app.statements import Statement, sql

_OF_WORKSPACES: Statement[JoiningDomain] = sql(
    """
    SELECT d.* FROM joining_domains d
    JOIN workspace_members m ON m.workspace_id = d.workspace_id AND m.user_id = $1 AND m.role <> 'guest'
    WHERE d.workspace_id = ANY($2::uuid[]) ORDER BY d.domain
    """,
    "viewer", "ids",
    model=JoiningDomain,
)  # fmt: skip
_BY_ID: Statement[JoiningDomain] = sql(
    """
    SELECT d.* FROM joining_domains d
    JOIN workspace_members m ON m.workspace_id = d.workspace_id AND m.user_id = $1 AND m.role <> 'guest'
    WHERE d.id = ANY($2::uuid[])
    """,
    "viewer", "ids",
    model=JoiningDomain,
)  # fmt: skip


async def domains_of_workspaces(reader: Reader, viewer_id: UUID, ids: list[UUID]) -> list[JoiningDomain]:
    """Those of the workspaces in which the viewer is no guest, by name."""
    return await reader.rows(_OF_WORKSPACES, viewer=viewer_id, ids=ids) if ids else []


async def access_domains(reader: Reader, viewer_id: UUID, ids: list[UUID]) -> dict[UUID, JoiningDomain]:
    """Those of the domains that the viewer sees, by id."""
    return {row.id: row for row in await reader.rows(_BY_ID, viewer=viewer_id, ids=ids)} if ids else {}
