"""Making, changing and releasing milestones."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

import strawberry

from app.milestones.actions import create_milestone, release_milestone, update_milestone
from app.planning.taking_out import delete_milestone
from schema.edges import Info
from schema.ids import read_id, read_word_id
from schema.inputs import VERSION, Versioned, given, key_field, optional
from schema.milestones.types import Milestone
from schema.mutating import Payload, mutation
from schema.nodes import node_edge
from schema.projects.objects import read_values, written_within

_FIELDS = ("name", "description", "starts_on", "due_on", "released")


@strawberry.type(description="A milestone that was made, changed, released or deleted.")
class MilestonePayload(Payload):
    key: strawberry.Private[Any] = None
    milestone: Milestone | None = node_edge("Milestone", "key", "The milestone; null if nothing was done.")


@strawberry.input(description="A new milestone.")
class MilestoneCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = strawberry.field(description="Its name, unique in the project; at most 120 characters.")
    description: str | None = optional("What it is about, in markdown.")
    starts_on: date | None = optional("When work on it begins.")
    due_on: date | None = optional("When it is due.")
    before_id: strawberry.ID | None = optional(
        "The milestone that it shall stand before; else it comes last."
    )
    after_id: strawberry.ID | None = optional("The milestone that it shall stand after.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a milestone. What is left out stays.")
class MilestoneUpdateInput:
    id: strawberry.ID = strawberry.field(description="The milestone.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    description: str | None = optional("What it is about; null or empty for nothing.")
    starts_on: date | None = optional("When work on it begins; null for not said.")
    due_on: date | None = optional("When it is due; null for not said.")
    released: bool | None = optional("False takes its release back.")
    before_id: strawberry.ID | None = optional("The milestone that it shall stand before.")
    after_id: strawberry.ID | None = optional("The milestone that it shall stand after.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A milestone to be released.")
class MilestoneReleaseInput:
    id: strawberry.ID = strawberry.field(description="The milestone.")
    expected_version: int = strawberry.field(description=VERSION)
    released_at: datetime | None = optional("When it was released; now if left out.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A milestone to be deleted.")
class MilestoneDeleteInput(Versioned):
    id: strawberry.ID = strawberry.field(description="The milestone.")


@strawberry.type
class MilestoneMutations:
    @mutation("Make a milestone or release.")
    async def milestone_create(self, info: Info, input: MilestoneCreateInput) -> MilestonePayload:
        values = read_values(input, "Milestone", _FIELDS)
        action = create_milestone(read_id(input.project_id, "Project"), values, client_id=given(input.id))
        return await written_within(info, input, action, MilestonePayload)

    @mutation("Change a milestone's name, description, days or place, or take its release back.")
    async def milestone_update(self, info: Info, input: MilestoneUpdateInput) -> MilestonePayload:
        values = read_values(input, "Milestone", _FIELDS)
        action = update_milestone(*read_word_id(input.id, "Milestone"), input.expected_version, values)
        return await written_within(info, input, action, MilestonePayload)

    @mutation("Say that a milestone was reached. Tasks that are not done stay in it.")
    async def milestone_release(self, info: Info, input: MilestoneReleaseInput) -> MilestonePayload:
        key = read_word_id(input.id, "Milestone")
        action = release_milestone(*key, input.expected_version, given(input.released_at))
        return await written_within(info, input, action, MilestonePayload)

    @mutation("Delete a milestone. Its tasks, at most 1,000, are in none then.")
    async def milestone_delete(self, info: Info, input: MilestoneDeleteInput) -> MilestonePayload:
        action = delete_milestone(*read_word_id(input.id, "Milestone"), input.expected_version)
        return await written_within(info, input, action, MilestonePayload)
