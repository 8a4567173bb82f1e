"""Who may see and do what in a workspace: the only way to fetch one for a viewer."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.errors import NotFound, PermissionDenied
from app.guards import Guard
from app.permissions import Permission, permits
from app.statements import Statement, sql
from app.work import Work
from app.workspaces.models import Workspace

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


def may(workspace: Workspace, permission: Permission, *, own: bool = False) -> bool:
    """Whether the viewer may do this in one of their workspaces (a row with their ``role``)."""
    return permits(workspace.role, permission, own=own)  # type: ignore[attr-defined]


async def access_workspaces(reader: Reader, viewer_id: UUID) -> dict[UUID, Workspace]:
    """The viewer's workspaces, oldest first; each row also has the viewer's ``role``."""
    return {row.id: row for row in await reader.rows(_OF_VIEWER, viewer=viewer_id)}


async def hold_workspace(
    work: Work,
    workspace_id: UUID,
    permission: Permission,
    *guards: Guard,
    changes_access: bool = False,
    own: bool = False,
) -> Workspace:
    """The workspace, its access held against concurrent changes, if the viewer may do this there.

    It is looked at before too: nobody waits for, or holds, the lock of a workspace that is none of theirs.
    """
    await access_workspace(work, work.viewer_id, workspace_id, permission, own=own)
    await work.guard(access_guard(workspace_id, shared=not changes_access), *guards)
    return await access_workspace(work, work.viewer_id, workspace_id, permission, own=own)


async def access_workspace(
    reader: Reader,
    viewer_id: UUID,
    workspace_id: UUID,
    permission: Permission = Permission.SEE_WORKSPACE,
    *,
    own: bool = False,
) -> Workspace:
    """One workspace of the viewer's, if they may do this there."""
    workspace = (await access_workspaces(reader, viewer_id)).get(workspace_id)
    if workspace is None:
        raise NotFound("Workspace")
    if not may(workspace, permission, own=own):
        raise PermissionDenied(
            f"This needs the role {permission.rule.needs.value} in the workspace.",
            guarded=workspace_id if permission.manages else None,
        )
    return workspace
