"""Invitations, as those who administer the workspace see them."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from app.invitations import models
from app.invitations.access import access_invitations
from schema.accounts.types import User, user_edge
from schema.context import Context
from schema.edges import column
from schema.nodes import FETCHERS, Node, is_row_of, node_edge
from schema.projects.enums import ProjectRole
from schema.workspaces.enums import WorkspaceRole

if TYPE_CHECKING:
    from schema.projects.types import Project


@strawberry.type(description="A project that an invitation leads into.")
class InvitedProject:
    project: Annotated[Project, strawberry.lazy("schema.projects.types")] | None = node_edge(
        "Project", "project_id", "The project."
    )
    role: ProjectRole = column("What they will be there.")


def _projects(root: Any) -> list[InvitedProject]:
    found: list[Any] = [
        SimpleNamespace(project_id=UUID(one), role=role) for one, role in sorted(root.projects.items())
    ]
    return found


@strawberry.type(description="An address that was asked to join. What its mail holds is told to nobody else.")
class Invitation(Node):
    email: str = column("The address.")
    role: WorkspaceRole = column("What they will be in the workspace.")
    projects: list[InvitedProject] = strawberry.field(
        resolver=_projects, description="The projects that they will be in."
    )
    invited_by: User = user_edge("invited_by", "Who asked.")
    mails: int = column("How often it was sent.")
    created_at: datetime = column("When it was made.")
    sent_at: datetime = column("When it was last sent.")
    expires_at: datetime = column("Until when it can be accepted.")

    is_type_of = is_row_of(models.Invitation, "Invitation")


async def _fetch(context: Context, ids: list[tuple[Any, ...]]) -> list[Any]:
    found = await access_invitations(await context.reader(), context.viewer_id, [one[0] for one in ids])
    return [found.get(one[0]) for one in ids]


FETCHERS["Invitation"] = _fetch
