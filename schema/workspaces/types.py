"""Workspaces and their members."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from app.cursors import Order
from app.paging import Condition
from app.permissions import Permission
from app.projects.access import visible_projects
from app.statements import table
from app.workspaces import models
from app.workspaces.access import access_workspaces, may
from schema.accounts.types import User, user_edge
from schema.audit.types import AuditEntry, audit_log
from schema.context import Columns, Context
from schema.domains.types import JoiningDomain, joining_domains_of_workspaces
from schema.edges import column, edge
from schema.ids import global_id
from schema.invitations.lists import invitations_of_workspaces
from schema.nodes import FETCHERS, Node, is_row_of
from schema.paging import Connection, Paging, connections, paged
from schema.positions import Position
from schema.service_accounts.lists import service_accounts_of_workspaces
from schema.teams.connections import teams_of_workspaces
from schema.workspaces.enums import WorkspaceRole

if TYPE_CHECKING:
    from schema.invitations.types import Invitation
    from schema.projects.types import Project
    from schema.service_accounts.types import ServiceAccount
    from schema.teams.types import Team

MEMBERS = table(models.WorkspaceMember)


@strawberry.type(description="Someone's membership in a workspace.")
class WorkspaceMember:
    role: WorkspaceRole = column("What they may do.")
    created_at: datetime = column("Since when.")
    user: User = user_edge("user_id", "Who.")

    is_type_of = is_row_of(models.WorkspaceMember, "WorkspaceMember")


async def _role(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    roles = await _roles(context)
    return [roles[parent.id] for parent in parents]


async def _roles(context: Context) -> dict[Any, str]:
    found = await access_workspaces(await context.reader(), context.viewer_id)
    return {workspace_id: row.role for workspace_id, row in found.items()}  # type: ignore[attr-defined]


def _permitted(permission: Permission) -> Any:
    async def of_workspaces(context: Context, parents: list[Any], columns: Columns) -> list[bool]:
        found = await access_workspaces(await context.reader(), context.viewer_id)
        return [may(found[parent.id], permission) for parent in parents]

    return of_workspaces


@paged
async def _members(context: Context, parents: list[Any], columns: Columns, page: Paging) -> list[Any]:
    roles = await _roles(context)
    orders = [Order(MEMBERS.c.created_at, "created_at"), Order(MEMBERS.c.user_id, "user_id")]
    conditions: list[Condition] = []
    keys = [(parent.id,) for parent in parents]
    pages = await connections(
        context, MEMBERS, models.WorkspaceMember, ("workspace_id",), keys, orders, page, conditions
    )
    guest = models.WorkspaceRole.GUEST.value
    for parent in parents:
        if roles[parent.id] != guest:
            # Who belongs to it is of the workspace's log, how they are shown of its directory's.
            context.reflect(parent.id)
            context.reflect(parent.directory_id)
    return [None if roles[parent.id] == guest else page for parent, page in zip(parents, pages, strict=True)]


async def _projects(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    visible = await visible_projects(await context.reader(), context.viewer_id)
    context.remember(visible)
    return [[row for row in visible.values() if row.workspace_id == parent.id] for parent in parents]


async def _position(context: Context, parents: list[Any], columns: Columns) -> list[Any]:
    roles = await _roles(context)
    readable = [parent.id for parent in parents if roles[parent.id] != models.WorkspaceRole.GUEST.value]
    found = await context.positions(readable)
    return [Position.of(found[parent.id]) if parent.id in found else None for parent in parents]


async def _scope(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    return [global_id("Scope", parent.id) for parent in parents]


async def _directory_scope(context: Context, parents: list[Any], columns: Columns) -> list[str]:
    return [global_id("Scope", parent.directory_id) for parent in parents]


@strawberry.type(description="A tenant: people and their projects.")
class Workspace(Node):
    name: str = column("Its name.")
    version: int = column("For `workspaceUpdate(expectedVersion:)`.")
    created_at: datetime = column("When it was made.")
    updated_at: datetime = column("When it was last changed.")
    scope: strawberry.ID = edge(_scope, "The scope of its members and settings, for `events(scope:)`.")
    directory_scope: strawberry.ID = edge(_directory_scope, "The scope of how its people are shown.")
    position: Position | None = edge(_position, "Where its log stands; null for guests, who do not read it.")
    viewer_role: WorkspaceRole = edge(_role, "Your role.")
    viewer_can_administer: bool = edge(
        _permitted(Permission.ADD_PEOPLE), "Whether you may change its members and settings."
    )
    viewer_can_appoint_admins: bool = edge(
        _permitted(Permission.APPOINT_ADMINS), "Whether you may make somebody its owner or admin."
    )
    viewer_can_manage_teams: bool = edge(
        _permitted(Permission.MANAGE_TEAMS), "Whether you may make teams and put people into them."
    )
    viewer_can_create_projects: bool = edge(
        _permitted(Permission.MAKE_PROJECT), "Whether you may make projects."
    )
    members: Connection[WorkspaceMember] | None = edge(_members, "Who belongs to it; null for guests.")
    teams: Connection[Annotated[Team, strawberry.lazy("schema.teams.types")]] | None = edge(
        teams_of_workspaces, "Its teams, by name; null for guests."
    )
    projects: list[Annotated[Project, strawberry.lazy("schema.projects.types")]] = edge(
        _projects, "Those of its projects that you may see, oldest first."
    )
    audit_log: Connection[AuditEntry] | None = edge(
        audit_log, "What happened in it, newest first; null for those who do not administer it."
    )
    joining_domains: list[JoiningDomain] | None = edge(
        joining_domains_of_workspaces,
        "Domains of addresses whose people join by signing in at a provider; null for guests.",
    )
    invitations: Connection[Annotated[Invitation, strawberry.lazy("schema.invitations.types")]] | None = edge(
        invitations_of_workspaces, "Its open invitations; null unless you administer it."
    )
    service_accounts: (
        Connection[Annotated[ServiceAccount, strawberry.lazy("schema.service_accounts.types")]] | None
    ) = edge(service_accounts_of_workspaces, "Its programs' accounts; null unless you administer it.")

    is_type_of = is_row_of(models.Workspace, "Workspace")


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_workspaces(await context.reader(), context.viewer_id)
    return [found.get(one[0]) for one in ids]


FETCHERS["Workspace"] = _fetch
