"""Who belongs to a project, and leaving a workspace (which leaves its teams and projects too)."""

from __future__ import annotations

from uuid import UUID

from app.accounts.actions import check_email
from app.errors import NotFound, PermissionDenied, ValidationFailed
from app.inbox.arrivals import access_changed
from app.inbox.models import InboxReason
from app.inbox.scopes import telling_access
from app.outcomes import Result
from app.permissions import Permission
from app.projects.access import may
from app.projects.actions.opening import open_project
from app.projects.events import PROJECT_MEMBER_ADDED, PROJECT_MEMBER_REMOVED, PROJECT_MEMBER_UPDATED
from app.projects.models import Project, ProjectMember, ProjectRole
from app.statements import Statement, sql
from app.teams.actions import leave_teams
from app.values import now_utc
from app.work import Action, Work
from app.workspaces.actions import bump_access, manage_member, removed_from_workspace
from app.workspaces.events import member_state, role_delta
from app.workspaces.models import Workspace
from app.writes import insert_rows

APPOINTED = (ProjectRole.ADMIN, ProjectRole.MANAGER)
"""Roles that only an admin of the project gives and takes."""


def add_project_member(
    project_id: UUID, role: ProjectRole, *, user_id: UUID | None, email: str | None
) -> Action:
    """Add a member of the workspace to a project, by id or address."""

    named = ("email",) if user_id is None and email is not None else ("userId",)

    async def action(work: Work) -> Result:
        if (user_id is None) == (email is None):
            raise ValidationFailed("Name one person: by userId or by email.", path=named)
        project = await open_for_members(work, project_id, role)
        address = check_email(email) if email is not None else None
        person = await work.row(_COLLEAGUE, workspace=project.workspace_id, user=user_id, email=address)
        if person is None:
            raise NotFound("A member of the workspace with this id or address", path=named)
        if await work.row(_MEMBER, project=project_id, user=person.id):
            raise ValidationFailed("They are a member already.", path=named)
        row = {"project_id": project_id, "user_id": person.id, "role": role.value, "created_at": now_utc()}
        async with telling_access(work, project.workspace_id, people=[person.id], projects=[project_id]):
            await insert_rows(work, ProjectMember, [row])
        work.record(
            project_id, PROJECT_MEMBER_ADDED, person.id, {"state": member_state(person.id, role.value)}
        )
        await access_changed(work, person.id, InboxReason.ACCESS_GAINED, project_id=project_id)
        return {"project_id": str(project_id), "user_id": str(person.id)}

    return action


def update_project_member(project_id: UUID, user_id: UUID, role: ProjectRole) -> Action:
    """Give a member another role."""

    async def action(work: Work) -> Result:
        project = await open_for_members(work, project_id, role)
        member = await _member(work, project, user_id)
        if member.role != role.value:
            await work.run(_SET_ROLE, project=project_id, user=user_id, role=role.value)
            await bump_access(work, project.workspace_id)
            work.record(project_id, PROJECT_MEMBER_UPDATED, user_id, role_delta(member.role, role.value))
        return {"project_id": str(project_id), "user_id": str(user_id)}

    return action


def remove_project_member(project_id: UUID, user_id: UUID) -> Action:
    """Take someone out of a project; anybody may leave. What a team or the workspace gives them there stays."""

    async def action(work: Work) -> Result:
        project = await open_project(
            work, project_id, Permission.REMOVE_MEMBER, changes_access=True, own=user_id == work.viewer_id
        )
        member = await _member(work, project, user_id)
        told = telling_access(work, project.workspace_id, people=[user_id], projects=[project_id])
        async with told as change:
            await work.run(_REMOVE, project=project_id, user=user_id)
        work.record(project_id, PROJECT_MEMBER_REMOVED, member.user_id, {})
        if change.lost:
            await access_changed(work, user_id, InboxReason.ACCESS_LOST, project_id=project_id)
        return {"project_id": str(project_id), "user_id": str(user_id)}

    return action


def remove_workspace_member(workspace_id: UUID, user_id: UUID) -> Action:
    """Take someone out of a workspace, its teams and projects; anybody may leave, the last owner may not."""

    async def action(work: Work) -> Result:
        workspace = await manage_member(work, workspace_id, user_id)
        await take_out(work, workspace, user_id)
        return {"workspace_id": str(workspace_id), "user_id": str(user_id)}

    return action


async def take_out(work: Work, workspace: Workspace, user_id: UUID) -> None:
    """End a membership, and those in its teams and projects; the caller has checked, and holds the guard."""
    async with telling_access(work, workspace.id, people=[user_id]):
        for row in await work.rows(_LEAVE_PROJECTS, workspace=workspace.id, user=user_id):
            work.record(row.project_id, PROJECT_MEMBER_REMOVED, user_id, {}, reflect=False)
        await leave_teams(work, workspace.id, user_id)
        await removed_from_workspace(work, workspace, user_id)


async def open_for_members(work: Work, project_id: UUID, role: ProjectRole) -> Project:
    """The project, its access held against all others, if the viewer may hand out ``role`` there."""
    project = await open_project(work, project_id, Permission.MANAGE_MEMBERS, changes_access=True)
    check_appoints(project, role.value)
    return project


def check_appoints(project: Project, role: str) -> None:
    """Raise unless the viewer may give (or take) this role in the project."""
    if role in APPOINTED and not may(project, Permission.APPOINT_MANAGERS):
        raise PermissionDenied(
            "Only an admin of the project may appoint or remove managers and admins.", guarded=project.id
        )


async def _member(work: Work, project: Project, user_id: UUID) -> ProjectMember:
    member = await work.row(_MEMBER, project=project.id, user=user_id)
    if member is None:
        raise NotFound("Member", path=("userId",))
    if user_id != work.viewer_id:
        check_appoints(project, member.role)
    return member


_COLLEAGUE = sql(
    """
    SELECT u.id FROM workspace_members m JOIN users u ON u.id = m.user_id
    WHERE m.workspace_id = $1 AND (u.id = $2 OR u.email = $3)
    """,
    "workspace", "user", "email",
)  # fmt: skip
_MEMBER: Statement[ProjectMember] = sql(
    "SELECT * FROM project_members WHERE project_id = $1 AND user_id = $2",
    "project",
    "user",
    model=ProjectMember,
)
_SET_ROLE = sql(
    "UPDATE project_members SET role = $3 WHERE project_id = $1 AND user_id = $2", "project", "user", "role"
)
_REMOVE = sql("DELETE FROM project_members WHERE project_id = $1 AND user_id = $2", "project", "user")
_LEAVE_PROJECTS: Statement[ProjectMember] = sql(
    """
    DELETE FROM project_members USING projects
    WHERE projects.id = project_members.project_id AND projects.workspace_id = $1 AND project_members.user_id = $2
    RETURNING project_members.project_id
    """,
    "workspace", "user",
    model=ProjectMember,
)  # fmt: skip
