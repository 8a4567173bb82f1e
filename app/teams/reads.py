"""Selects of teams, in batches."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID

from app.db import Reader
from app.statements import Statement, sql
from app.teams.models import ProjectTeam

_ROLES: Statement[ProjectTeam] = sql(
    "SELECT * FROM project_teams WHERE team_id = ANY($1::uuid[]) ORDER BY created_at, project_id", "teams",
    model=ProjectTeam,
)  # fmt: skip


async def projects_by_team(reader: Reader, team_ids: list[UUID]) -> dict[UUID, list[ProjectTeam]]:
    """Each team's roles in projects. Says nothing about who may see those."""
    found: dict[UUID, list[ProjectTeam]] = defaultdict(list)
    if team_ids:
        for row in await reader.rows(_ROLES, teams=team_ids):
            found[row.team_id].append(row)
    return found
