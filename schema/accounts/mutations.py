"""Signing up, in, out and on; one's profile; renewing a socket."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.accounts import actions
from app.accounts.reads import account_at
from app.errors import BadInput
from app.work import Action
from schema.accounts.types import User, user_edge
from schema.edges import Info
from schema.inputs import VERSION, key_field, optional, present
from schema.mutating import Payload, mutation, positions_of, write


@strawberry.input(description="A new account.")
class SignUpInput:
    email: str = strawberry.field(description="Your address; letter case does not count.")
    password: str = strawberry.field(description="8 to 1,024 characters.")
    name: str = strawberry.field(description="How you are shown.")
    time_zone: str = strawberry.field(
        default="UTC", description="An IANA time zone, such as Europe/Helsinki."
    )


@strawberry.input(description="Address and password.")
class SignInInput:
    email: str = strawberry.field(description="Your address.")
    password: str = strawberry.field(description="Your password.")


@strawberry.input(description="A refresh token.")
class TokenRefreshInput:
    refresh_token: str = strawberry.field(description="The newest one you were given.")


@strawberry.input(description="Nothing is asked.")
class SignOutInput:
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="A new access token for this socket.")
class SocketRenewInput:
    access_token: str = strawberry.field(description="An access token of the same person.")


@strawberry.input(description="How you are shown, and your time zone. What is left out stays.")
class ProfileUpdateInput:
    expected_version: int = strawberry.field(description=VERSION)
    name: str | None = optional("Your name.")
    avatar_url: str | None = optional("An https:// address of your picture, or null for none.")
    time_zone: str | None = optional("An IANA time zone.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type(description="You are signed in.")
class SignInPayload(Payload):
    user_id: strawberry.Private[UUID | None] = None
    access_token: str | None = strawberry.field(
        default=None,
        description="Send it as `Authorization: Bearer …`, and in `connection_init` on a socket.",
    )
    access_token_expires_in: int | None = strawberry.field(
        default=None, description="Seconds until it expires."
    )
    refresh_token: str | None = strawberry.field(
        default=None, description="Exchange it for new tokens with `tokenRefresh`, once. Keep it secret."
    )
    user: User | None = user_edge("user_id", "You.")


@strawberry.type(description="You are signed out.")
class SignOutPayload(Payload):
    signed_out: bool = strawberry.field(default=False, description="Whether it was done.")


@strawberry.type(description="The socket goes on.")
class SocketRenewPayload(Payload):
    expires_in: int | None = strawberry.field(
        default=None, description="Seconds until the new token expires."
    )


@strawberry.type(description="Your profile.")
class ProfilePayload(Payload):
    user_id: strawberry.Private[UUID | None] = None
    user: User | None = user_edge("user_id", "You, as others see you.")


async def _signed_in(info: Info, action: Action, secret: dict[str, Any]) -> SignInPayload:
    outcome = await info.context.write_signed_out(action)
    if outcome.result.get("failed"):
        raise actions.SignInFailed(
            "This refresh token is not valid any more. Sign in again.", path=("refreshToken",)
        )
    user_id = UUID(outcome.result["user_id"])
    info.context.signed_in(user_id)
    tokens = info.context.application.tokens
    access, _ = tokens.issue(user_id, UUID(outcome.result["sign_in_id"]))
    return SignInPayload(
        user_id=user_id, access_token=access, access_token_expires_in=tokens.lifetime_seconds,
        refresh_token=secret["refresh_token"],
    )  # fmt: skip


@strawberry.type
class AccountMutations:
    @mutation("Make an account and sign in.")
    async def sign_up(self, info: Info, input: SignUpInput) -> SignInPayload:
        days = info.context.application.settings.refresh_token_days
        action, secret = await actions.sign_up(
            input.email, input.password, input.name, input.time_zone, refresh_days=days
        )
        return await _signed_in(info, action, secret)

    @mutation("Sign in with address and password.")
    async def sign_in(self, info: Info, input: SignInInput) -> SignInPayload:
        address = actions.check_email(input.email)
        found = await account_at(await info.context.reader(), address)
        days = info.context.application.settings.refresh_token_days
        action, secret = await actions.sign_in(input.email, input.password, found, refresh_days=days)
        return await _signed_in(info, action, secret)

    @mutation(
        "Exchange a refresh token for new tokens. A spent one is taken again for ten seconds, then never."
    )
    async def token_refresh(self, info: Info, input: TokenRefreshInput) -> SignInPayload:
        days = info.context.application.settings.refresh_token_days
        action, secret = actions.refresh(input.refresh_token, refresh_days=days)
        return await _signed_in(info, action, secret)

    @mutation("Sign out: the refresh tokens of this sign-in stop working, its access tokens within a second.")
    async def sign_out(self, info: Info, input: SignOutInput) -> SignOutPayload:
        viewer = info.context.session.viewer
        session_id = viewer.session_id if viewer else UUID(int=0)
        outcome = await write(info, input, actions.sign_out(session_id))
        info.context.application.hub.end_sign_in(session_id)
        return SignOutPayload(signed_out=True, positions=positions_of(outcome))

    @mutation("Change how you are shown, or your time zone.")
    async def profile_update(self, info: Info, input: ProfileUpdateInput) -> ProfilePayload:
        changes = present(input, "name", "avatar_url", "time_zone")
        outcome = await write(info, input, actions.update_profile(input.expected_version, changes))
        return ProfilePayload(user_id=UUID(outcome.result["user_id"]), positions=positions_of(outcome))

    @mutation("Go on with a new access token on this socket, without reconnecting.")
    async def socket_renew(self, info: Info, input: SocketRenewInput) -> SocketRenewPayload:
        session = info.context.session
        if session.transport != "websocket":
            raise BadInput("socketRenew is for an open socket; over HTTP send the new token in the header.")
        await session.renew(input.access_token)
        return SocketRenewPayload(
            expires_in=info.context.application.tokens.remaining_seconds(session.expires_at)
        )
