"""The roles that teams hold in a project."""

from __future__ import annotations

from uuid import UUID

from app.errors import NotFound, ValidationFailed
from app.inbox.scopes import telling_access
from app.outcomes import Result
from app.permissions import ProjectRole
from app.projects.actions.members import check_appoints, open_for_members
from app.projects.models import Project
from app.statements import Statement, sql
from app.teams.actions import tell_people
from app.teams.events import (
    PROJECT_TEAM_ADDED,
    PROJECT_TEAM_REMOVED,
    PROJECT_TEAM_UPDATED,
    project_team_state,
)
from app.teams.models import ProjectTeam
from app.values import now_utc
from app.work import Action, Work
from app.workspaces.actions import bump_access
from app.workspaces.events import role_delta
from app.writes import insert_rows


def add_project_team(project_id: UUID, team_id: UUID, role: ProjectRole) -> Action:
    """Give a team of the workspace a role in a project: each of its members has at least this one there."""

    async def action(work: Work) -> Result:
        project = await open_for_members(work, project_id, role)
        if not await work.row(_TEAM, workspace=project.workspace_id, team=team_id):
            raise NotFound("Team", path=("teamId",))
        if await work.row(_ROLE, project=project_id, team=team_id):
            raise ValidationFailed("This team has a role here already.", path=("teamId",))
        row = {"project_id": project_id, "team_id": team_id, "role": role.value, "created_at": now_utc()}
        async with telling_access(work, project.workspace_id, projects=[project_id]) as change:
            await insert_rows(work, ProjectTeam, [row])
        work.record(
            project_id, PROJECT_TEAM_ADDED, team_id, {"state": project_team_state(team_id, role.value)}
        )
        await tell_people(work, change, project_id)
        return {"project_id": str(project_id), "team_id": str(team_id)}

    return action


def update_project_team(project_id: UUID, team_id: UUID, role: ProjectRole) -> Action:
    """Give a team another role in a project."""

    async def action(work: Work) -> Result:
        project = await open_for_members(work, project_id, role)
        held = await _held(work, project, team_id)
        if held.role != role.value:
            await work.run(_SET_ROLE, project=project_id, team=team_id, role=role.value)
            await bump_access(work, project.workspace_id)
            work.record(project_id, PROJECT_TEAM_UPDATED, team_id, role_delta(held.role, role.value))
        return {"project_id": str(project_id), "team_id": str(team_id)}

    return action


def remove_project_team(project_id: UUID, team_id: UUID) -> Action:
    """Take a team's role in a project away."""

    async def action(work: Work) -> Result:
        project = await open_for_members(work, project_id, ProjectRole.VIEWER)
        await _held(work, project, team_id)
        async with telling_access(work, project.workspace_id, projects=[project_id]) as change:
            await work.run(_REMOVE, project=project_id, team=team_id)
        work.record(project_id, PROJECT_TEAM_REMOVED, team_id, {})
        await tell_people(work, change, project_id)
        return {"project_id": str(project_id), "team_id": str(team_id)}

    return action


async def _held(work: Work, project: Project, team_id: UUID) -> ProjectTeam:
    held = await work.row(_ROLE, project=project.id, team=team_id)
    if held is None:
        raise NotFound("Team in this project", path=("teamId",))
    check_appoints(project, held.role)
    return held


_TEAM = sql("SELECT 1 FROM teams WHERE workspace_id = $1 AND id = $2", "workspace", "team")
_ROLE: Statement[ProjectTeam] = sql(
    "SELECT * FROM project_teams WHERE project_id = $1 AND team_id = $2", "project", "team", model=ProjectTeam
)
_SET_ROLE = sql(
    "UPDATE project_teams SET role = $3 WHERE project_id = $1 AND team_id = $2", "project", "team", "role"
)
_REMOVE = sql("DELETE FROM project_teams WHERE project_id = $1 AND team_id = $2", "project", "team")
