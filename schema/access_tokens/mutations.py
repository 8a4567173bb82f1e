"""Making and revoking access tokens."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.access_tokens.actions import create_token, revoke_token
from app.service_accounts.actions import create_service_token
from schema.access_tokens.enums import AccessScope
from schema.access_tokens.types import AccessToken
from schema.edges import Info
from schema.ids import read_id, read_optional_id
from schema.inputs import given, key_field, optional
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import node_edge


@strawberry.input(description="A new token, for yourself or for a service account that you administer.")
class AccessTokenCreateInput:
    name: str = strawberry.field(description="What it is for; at most 100 characters.")
    scopes: list[AccessScope] = strawberry.field(
        description="What it may be used for; READ is always among it."
    )
    expires_in_days: int = strawberry.field(default=90, description="After how many days it stops working.")
    user_id: strawberry.ID | None = optional("The user of a service account; left out: the token is yours.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A token that shall stop working.")
class AccessTokenRevokeInput:
    id: strawberry.ID = strawberry.field(description="The token.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type(description="A token that was made.")
class AccessTokenCreatePayload(Payload):
    token_id: strawberry.Private[UUID | None] = None
    token: str | None = strawberry.field(
        default=None,
        description="The token, this once: send it as `Authorization: Bearer …`. Null in the answer to a request that "
        "was sent again: then revoke it, and make another.",
    )
    access_token: AccessToken | None = node_edge("AccessToken", "token_id", "How it is listed.")


@strawberry.type(description="A token that was revoked.")
class AccessTokenRevokePayload(Payload):
    revoked_id: strawberry.ID | None = strawberry.field(
        default=None, description="The id of the token; null if nothing was done."
    )


@strawberry.type
class AccessTokenMutations:
    @mutation("Make a token for programs. It is shown once.")
    async def access_token_create(
        self, info: Info, input: AccessTokenCreateInput
    ) -> AccessTokenCreatePayload:
        service = read_optional_id(given(input.user_id), "User")
        scopes = [AccessScope(scope) for scope in input.scopes]
        if service is None:
            action, secret = create_token(input.name, scopes, input.expires_in_days)
        else:
            action, secret = create_service_token(service, input.name, scopes, input.expires_in_days)
        outcome = await write(info, input, action)
        return AccessTokenCreatePayload(
            token_id=UUID(outcome.result["token_id"]), token=secret.get("token"),
            positions=positions_of(outcome),
        )  # fmt: skip

    @mutation("End a token of yours, or of a service account that you administer, within a second.")
    async def access_token_revoke(
        self, info: Info, input: AccessTokenRevokeInput
    ) -> AccessTokenRevokePayload:
        token_id = read_id(input.id, "AccessToken")
        outcome = await write(info, input, revoke_token(token_id))
        info.context.application.hub.end_sign_in(token_id)
        return AccessTokenRevokePayload(revoked_id=input.id, positions=positions_of(outcome))
