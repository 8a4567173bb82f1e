"""Linking tasks."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.links import actions
from schema.edges import Info
from schema.ids import read_id
from schema.inputs import given, key_field, optional
from schema.links.types import Link
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge


@strawberry.type(description="A link that was made.")
class LinkPayload(Payload):
    link_id: strawberry.Private[UUID | None] = None
    link: Link | None = node_edge("Link", "link_id", "The link; null if nothing was done.")


@strawberry.type(description="A link that was taken away.")
class LinkRemovePayload(Payload):
    removed_id: strawberry.ID | None = strawberry.field(default=None, description="The link's id.")


@strawberry.input(description="A new link: source <kind> target.")
class LinkAddInput:
    source_id: strawberry.ID = strawberry.field(description="The task that blocks, duplicates …")
    kind: str = strawberry.field(
        description="`blocks`, `relates`, `duplicates`, or any other lower-case word."
    )
    target_id: strawberry.ID = strawberry.field(description="The task that is blocked, duplicated …")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A link to be taken away.")
class LinkRemoveInput:
    id: strawberry.ID = strawberry.field(description="The link.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type
class LinkMutations:
    @mutation("Link two tasks of a workspace. A new cycle of `blocks` is refused.")
    async def link_add(self, info: Info, input: LinkAddInput) -> LinkPayload:
        action = actions.add_link(
            read_id(input.source_id, "Task"),
            input.kind,
            read_id(input.target_id, "Task"),
            client_id=given(input.id),
        )
        outcome = await write(info, input, action)
        return LinkPayload(link_id=UUID(outcome.result["link_id"]), positions=positions_of(outcome))

    @mutation("Take a link away.")
    async def link_remove(self, info: Info, input: LinkRemoveInput) -> LinkRemovePayload:
        outcome = await write(info, input, actions.remove_link(read_id(input.id, "Link")))
        return LinkRemovePayload(removed_id=input.id, positions=positions_of(outcome))
