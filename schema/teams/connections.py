"""Lists of teams: a workspace's, and those that hold a role in a project."""

from __future__ import annotations

from typing import Any

from app.cursors import Order
from app.permissions import Permission
from app.statements import table
from app.teams import models
from app.workspaces.access import access_workspaces, may
from schema.context import Columns, Context
from schema.paging import Paging, connections, paged

TEAMS = table(models.Team)
PROJECT_TEAMS = table(models.ProjectTeam)


@paged
async def teams_of_workspaces(
    context: Context, parents: list[Any], columns: Columns, page: Paging
) -> list[Any]:
    """Each workspace's teams by name; None where the viewer is a guest."""
    workspaces = await access_workspaces(await context.reader(), context.viewer_id)
    orders = [Order(TEAMS.c.name, "name"), Order(TEAMS.c.id, "id")]
    keys = [(parent.id,) for parent in parents]
    pages = await connections(context, TEAMS, models.Team, ("workspace_id",), keys, orders, page)
    answers = []
    for parent, found in zip(parents, pages, strict=True):
        known = may(workspaces[parent.id], Permission.SEE_PEOPLE)
        if known:
            context.reflect(parent.directory_id)
        answers.append(found if known else None)
    return answers


@paged
async def teams_of_projects(
    context: Context, parents: list[Any], columns: Columns, page: Paging
) -> list[Any]:
    """Each project's teams with their roles, in the order in which they came."""
    orders = [Order(PROJECT_TEAMS.c.created_at, "created_at"), Order(PROJECT_TEAMS.c.team_id, "team_id")]
    keys = [(parent.id,) for parent in parents]
    return await connections(context, PROJECT_TEAMS, models.ProjectTeam, ("project_id",), keys, orders, page)
