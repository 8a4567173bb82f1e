"""Inviting people, and accepting."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.invitations import actions
from app.invitations.accepting import accept_invitation
from app.projects.models import ProjectRole as RoleInProject
from app.workspaces.models import WorkspaceRole as Role
from schema.edges import Info
from schema.ids import read_id
from schema.inputs import key_field
from schema.invitations.types import Invitation
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge
from schema.projects.enums import ProjectRole
from schema.workspaces.enums import WorkspaceRole
from schema.workspaces.types import Workspace


@strawberry.input(description="A project to invite somebody into.")
class InvitedProjectInput:
    project_id: strawberry.ID = strawberry.field(description="The project.")
    role: ProjectRole = strawberry.field(default=RoleInProject.MEMBER, description="What they will be there.")


@strawberry.input(description="Somebody to be asked by mail.")
class InvitationCreateInput:
    workspace_id: strawberry.ID = strawberry.field(description="The workspace.")
    email: str = strawberry.field(description="Their address, with an account or without.")
    role: WorkspaceRole = strawberry.field(default=Role.MEMBER, description="What they will be there.")
    projects: list[InvitedProjectInput] = strawberry.field(
        default_factory=list, description="Projects of it that they will be in, each once; at most 50."
    )
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="An invitation to be sent again.")
class InvitationResendInput:
    id: strawberry.ID = strawberry.field(description="The invitation.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="An invitation to be taken back.")
class InvitationRevokeInput:
    id: strawberry.ID = strawberry.field(description="The invitation.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="An invitation that you were sent.")
class InvitationAcceptInput:
    token: str = strawberry.field(description="What stands after `token=` in the mail's link.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type(description="An invitation that was made or sent again.")
class InvitationPayload(Payload):
    invitation_id: strawberry.Private[UUID | None] = None
    invitation: Invitation | None = node_edge(
        "Invitation", "invitation_id", "The invitation; null if nothing was done."
    )


@strawberry.type(description="An invitation that was taken back.")
class InvitationRevokePayload(Payload):
    revoked_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the invitation; null if nothing was done."
    )


@strawberry.type(description="You joined.")
class InvitationAcceptPayload(Payload):
    workspace_id: strawberry.Private[UUID | None] = None
    workspace: Workspace | None = node_edge(
        "Workspace", "workspace_id", "Where you belong now; null if nothing was done."
    )


def _sending(info: Info) -> actions.Sending:
    return actions.Sending(info.context.application.settings.web_url)


async def _changed(info: Info, input: Any, action: Any) -> InvitationPayload:
    outcome = await write(info, input, action)
    invitation_id = UUID(outcome.result["invitation_id"])
    return InvitationPayload(invitation_id=invitation_id, positions=positions_of(outcome))


@strawberry.type
class InvitationMutations:
    @mutation("Ask somebody by mail to join a workspace. Whether they have an account is not told.")
    async def invitation_create(self, info: Info, input: InvitationCreateInput) -> InvitationPayload:
        projects = [(read_id(one.project_id, "Project"), RoleInProject(one.role)) for one in input.projects]
        action = actions.create_invitation(
            read_id(input.workspace_id, "Workspace"), input.email, Role(input.role), projects, _sending(info)
        )
        return await _changed(info, input, action)

    @mutation("Send an invitation again, for another fortnight. The link that was sent before stops working.")
    async def invitation_resend(self, info: Info, input: InvitationResendInput) -> InvitationPayload:
        action = actions.resend_invitation(read_id(input.id, "Invitation"), _sending(info))
        return await _changed(info, input, action)

    @mutation("Take an invitation back.")
    async def invitation_revoke(self, info: Info, input: InvitationRevokeInput) -> InvitationRevokePayload:
        action = actions.revoke_invitation(read_id(input.id, "Invitation"))
        outcome = await write(info, input, action)
        return InvitationRevokePayload(revoked_id=input.id, positions=positions_of(outcome))

    @mutation("Join the workspace that you were invited to. Your account's address must be the invited one.")
    async def invitation_accept(self, info: Info, input: InvitationAcceptInput) -> InvitationAcceptPayload:
        any_address = info.context.application.settings.invitations_any_address
        outcome = await write(info, input, accept_invitation(input.token, any_address=any_address))
        workspace_id = UUID(outcome.result["workspace_id"])
        return InvitationAcceptPayload(workspace_id=workspace_id, positions=positions_of(outcome))
