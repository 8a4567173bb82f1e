"""Which access tokens someone may see: the only way to fetch them for a viewer."""

from __future__ import annotations

from uuid import UUID

from app.access_tokens.models import AccessToken
from app.db import Reader
from app.statements import Statement, sql

# One's own, and those of the service accounts of workspaces that one administers.
_VISIBLE: Statement[AccessToken] = sql(
    """
    SELECT t.* FROM access_tokens t
    WHERE t.id = ANY($2::uuid[]) AND t.revoked_at IS NULL AND (t.user_id = $1 OR EXISTS (
        SELECT FROM workspace_members m
        WHERE m.workspace_id = t.workspace_id AND m.user_id = $1 AND m.role IN ('owner', 'admin')))
    """,
    "viewer", "ids",
    model=AccessToken,
)  # fmt: skip


async def access_tokens(reader: Reader, viewer_id: UUID, ids: list[UUID]) -> dict[UUID, AccessToken]:
    """Those of the tokens that the viewer may see (and so revoke), by id."""
    return {row.id: row for row in await reader.rows(_VISIBLE, viewer=viewer_id, ids=ids)} if ids else {}
