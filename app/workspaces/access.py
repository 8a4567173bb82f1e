"""Who may see and do what in a workspace: the only way to fetch one for a viewer."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader, Statement, sql
from app.errors import NotFound, PermissionDenied
from app.guards import Guard
from app.workspaces.models import Workspace, WorkspaceRole

_STANDING = {WorkspaceRole.GUEST: 0, WorkspaceRole.MEMBER: 1, WorkspaceRole.ADMIN: 2, WorkspaceRole.OWNER: 3}

_OF_VIEWER: Statement[Workspace] = sql(
    """
    SELECT w.*, m.role FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
    WHERE m.user_id = $1 ORDER BY w.created_at, w.id
    """,
    "viewer",
    model=Workspace,
)


def access_guard(workspace_id: UUID, *, shared: bool = True) -> Guard:
    """The guard of every membership in a workspace and its projects: writers share it, changes of access hold it."""
    return Guard.of("access", workspace_id, shared=shared)


def reaches(role: str | None, needed: WorkspaceRole) -> bool:
    """Whether a role is at least the needed one."""
    return role is not None and _STANDING[WorkspaceRole(role)] >= _STANDING[needed]


async def access_workspaces(reader: Reader, viewer_id: UUID) -> dict[UUID, Workspace]:
    """The viewer's workspaces, oldest first; each row also has the viewer's ``role``."""
    return {row.id: row for row in await reader.rows(_OF_VIEWER, viewer=viewer_id)}


async def access_workspace(
    reader: Reader, viewer_id: UUID, workspace_id: UUID, needed: WorkspaceRole = WorkspaceRole.GUEST
) -> Workspace:
    """One workspace of the viewer's, where they have at least the needed role."""
    workspace = (await access_workspaces(reader, viewer_id)).get(workspace_id)
    if workspace is None:
        raise NotFound("Workspace")
    if not reaches(workspace.role, needed):  # type: ignore[attr-defined]
        raise PermissionDenied(f"This needs the role {needed.value} in the workspace.")
    return workspace
