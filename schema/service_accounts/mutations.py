"""Making, renaming and deleting service accounts."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.service_accounts import actions
from app.workspaces.models import WorkspaceRole as Role
from schema.edges import Info
from schema.ids import read_id
from schema.inputs import VERSION, key_field
from schema.mutating import Payload, mutation, positions_of, write, written
from schema.nodes import node_edge
from schema.service_accounts.types import ServiceAccount, service_account_edge
from schema.workspaces.enums import WorkspaceRole
from schema.workspaces.types import Workspace


@strawberry.input(description="A new service account. It belongs to the workspace, not to you.")
class ServiceAccountCreateInput:
    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    name: str = strawberry.field(description="How it is shown.")
    role: WorkspaceRole = strawberry.field(
        default=Role.GUEST,
        description="What it may do there; not OWNER. Give it roles in projects as you do people.",
    )
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A service account's new name.")
class ServiceAccountUpdateInput:
    user_id: strawberry.ID = strawberry.field(description="Its user.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str = strawberry.field(description="How it shall be shown.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A service account that shall be no more.")
class ServiceAccountDeleteInput:
    user_id: strawberry.ID = strawberry.field(description="Its user.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type(description="A service account that was made or changed.")
class ServiceAccountPayload(Payload):
    user_id: strawberry.Private[UUID | None] = None
    service_account: ServiceAccount | None = service_account_edge(
        "user_id", "The service account; null if nothing was done."
    )


@strawberry.type(description="A service account that was deleted, with all its tokens.")
class ServiceAccountDeletePayload(Payload):
    workspace_id: strawberry.Private[UUID | None] = None
    workspace: Workspace | None = node_edge(
        "Workspace", "workspace_id", "Where it was; null if nothing was done."
    )


@strawberry.type
class ServiceAccountMutations:
    @mutation("Make a service account: a member of the workspace that is a program.")
    async def service_account_create(
        self, info: Info, input: ServiceAccountCreateInput
    ) -> ServiceAccountPayload:
        workspace_id = read_id(input.workspace_id, "Workspace")
        action = actions.create_service_account(workspace_id, input.name, Role(input.role))
        return await written(info, input, action, ServiceAccountPayload)

    @mutation("Rename a service account.")
    async def service_account_update(
        self, info: Info, input: ServiceAccountUpdateInput
    ) -> ServiceAccountPayload:
        action = actions.update_service_account(
            read_id(input.user_id, "User"), input.expected_version, input.name
        )
        return await written(info, input, action, ServiceAccountPayload)

    @mutation("Take a service account out of the workspace and all its projects, and revoke its tokens.")
    async def service_account_delete(
        self, info: Info, input: ServiceAccountDeleteInput
    ) -> ServiceAccountDeletePayload:
        outcome = await write(info, input, actions.delete_service_account(read_id(input.user_id, "User")))
        for token_id in outcome.result["revoked"]:
            info.context.application.hub.end_sign_in(UUID(token_id))
        return ServiceAccountDeletePayload(
            workspace_id=UUID(outcome.result["workspace_id"]), positions=positions_of(outcome)
        )
