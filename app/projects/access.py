"""Who may see and do what in a project: the only way to fetch one for a viewer."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

from app.accounts.models import User
from app.db import Reader, Statement, sql
from app.errors import NotFound, PermissionDenied
from app.projects.models import Project, ProjectRole


def visible_to(viewer: str, project: str, workspace: str) -> str:
    """The SQL condition that a person may see a project; its arguments are SQL expressions of ours."""
    return (
        f"(EXISTS (SELECT FROM project_members m WHERE m.project_id = {project} AND m.user_id = {viewer})"  # noqa: S608
        f" OR EXISTS (SELECT FROM workspace_members w WHERE w.workspace_id = {workspace}"
        f" AND w.user_id = {viewer} AND w.role IN ('owner', 'admin')))"
    )


class Permission(StrEnum):
    """What can be done in a project. Each role has its own and those of the roles below it."""

    VIEW = "view"
    EDIT = "edit"
    MANAGE = "manage"
    ADMINISTER = "administer"


GRANTED_TO = {
    Permission.VIEW: ProjectRole.VIEWER,
    Permission.EDIT: ProjectRole.MEMBER,
    Permission.MANAGE: ProjectRole.MANAGER,
    Permission.ADMINISTER: ProjectRole.ADMIN,
}
_STANDING = {ProjectRole.VIEWER: 0, ProjectRole.MEMBER: 1, ProjectRole.MANAGER: 2, ProjectRole.ADMIN: 3}

# Owners and admins of a workspace are admins of its projects.
_ROLES: Statement[Project] = sql(
    """
    SELECT p.*, CASE WHEN w.role IN ('owner', 'admin') THEN 'admin' ELSE m.role END AS role
    FROM unnest($2::uuid[]) AS asked(id)
    JOIN projects p ON p.id = asked.id
    LEFT JOIN project_members m ON m.project_id = p.id AND m.user_id = $1
    LEFT JOIN workspace_members w ON w.workspace_id = p.workspace_id AND w.user_id = $1
    WHERE w.role IN ('owner', 'admin') OR m.role IS NOT NULL
    """,
    "viewer", "ids",
    model=Project,
)  # fmt: skip
_VISIBLE: Statement[Project] = sql(
    """
    SELECT p.*, CASE WHEN w.role IN ('owner', 'admin') THEN 'admin' ELSE m.role END AS role
    FROM (
        SELECT project_id AS id FROM project_members WHERE user_id = $1
        UNION
        SELECT p.id FROM workspace_members w JOIN projects p ON p.workspace_id = w.workspace_id
        WHERE w.user_id = $1 AND w.role IN ('owner', 'admin')
    ) AS visible
    JOIN projects p ON p.id = visible.id
    LEFT JOIN project_members m ON m.project_id = p.id AND m.user_id = $1
    LEFT JOIN workspace_members w ON w.workspace_id = p.workspace_id AND w.user_id = $1
    ORDER BY p.created_at, p.id
    """,
    "viewer",
    model=Project,
)

_BY_KEY: Statement[Project] = sql(
    """
    SELECT p.*, CASE WHEN w.role IN ('owner', 'admin') THEN 'admin' ELSE m.role END AS role
    FROM projects p
    LEFT JOIN project_members m ON m.project_id = p.id AND m.user_id = $1
    LEFT JOIN workspace_members w ON w.workspace_id = p.workspace_id AND w.user_id = $1
    WHERE p.key = $2 AND ($3::uuid IS NULL OR p.workspace_id = $3)
      AND (w.role IN ('owner', 'admin') OR m.role IS NOT NULL)
    ORDER BY p.created_at, p.id
    """,
    "viewer", "key", "workspace",
    model=Project,
)  # fmt: skip
_READABLE = sql("SELECT user_id, scope_id FROM readable($1, $2)", "users", "scopes")

# A guest knows the people of their projects; everybody else those of their workspaces too.
_PEOPLE: Statement[User] = sql(
    """
    SELECT u.* FROM users u
    WHERE u.id = ANY($2::uuid[]) AND (
        u.id = $1
        OR EXISTS (SELECT FROM workspace_members mine JOIN workspace_members theirs USING (workspace_id)
                   WHERE mine.user_id = $1 AND mine.role <> 'guest' AND theirs.user_id = u.id)
        OR EXISTS (SELECT FROM project_members mine JOIN project_members theirs USING (project_id)
                   WHERE mine.user_id = $1 AND theirs.user_id = u.id))
    """,
    "viewer", "ids",
    model=User,
)  # fmt: skip


async def readable_scopes(reader: Reader, pairs: list[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those (person, scope) pairs in which the person may read the scope, and so all its events."""
    rows = await reader.rows(
        _READABLE, users=[user_id for user_id, _ in pairs], scopes=[scope_id for _, scope_id in pairs]
    )
    return {(row.user_id, row.scope_id) for row in rows}


def allows(role: str | None, permission: Permission) -> bool:
    """Whether a project role includes a permission."""
    return role is not None and _STANDING[ProjectRole(role)] >= _STANDING[GRANTED_TO[permission]]


async def access_projects(reader: Reader, viewer_id: UUID, ids: list[UUID]) -> dict[UUID, Project]:
    """Those of the projects that the viewer may see; each row also has the viewer's ``role``."""
    return {row.id: row for row in await reader.rows(_ROLES, viewer=viewer_id, ids=ids)} if ids else {}


async def visible_projects(reader: Reader, viewer_id: UUID) -> dict[UUID, Project]:
    """All projects that the viewer may see, oldest first; each row also has the viewer's ``role``."""
    return {row.id: row for row in await reader.rows(_VISIBLE, viewer=viewer_id)}


async def access_projects_by_key(
    reader: Reader, viewer_id: UUID, key: str, workspace_id: UUID | None
) -> dict[UUID, Project]:
    """Those projects of a key (one in each workspace) that the viewer may see, as ``access_projects`` gives them."""
    return {
        row.id: row for row in await reader.rows(_BY_KEY, viewer=viewer_id, key=key, workspace=workspace_id)
    }


async def access_people(reader: Reader, viewer_id: UUID, ids: list[UUID]) -> dict[UUID, User]:
    """Those of the people whom the viewer may look up: oneself, colleagues, and the members of one's projects."""
    return {row.id: row for row in await reader.rows(_PEOPLE, viewer=viewer_id, ids=ids)} if ids else {}


async def access_project(
    reader: Reader, viewer_id: UUID, project_id: UUID, permission: Permission = Permission.VIEW
) -> Project:
    """One project, if the viewer may see it and has the permission."""
    project = (await access_projects(reader, viewer_id, [project_id])).get(project_id)
    if project is None:
        raise NotFound("Project")
    check_permission(project, permission)
    return project


def check_permission(project: Project, permission: Permission) -> None:
    """Raise ``PermissionDenied`` unless the viewer's role in a visible project has the permission."""
    role = project.role  # type: ignore[attr-defined]
    if not allows(role, permission):
        needed = GRANTED_TO[permission].value
        raise PermissionDenied(f"This needs the role {needed} in project {project.key}; yours is {role}.")
    if permission is not Permission.VIEW and permission is not Permission.ADMINISTER and project.archived_at:
        raise PermissionDenied(
            f"Project {project.key} is archived. Restore it before you change anything in it."
        )
