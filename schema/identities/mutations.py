"""Signing in by a provider; linking and unlinking."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.accounts.refusals import SignInFailed
from app.identities import actions
from app.outcomes import Outcome
from schema.accounts.answers import signed_in
from schema.accounts.payloads import SignInPayload
from schema.accounts.types import Viewer, user_edge
from schema.edges import Info
from schema.ids import read_id
from schema.inputs import key_field
from schema.limits.throttles import Proof
from schema.mutating import Payload, mutation, positions_of, write

_CODE = "What came back in `oidc_code`."
_VERIFIER = "The text whose SHA-256 you sent as `challenge` when you began."
_PROOF = Proof("code", secret=True)

_REASONS = {
    actions.INVALID: "This code is not valid: it was used, has expired, or was asked for elsewhere. Begin anew.",
    actions.UNVERIFIED: "The provider does not say that your address is verified. Sign in otherwise, and link it.",
    actions.UNCONFIRMED: (
        "There is an account with this address that has not confirmed it. If it is yours, sign in to it, confirm your "
        "address, and try again; if you cannot, ask for a new password by mail."
    ),
    actions.NO_ACCOUNT: "There is no account with this address. Ask for an invitation.",
}


@strawberry.input(description="What the browser brought back from a provider.")
class OidcExchangeInput:
    code: str = strawberry.field(description=_CODE)
    verifier: str = strawberry.field(description=_VERIFIER)


@strawberry.input(description="What the browser brought back from a provider.")
class IdentityLinkInput:
    code: str = strawberry.field(description=_CODE)
    verifier: str = strawberry.field(description=_VERIFIER)
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="An identity that shall not sign in here any more.")
class IdentityUnlinkInput:
    id: strawberry.ID = strawberry.field(description="The identity.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type(description="You are signed in by a provider.")
class OidcExchangePayload(SignInPayload):
    pass


@strawberry.type(description="Your identities.")
class IdentityPayload(Payload):
    user_id: strawberry.Private[UUID | None] = None
    viewer: Viewer | None = user_edge("user_id", "You, with your identities; null if nothing was done.")


def _check(outcome: Outcome) -> None:
    failed = outcome.result.get("failed")
    if failed is not None:
        raise SignInFailed(_REASONS[failed], path=("code",))


@strawberry.type
class IdentityMutations:
    @mutation(
        "Sign in with what a provider answered. The first time it makes an account, or finds yours by an address that "
        "both have verified.",
        proof=_PROOF,
    )
    async def oidc_exchange(self, info: Info, input: OidcExchangeInput) -> OidcExchangePayload:
        context, settings = info.context, info.context.application.settings
        action, secret = actions.sign_in_by_provider(
            input.code, input.verifier, refresh_days=settings.refresh_token_days,
            new_accounts=settings.oidc_new_accounts,
        )  # fmt: skip
        outcome = await context.write_signed_out(action)
        _check(outcome)
        return signed_in(context, outcome, secret, OidcExchangePayload)

    @mutation("Link your account at a provider: from then on it signs in here.", proof=_PROOF)
    async def identity_link(self, info: Info, input: IdentityLinkInput) -> IdentityPayload:
        outcome = await write(info, input, actions.link_identity(input.code, input.verifier))
        _check(outcome)
        return IdentityPayload(user_id=UUID(outcome.result["user_id"]), positions=positions_of(outcome))

    @mutation("Unlink an account of yours at a provider; not the last way in.")
    async def identity_unlink(self, info: Info, input: IdentityUnlinkInput) -> IdentityPayload:
        outcome = await write(info, input, actions.unlink_identity(read_id(input.id, "Identity")))
        return IdentityPayload(user_id=UUID(outcome.result["user_id"]), positions=positions_of(outcome))
