"""Whole states of milestones, as the events that put them there hold them."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from schema.events.states import State


@strawberry.type(description="A milestone with all its fields.")
class MilestoneState(State, id="Milestone"):
    id: strawberry.ID = strawberry.field(description="The milestone.")
    name: str = strawberry.field(description="Its name.")
    description: str = strawberry.field(description="What it is about.")
    starts_on: date | None = strawberry.field(description="When work on it begins.")
    due_on: date | None = strawberry.field(description="When it is due.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    released_at: datetime | None = strawberry.field(description="When it was released.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")
