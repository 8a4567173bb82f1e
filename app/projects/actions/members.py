"""Who belongs to a project, and leaving a workspace (which leaves its projects too)."""

from __future__ import annotations

from uuid import UUID

from app.accounts.actions import check_email
from app.db import Statement, sql
from app.errors import NotFound, PermissionDenied, ValidationFailed
from app.inbox.arrivals import access_changed
from app.inbox.models import InboxReason
from app.outcomes import Result
from app.projects.access import Permission, allows
from app.projects.actions.opening import open_project
from app.projects.events import PROJECT_MEMBER_ADDED, PROJECT_MEMBER_REMOVED, PROJECT_MEMBER_UPDATED
from app.projects.models import Project, ProjectMember, ProjectRole
from app.values import now_utc
from app.work import Action, Work
from app.workspaces.actions import bump_access, manage_member, removed_from_workspace
from app.workspaces.events import member_state, role_delta
from app.writes import insert_rows


def add_project_member(
    project_id: UUID, role: ProjectRole, *, user_id: UUID | None, email: str | None
) -> Action:
    """Add a member of the workspace to a project, by id or address."""

    named = ("email",) if user_id is None and email is not None else ("userId",)

    async def action(work: Work) -> Result:
        if (user_id is None) == (email is None):
            raise ValidationFailed("Name one person: by userId or by email.", path=named)
        project = await _managed(work, project_id, role)
        address = check_email(email) if email is not None else None
        person = await work.row(_COLLEAGUE, workspace=project.workspace_id, user=user_id, email=address)
        if person is None:
            raise NotFound("A member of the workspace with this id or address", path=named)
        if await work.row(_MEMBER, project=project_id, user=person.id):
            raise ValidationFailed("They are a member already.", path=named)
        await add_to_project(work, project_id, person.id, role)
        await bump_access(work, project.workspace_id)
        await access_changed(work, person.id, InboxReason.ACCESS_GAINED, project_id=project_id)
        return {"project_id": str(project_id), "user_id": str(person.id)}

    return action


async def add_to_project(work: Work, project_id: UUID, user_id: UUID, role: ProjectRole) -> None:
    """Insert a membership with its event; the caller has checked access and holds the guard."""
    row = {"project_id": project_id, "user_id": user_id, "role": role.value, "created_at": now_utc()}
    await insert_rows(work, ProjectMember, [row])
    work.record(project_id, PROJECT_MEMBER_ADDED, user_id, {"state": member_state(user_id, role.value)})


def update_project_member(project_id: UUID, user_id: UUID, role: ProjectRole) -> Action:
    """Give a member another role."""

    async def action(work: Work) -> Result:
        project = await _managed(work, project_id, role)
        member = await _member(work, project, user_id)
        if member.role != role.value:
            await work.run(_SET_ROLE, project=project_id, user=user_id, role=role.value)
            await bump_access(work, project.workspace_id)
            work.record(project_id, PROJECT_MEMBER_UPDATED, user_id, role_delta(member.role, role.value))
        return {"project_id": str(project_id), "user_id": str(user_id)}

    return action


def remove_project_member(project_id: UUID, user_id: UUID) -> Action:
    """Take someone out of a project; anybody may leave."""

    async def action(work: Work) -> Result:
        leaving = user_id == work.viewer_id
        permission = Permission.VIEW if leaving else Permission.MANAGE
        project = await open_project(work, project_id, permission, changes_access=True)
        member = await _member(work, project, user_id)
        await work.run(_REMOVE, project=project_id, user=user_id)
        await bump_access(work, project.workspace_id)
        work.record(project_id, PROJECT_MEMBER_REMOVED, member.user_id, {})
        await access_changed(work, user_id, InboxReason.ACCESS_LOST, project_id=project_id)
        return {"project_id": str(project_id), "user_id": str(user_id)}

    return action


def remove_workspace_member(workspace_id: UUID, user_id: UUID) -> Action:
    """Take someone out of a workspace and all its projects; anybody may leave, the last owner may not."""

    async def action(work: Work) -> Result:
        workspace = await manage_member(work, workspace_id, user_id)
        for row in await work.rows(_LEAVE_PROJECTS, workspace=workspace_id, user=user_id):
            work.record(row.project_id, PROJECT_MEMBER_REMOVED, user_id, {}, reflect=False)
        await removed_from_workspace(work, workspace, user_id)
        return {"workspace_id": str(workspace_id), "user_id": str(user_id)}

    return action


async def _managed(work: Work, project_id: UUID, role: ProjectRole) -> Project:
    project = await open_project(work, project_id, Permission.MANAGE, changes_access=True)
    _check_appoints(project, role.value)
    return project


def _check_appoints(project: Project, role: str) -> None:
    if allows(role, Permission.MANAGE) and not allows(project.role, Permission.ADMINISTER):  # type: ignore[attr-defined]
        raise PermissionDenied("Only an admin of the project may appoint or remove managers and admins.")


async def _member(work: Work, project: Project, user_id: UUID) -> ProjectMember:
    member = await work.row(_MEMBER, project=project.id, user=user_id)
    if member is None:
        raise NotFound("Member", path=("userId",))
    if user_id != work.viewer_id:
        _check_appoints(project, member.role)
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
