"""Whole states of invitations, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.events.states import State
from schema.workspaces.enums import WorkspaceRole


@strawberry.type(description="An open invitation. The invited address is for admins, who ask `node(id:)`.")
class InvitationState(State, id="Invitation", invited_by_id="User"):
    id: strawberry.ID = strawberry.field(description="The invitation.")
    role: WorkspaceRole = strawberry.field(description="What they will be in the workspace.")
    invited_by_id: strawberry.ID = strawberry.field(description="Who asked.")
    created_at: datetime = strawberry.field(description="When it was made.")
    expires_at: datetime = strawberry.field(description="Until when it can be accepted.")
