"""Whole states of joining domains, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.events.states import State
from schema.workspaces.enums import WorkspaceRole


@strawberry.type(description="A domain of addresses whose people join by signing in at a provider.")
class JoiningDomainState(State, id="JoiningDomain"):
    id: strawberry.ID = strawberry.field(description="The joining domain.")
    domain: str = strawberry.field(description="The part behind the @.")
    role: WorkspaceRole = strawberry.field(description="As what people join.")
    created_at: datetime = strawberry.field(description="Since when.")
