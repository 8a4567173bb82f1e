"""Whole states of workspaces, as the events that put them there hold them."""

from __future__ import annotations

import strawberry

from schema.events.states import State
from schema.workspaces.enums import WorkspaceRole


@strawberry.type(description="A workspace with all its own fields.")
class WorkspaceState(State, id="Workspace"):
    id: strawberry.ID = strawberry.field(description="The workspace.")
    name: str = strawberry.field(description="Its name.")
    version: int = strawberry.field(description="Its version.")


@strawberry.type(description="Someone's membership in a workspace.")
class WorkspaceMemberState(State):
    user_id: strawberry.ID = strawberry.field(description="Who.")
    role: WorkspaceRole = strawberry.field(description="What they may do.")
