"""Listing domains."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.domains import actions
from app.workspaces.models import WorkspaceRole as Role
from schema.domains.types import JoiningDomain
from schema.edges import Info
from schema.ids import read_id
from schema.inputs import key_field
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge
from schema.workspaces.enums import WorkspaceRole


@strawberry.input(description="A domain to be listed. Your own confirmed address must be of it.")
class JoiningDomainAddInput:
    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    domain: str = strawberry.field(description="The part of addresses behind the @.")
    role: WorkspaceRole = strawberry.field(
        default=Role.MEMBER, description="As what people join: MEMBER or GUEST."
    )
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A domain to be taken off the list.")
class JoiningDomainRemoveInput:
    id: strawberry.ID = strawberry.field(description="The joining domain.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type(description="A domain that was listed.")
class JoiningDomainPayload(Payload):
    domain_id: strawberry.Private[UUID | None] = None
    joining_domain: JoiningDomain | None = node_edge(
        "JoiningDomain", "domain_id", "The domain; null if nothing was done."
    )


@strawberry.type(description="A domain that was taken off the list.")
class JoiningDomainRemovePayload(Payload):
    removed_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the joining domain; null if nothing was done."
    )


@strawberry.type
class DomainMutations:
    @mutation(
        "Have people join a workspace by signing in at a provider that vouches for an address of this domain."
    )
    async def joining_domain_add(self, info: Info, input: JoiningDomainAddInput) -> JoiningDomainPayload:
        action = actions.add_domain(read_id(input.workspace_id, "Workspace"), input.domain, Role(input.role))
        outcome = await write(info, input, action)
        return JoiningDomainPayload(
            domain_id=UUID(outcome.result["domain_id"]), positions=positions_of(outcome)
        )

    @mutation("Take a domain off the list. Who has joined by it stays.")
    async def joining_domain_remove(
        self, info: Info, input: JoiningDomainRemoveInput
    ) -> JoiningDomainRemovePayload:
        outcome = await write(info, input, actions.remove_domain(read_id(input.id, "JoiningDomain")))
        return JoiningDomainRemovePayload(removed_id=input.id, positions=positions_of(outcome))
