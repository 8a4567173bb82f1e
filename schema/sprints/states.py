"""Whole states of sprints, as the events that put them there hold them."""

from __future__ import annotations

from datetime import date, datetime

import strawberry

from schema.events.states import State
from schema.sprints.enums import SprintStage


@strawberry.type(description="A sprint with all its fields.")
class SprintState(State, id="Sprint"):
    id: strawberry.ID = strawberry.field(description="The sprint.")
    name: str = strawberry.field(description="Its name.")
    goal: str = strawberry.field(description="What it is for.")
    stage: SprintStage = strawberry.field(description="How far it is.")
    starts_on: date | None = strawberry.field(description="Its first day, as planned.")
    ends_on: date | None = strawberry.field(description="Its last day, as planned.")
    capacity: float | None = strawberry.field(description="How much the team can do in it.")
    rank: str = strawberry.field(description="Its place: compare bytewise.")
    started_at: datetime | None = strawberry.field(description="When it was started.")
    completed_at: datetime | None = strawberry.field(description="When it was completed.")
    version: int = strawberry.field(description="Its version.")
    deleted_at: datetime | None = strawberry.field(description="When it was deleted.")
