"""Making workspaces, and who belongs to them."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.projects.actions.members import remove_workspace_member
from app.workspaces import actions
from app.workspaces.models import WorkspaceRole as Role
from schema.accounts.types import User, user_edge
from schema.edges import Info
from schema.ids import read_id
from schema.inputs import VERSION, given, key_field, optional
from schema.mutating import Payload, mutation, written
from schema.nodes import node_edge
from schema.workspaces.enums import WorkspaceRole
from schema.workspaces.types import Workspace


@strawberry.type(description="A workspace that was made or changed.")
class WorkspacePayload(Payload):
    workspace_id: strawberry.Private[UUID | None] = None
    workspace: Workspace | None = node_edge(
        "Workspace", "workspace_id", "The workspace; null if nothing was done."
    )


@strawberry.type(description="A membership that was made, changed or ended.")
class WorkspaceMemberPayload(Payload):
    workspace_id: strawberry.Private[UUID | None] = None
    user_id: strawberry.Private[UUID | None] = None
    workspace: Workspace | None = node_edge(
        "Workspace", "workspace_id", "The workspace; null if you left it."
    )
    user: User | None = user_edge("user_id", "The person.")


@strawberry.input(description="A new workspace; you will own it.")
class WorkspaceCreateInput:
    name: str = strawberry.field(description="Its name.")
    id: UUID | None = optional("A version 7 UUID of your own for it, for offline use.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A workspace's name.")
class WorkspaceUpdateInput:
    id: strawberry.ID = strawberry.field(description="The workspace.")
    expected_version: int = strawberry.field(description=VERSION)
    name: str = strawberry.field(description="Its new name.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Someone with an account, to be added.")
class WorkspaceMemberAddInput:
    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    email: str = strawberry.field(description="Their address.")
    role: WorkspaceRole = strawberry.field(default=Role.MEMBER, description="What they may do.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A member's new role.")
class WorkspaceMemberUpdateInput:
    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    user_id: strawberry.ID = strawberry.field(description="The member.")
    role: WorkspaceRole = strawberry.field(description="What they may do from now on.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A member to be taken out; yourself, to leave.")
class WorkspaceMemberRemoveInput:
    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    user_id: strawberry.ID = strawberry.field(description="The member.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type
class WorkspaceMutations:
    @mutation("Make a workspace.")
    async def workspace_create(self, info: Info, input: WorkspaceCreateInput) -> WorkspacePayload:
        action = actions.create_workspace(input.name, client_id=given(input.id))
        return await written(info, input, action, WorkspacePayload)

    @mutation("Rename a workspace.")
    async def workspace_update(self, info: Info, input: WorkspaceUpdateInput) -> WorkspacePayload:
        workspace_id = read_id(input.id, "Workspace")
        action = actions.update_workspace(workspace_id, input.expected_version, input.name)
        return await written(info, input, action, WorkspacePayload)

    @mutation(
        "Add someone who has an account to a workspace. Where addresses are confirmed first, invite people."
    )
    async def workspace_member_add(
        self, info: Info, input: WorkspaceMemberAddInput
    ) -> WorkspaceMemberPayload:
        workspace_id = read_id(input.workspace_id, "Workspace")
        secret = info.context.application.settings.confirm_email
        action = actions.add_workspace_member(
            workspace_id, input.email, Role(input.role), by_invitation=secret
        )
        return await written(info, input, action, WorkspaceMemberPayload)

    @mutation("Give a member another role. A workspace keeps at least one owner.")
    async def workspace_member_update(
        self, info: Info, input: WorkspaceMemberUpdateInput
    ) -> WorkspaceMemberPayload:
        workspace_id, user_id = read_id(input.workspace_id, "Workspace"), read_id(input.user_id, "User")
        action = actions.update_workspace_member(workspace_id, user_id, Role(input.role))
        return await written(info, input, action, WorkspaceMemberPayload)

    @mutation("Take someone out of a workspace and all its projects, or leave it.")
    async def workspace_member_remove(
        self, info: Info, input: WorkspaceMemberRemoveInput
    ) -> WorkspaceMemberPayload:
        workspace_id, user_id = read_id(input.workspace_id, "Workspace"), read_id(input.user_id, "User")
        action = remove_workspace_member(workspace_id, user_id)
        return await written(info, input, action, WorkspaceMemberPayload)
