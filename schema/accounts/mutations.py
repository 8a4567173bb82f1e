"""Signing up, in, out and on; one's profile; renewing a socket."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.accounts import actions, sessions, signing_in
from app.accounts.refusals import SignInFailed
from app.errors import BadInput
from app.invitations.accepting import sign_up_invited
from schema.accounts.answers import end_here, forget, jar_of, signed_in
from schema.accounts.payloads import (
    ProfilePayload,
    ProfileUpdateInput,
    SignInInput,
    SignInPayload,
    SignOutInput,
    SignOutPayload,
    SignUpInput,
    SignUpPayload,
    SocketRenewInput,
    SocketRenewPayload,
    TokenRefreshInput,
)
from schema.edges import Info
from schema.inputs import given, present
from schema.limits.throttles import ADDRESS, PASSWORD, REFRESH_TOKEN
from schema.mutating import mutation, positions_of, write


@strawberry.type
class AccountMutations:
    @mutation(
        "Make an account and sign in; or ask for one, where addresses are confirmed first.", proof=ADDRESS
    )
    async def sign_up(self, info: Info, input: SignUpInput) -> SignUpPayload:
        context, application = info.context, info.context.application
        settings = application.settings
        asked = (application.passwords, input.email, input.password, input.name, input.time_zone)
        invitation = given(input.invitation)
        if settings.confirm_email and invitation is None:
            await context.write_signed_out(await signing_in.ask_to_sign_up(*asked, web_url=settings.web_url))
            return SignUpPayload(confirmation_sent=True)
        action, secret = await signing_in.sign_up(
            *asked, refresh_days=settings.refresh_token_days, web_url=settings.web_url
        )
        if invitation is not None:
            action = sign_up_invited(action, input.email, invitation)
        return signed_in(context, await context.write_signed_out(action), secret, SignUpPayload)

    @mutation("Sign in with address and password.", proof=PASSWORD)
    async def sign_in(self, info: Info, input: SignInInput) -> SignInPayload:
        context, application = info.context, info.context.application
        action, secret = await signing_in.sign_in(
            application.database, application.passwords, input.email, input.password,
            refresh_days=application.settings.refresh_token_days,
        )  # fmt: skip
        outcome = await context.write_signed_out(action)
        if outcome.result.get("failed"):
            raise SignInFailed("This address and password do not belong together.", path=("password",))
        return signed_in(context, outcome, secret, SignInPayload)

    @mutation(
        "Exchange a refresh token for new tokens. A spent one is taken again for ten seconds, then never: it ends the "
        "session.",
        proof=REFRESH_TOKEN,
    )
    async def token_refresh(self, info: Info, input: TokenRefreshInput) -> SignInPayload:
        context, jar = info.context, jar_of(info.context)
        token = given(input.refresh_token) or (jar.given if jar else None) or ""
        days = context.application.settings.refresh_token_days
        action, secret = sessions.refresh(token, refresh_days=days)
        outcome = await context.write_signed_out(action)
        if outcome.result.get("failed"):
            end_here(context, outcome)
            forget(context)
            raise SignInFailed(
                "This refresh token is not valid any more. Sign in again.", path=("refreshToken",)
            )
        return signed_in(context, outcome, secret, SignInPayload)

    @mutation("Sign out: the refresh tokens of this session stop working, its access tokens within a second.")
    async def sign_out(self, info: Info, input: SignOutInput) -> SignOutPayload:
        context, jar = info.context, jar_of(info.context)
        viewer = context.session.viewer
        if viewer is None and jar is not None and jar.given:
            outcome = await context.write_signed_out(sessions.sign_out_by_token(jar.given))
        else:
            session_id = viewer.session_id if viewer else UUID(int=0)
            outcome = await write(info, input, sessions.sign_out(session_id))
        end_here(context, outcome)
        forget(context)
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
