"""The only way to fetch teams for a viewer.

Members of a workspace know its teams. Guests know those that they are in, and those of the projects that they see.
"""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.statements import Statement, sql
from app.teams.models import Team

_KNOWN: Statement[Team] = sql(
    """
    SELECT t.* FROM teams t JOIN workspace_members m ON m.workspace_id = t.workspace_id AND m.user_id = $1
    WHERE t.id = ANY($2::uuid[]) AND (
        m.role <> 'guest'
        OR EXISTS (SELECT FROM team_members own WHERE own.team_id = t.id AND own.user_id = $1)
        OR EXISTS (
            SELECT FROM project_teams g WHERE g.team_id = t.id AND g.project_id IN (
                SELECT r.project_id FROM project_roles_in($1, ARRAY(
                    SELECT asked.project_id FROM project_teams asked WHERE asked.team_id = ANY($2::uuid[]))) AS r)))
    """,
    "viewer", "ids",
    model=Team,
)  # fmt: skip


async def access_teams(reader: Reader, viewer_id: UUID, team_ids: list[UUID]) -> dict[UUID, Team]:
    """Those of the teams that the viewer knows, in one statement."""
    if not team_ids:
        return {}
    return {row.id: row for row in await reader.rows(_KNOWN, viewer=viewer_id, ids=team_ids)}
