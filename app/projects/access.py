"""Who may see and do what in a project: the only way to fetch one for a viewer."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.accounts.models import User
from app.db import Reader
from app.errors import NotFound, PermissionDenied
from app.events.cursors import Cursor
from app.events.log import Position
from app.permissions import Permission, permits
from app.projects.models import Project
from app.statements import Statement, sql


def visible_among(viewer: str, asked: str) -> str:
    """The SQL set of those projects of ``asked`` (a select of ids) that a person may see; both are SQL of ours.

    Who sees what, and as what, is said in one place: the functions of migration 0009 over ``project_grants``.
    """
    return f"(SELECT r.project_id FROM project_roles_in({viewer}, ARRAY({asked})) AS r)"  # noqa: S608


_HEAD = "s.seq AS head_seq, s.head_event_id"
_LOG = "JOIN scopes s ON s.id = p.id"
"""Where the project's log stands: nearly every answer tells it."""
_DIRECTORY = "d.seq AS directory_seq, d.head_event_id AS directory_event_id, w.access_stamp"
_DIRECTORY_LOG = """LEFT JOIN workspaces t ON t.id = p.workspace_id
    LEFT JOIN scopes d ON d.id = t.directory_id LEFT JOIN scopes w ON w.id = t.id"""
"""By what its workspace's people are kept; null for guests."""

_ROLES: Statement[Project] = sql(
    f"""
    SELECT p.*, r.role, {_HEAD}, {_DIRECTORY}
    FROM project_roles_in($1, $2) AS r JOIN projects p ON p.id = r.project_id {_LOG} {_DIRECTORY_LOG}
    """,  # noqa: S608
    "viewer", "ids",
    model=Project,
)  # fmt: skip
_VISIBLE: Statement[Project] = sql(
    f"""
    SELECT p.*, r.role, {_HEAD} FROM project_roles($1) AS r JOIN projects p ON p.id = r.project_id {_LOG}
    ORDER BY p.created_at, p.id
    """,  # noqa: S608
    "viewer",
    model=Project,
)
_BY_KEY: Statement[Project] = sql(
    f"""
    WITH named AS (
        SELECT p.* FROM projects p
        WHERE p.key = $2 AND p.workspace_id IN (
            SELECT m.workspace_id FROM workspace_members m
            WHERE m.user_id = $1 AND ($3::uuid IS NULL OR m.workspace_id = $3))
    )
    SELECT p.*, r.role, {_HEAD}, {_DIRECTORY}
    FROM named p JOIN project_roles_in($1, ARRAY(SELECT id FROM named)) AS r ON r.project_id = p.id
        {_LOG} {_DIRECTORY_LOG}
    ORDER BY p.created_at, p.id
    """,  # noqa: S608
    "viewer", "key", "workspace",
    model=Project,
)  # fmt: skip
_READABLE = sql("SELECT user_id, scope_id FROM readable($1, $2)", "users", "scopes")
_PEOPLE: Statement[User] = sql(
    "SELECT u.* FROM users u WHERE u.id = ANY(ARRAY(SELECT known_people($1, $2)))",
    "viewer",
    "ids",
    model=User,
)


def head_of(project: Project) -> Position:
    """Where a project's log stood when its row was read, by one of the functions here."""
    row: Any = project
    return Position(row.id, row.head_seq, Cursor.at(row.id, row.head_seq, row.head_event_id))


async def readable_scopes(reader: Reader, pairs: list[tuple[UUID, UUID]]) -> set[tuple[UUID, UUID]]:
    """Those (person, scope) pairs in which the person may read the scope, and so all its events."""
    rows = await reader.rows(
        _READABLE, users=[user_id for user_id, _ in pairs], scopes=[scope_id for _, scope_id in pairs]
    )
    return {(row.user_id, row.scope_id) for row in rows}


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
    """Those of the people whom the viewer may look up: oneself, colleagues, or (a guest) people of one's projects."""
    return {row.id: row for row in await reader.rows(_PEOPLE, viewer=viewer_id, ids=ids)} if ids else {}


async def access_project(
    reader: Reader,
    viewer_id: UUID,
    project_id: UUID,
    permission: Permission = Permission.SEE_PROJECT,
    *,
    own: bool = False,
) -> Project:
    """One project, if the viewer may see it and do this there."""
    project = (await access_projects(reader, viewer_id, [project_id])).get(project_id)
    if project is None:
        raise NotFound("Project")
    check_permission(project, permission, own=own)
    return project


def may(project: Project, permission: Permission, *, own: bool = False) -> bool:
    """Whether the viewer may do this in a visible project (a row with their ``role``)."""
    return _permits(project, permission, own) and (permission.rule.archived or project.archived_at is None)


def check_permission(project: Project, permission: Permission, *, own: bool = False) -> None:
    """Raise ``PermissionDenied`` unless the viewer may do this in a visible project."""
    if not _permits(project, permission, own):
        needed = permission.rule.own if own and permission.rule.own else permission.rule.needs
        role = project.role  # type: ignore[attr-defined]
        raise PermissionDenied(
            f"This needs the role {needed.value} in project {project.key}; yours is {role}.",
            guarded=project.id if permission.manages else None,
        )
    if project.archived_at is not None and not permission.rule.archived:
        raise PermissionDenied(
            f"Project {project.key} is archived. Restore it before you change anything in it."
        )


def _permits(project: Project, permission: Permission, own: bool) -> bool:
    return permits(project.role, permission, own=own)  # type: ignore[attr-defined]
