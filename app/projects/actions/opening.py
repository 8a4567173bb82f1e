"""How every action on a project begins: access held, then read in a later statement."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.errors import NotFound
from app.guards import Guard
from app.permissions import Permission
from app.projects.access import access_project, visible_among
from app.projects.models import Project
from app.statements import Statement, sql
from app.work import Work
from app.workspaces.access import access_guard

_WORKSPACE_OF: Statement[Any] = sql(
    f"SELECT p.workspace_id FROM projects p WHERE p.id = $2 AND p.id IN {visible_among('$1', 'SELECT $2::uuid')}",  # noqa: S608
    "viewer",
    "id",
)
_WORKSPACES_OF = sql(
    f"SELECT DISTINCT p.workspace_id FROM projects p WHERE p.id IN {visible_among('$1', 'SELECT unnest($2::uuid[])')}",  # noqa: S608
    "viewer",
    "ids",
)


async def open_project(
    work: Work,
    project_id: UUID,
    permission: Permission,
    *guards: Guard,
    changes_access: bool = False,
    own: bool = False,
) -> Project:
    """The project, with its workspace's access held against concurrent changes, and any further guards."""
    workspace_id = await work.value(_WORKSPACE_OF, viewer=work.viewer_id, id=project_id)
    if workspace_id is None:
        raise NotFound("Project")
    await work.guard(access_guard(workspace_id, shared=not changes_access), *guards)
    project = await access_project(work, work.viewer_id, project_id, permission, own=own)
    work.reflect(project_id)
    return project


async def access_guards(work: Work, project_ids: list[UUID]) -> list[Guard]:
    """The shared access guards of the workspaces of those of some projects that the viewer sees."""
    rows = await work.rows(_WORKSPACES_OF, viewer=work.viewer_id, ids=project_ids)
    return [access_guard(row.workspace_id) for row in rows]
