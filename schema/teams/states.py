"""Whole states of teams, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.events.states import State


@strawberry.type(description="How a team is shown.")
class TeamState(State, id="Team"):
    id: strawberry.ID = strawberry.field(description="The team.")
    name: str = strawberry.field(description="Its name.")
    color: str = strawberry.field(description="As #rrggbb.")
    version: int = strawberry.field(description="Its version.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")


@strawberry.type(description="Who is in a team.")
class TeamRosterState(State):
    team_id: strawberry.ID = strawberry.field(description="Which team.")
    member_ids: list[strawberry.ID] = strawberry.field(description="Its members.")
