"""Planning, starting and completing sprints."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import strawberry

from app.planning.taking_out import complete_sprint, delete_sprint
from app.sprints.actions import create_sprint, start_sprint, update_sprint
from schema.edges import Info
from schema.ids import read_id, read_word_id
from schema.inputs import VERSION, Versioned, given, key_field, optional
from schema.mutating import Payload, mutation
from schema.nodes import node_edge
from schema.projects.objects import read_values, written_within
from schema.sprints.types import Sprint

_FIELDS = ("name", "goal", "starts_on", "ends_on", "capacity")


@strawberry.type(description="A sprint that was made, changed, started or completed.")
class SprintPayload(Payload):
    key: strawberry.Private[Any] = None
    sprint: Sprint | None = node_edge("Sprint", "key", "The sprint; null if nothing was done.")


@strawberry.input(description="A new sprint.")
class SprintCreateInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    name: str = strawberry.field(description="Its name, unique in the project; at most 120 characters.")
    goal: str | None = optional("What it is for, in markdown; at most 10,000 characters.")
    starts_on: date | None = optional("Its first day.")
    ends_on: date | None = optional("Its last day.")
    capacity: float | None = optional("How much the team can do in it, in the unit of the estimates.")
    before_id: strawberry.ID | None = optional("The sprint that it shall stand before; else it comes last.")
    after_id: strawberry.ID | None = optional("The sprint that it shall stand after.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Changes of a sprint. What is left out stays.")
class SprintUpdateInput:
    id: strawberry.ID = strawberry.field(description="The sprint.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Its name.")
    goal: str | None = optional("What it is for; null or empty for nothing.")
    starts_on: date | None = optional("Its first day; null for none.")
    ends_on: date | None = optional("Its last day; null for none.")
    capacity: float | None = optional("How much the team can do in it; null for not said.")
    before_id: strawberry.ID | None = optional("The sprint that it shall stand before.")
    after_id: strawberry.ID | None = optional("The sprint that it shall stand after.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A sprint to be started.")
class SprintStartInput:
    id: strawberry.ID = strawberry.field(description="The sprint; it must be planned.")
    expected_version: int = strawberry.field(description=VERSION)
    parallel: bool = strawberry.field(
        default=False, description="Whether it may be active beside another one of the project."
    )
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A sprint to be completed.")
class SprintCompleteInput:
    id: strawberry.ID = strawberry.field(description="The sprint; it must be active.")
    expected_version: int = strawberry.field(description=VERSION)
    move_unfinished_to: strawberry.ID | None = optional(
        "The sprint that unfinished tasks go to, planned or active; null or left out: the backlog."
    )
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A sprint to be deleted.")
class SprintDeleteInput(Versioned):
    id: strawberry.ID = strawberry.field(description="The sprint.")


@strawberry.type
class SprintMutations:
    @mutation("Plan a sprint.")
    async def sprint_create(self, info: Info, input: SprintCreateInput) -> SprintPayload:
        values = read_values(input, "Sprint", _FIELDS)
        action = create_sprint(read_id(input.project_id, "Project"), values, client_id=given(input.id))
        return await written_within(info, input, action, SprintPayload)

    @mutation("Change a sprint's name, goal, days, capacity, or its place among the others.")
    async def sprint_update(self, info: Info, input: SprintUpdateInput) -> SprintPayload:
        values = read_values(input, "Sprint", _FIELDS)
        action = update_sprint(*read_word_id(input.id, "Sprint"), input.expected_version, values)
        return await written_within(info, input, action, SprintPayload)

    @mutation(
        "Start a planned sprint. A project has one active sprint, unless you say that this one is `parallel`."
    )
    async def sprint_start(self, info: Info, input: SprintStartInput) -> SprintPayload:
        key = read_word_id(input.id, "Sprint")
        action = start_sprint(*key, input.expected_version, parallel=input.parallel)
        return await written_within(info, input, action, SprintPayload)

    @mutation(
        "Complete an active sprint. Its unfinished tasks go to another one or to the backlog, in the same batch; at "
        "most 1,000."
    )
    async def sprint_complete(self, info: Info, input: SprintCompleteInput) -> SprintPayload:
        following = given(input.move_unfinished_to)
        project_id, sprint_id = read_word_id(input.id, "Sprint")
        move_to = None if following is None else read_word_id(following, "Sprint")[1]
        action = complete_sprint(project_id, sprint_id, input.expected_version, move_to=move_to)
        return await written_within(info, input, action, SprintPayload)

    @mutation("Delete a sprint. Its tasks, at most 1,000, go to the backlog.")
    async def sprint_delete(self, info: Info, input: SprintDeleteInput) -> SprintPayload:
        action = delete_sprint(*read_word_id(input.id, "Sprint"), input.expected_version)
        return await written_within(info, input, action, SprintPayload)
