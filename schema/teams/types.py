"""Teams."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.cursors import Order
from app.permissions import Permission
from app.projects.access import access_projects
from app.statements import table
from app.teams import models
from app.teams.access import access_teams
from app.teams.reads import projects_by_team
from app.workspaces.access import access_workspaces, may
from schema.accounts.types import User, user_edge
from schema.context import Columns, Context
from schema.edges import column, edge
from schema.nodes import FETCHERS, Node, is_row_of, node_edge
from schema.paging import Connection, Paging, connections, paged
from schema.projects.enums import ProjectRole

if TYPE_CHECKING:
    from schema.projects.types import Project
    from schema.workspaces.types import Workspace

MEMBERS = table(models.TeamMember)


@strawberry.type(description="Someone's membership in a team.")
class TeamMember:
    created_at: datetime = column("Since when.")
    user: User = user_edge("user_id", "Who.")

    is_type_of = is_row_of(models.TeamMember, "TeamMember")


@strawberry.type(
    description="The role that a team holds in a project: each of its members has at least this one."
)
class ProjectTeam:
    role: ProjectRole = column("What its members may do there.")
    created_at: datetime = column("Since when.")
    team: Annotated[Team, strawberry.lazy("schema.teams.types")] | None = node_edge(
        "Team", "team_id", "Which team."
    )
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] | None = node_edge(
        "Project", "project_id", "Where."
    )

    is_type_of = is_row_of(models.ProjectTeam, "ProjectTeam")


@paged
async def _members(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    workspaces = await access_workspaces(await context.reader(), context.viewer_id)
    orders = [Order(MEMBERS.c.created_at, "created_at"), Order(MEMBERS.c.user_id, "user_id")]
    keys = [(parent.id,) for parent in parents]
    pages = await connections(context, MEMBERS, models.TeamMember, ("team_id",), keys, orders, page)
    answers = []
    for parent, found in zip(parents, pages, strict=True):
        known = may(workspaces[parent.workspace_id], Permission.SEE_PEOPLE)
        if known:
            context.reflect(parent.workspace_id)
        answers.append(found if known else None)
    return answers


async def _projects(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    reader = await context.reader()
    found = await projects_by_team(reader, [parent.id for parent in parents])
    ids = list({row.project_id for rows in found.values() for row in rows})
    visible = await access_projects(reader, context.viewer_id, ids)
    context.remember(visible)
    return [[row for row in found[parent.id] if row.project_id in visible] for parent in parents]


async def _workspaces(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    found = await access_workspaces(await context.reader(), context.viewer_id)
    return [found.get(parent.workspace_id) for parent in parents]


async def _can_update(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
    found = await access_workspaces(await context.reader(), context.viewer_id)
    return [may(found[parent.workspace_id], Permission.MANAGE_TEAMS) for parent in parents]


@strawberry.type(
    description="People of a workspace together: what a team is given in a project, its members have."
)
class Team(Node):
    name: str = column("Its name, unique in the workspace.")
    color: str = column("As #rrggbb.")
    version: int = column("For `teamUpdate(expectedVersion:)`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
    workspace: Annotated[Workspace, strawberry.lazy("schema.workspaces.types")] = edge(
        _workspaces, "The workspace it belongs to."
    )
    members: Connection[TeamMember] | None = edge(_members, "Who is in it; null for guests.")
    projects: list[ProjectTeam] = edge(_projects, "Its roles in those projects that you may see.")
    viewer_can_update: bool = edge(
        _can_update, "Whether you may change and delete it, and put people into it."
    )

    is_type_of = is_row_of(models.Team, "Team")


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_teams(await context.reader(), context.viewer_id, [one[0] for one in ids])
    return [found.get(one[0]) for one in ids]


FETCHERS["Team"] = _fetch
