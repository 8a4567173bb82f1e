"""Mutations by which somebody proves who they are: attempts are counted before anything is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from strawberry.extensions import FieldExtension

from app.accounts.actions import check_email
from app.errors import ValidationFailed
from schema.context import Context
from schema.edges import Info
from schema.inputs import given


@dataclass(frozen=True, slots=True)
class Proof:
    """What an attempt is counted for: the input's field that says whose account (or which token); None: the viewer's.

    `secret`: it is a token, which nobody guesses. `every`: successes count as well, because each sends mail or makes
    an account.
    """

    claim: str | None
    secret: bool = False
    every: bool = False


PASSWORD: Final = Proof("email")
OWN_PASSWORD: Final = Proof(None)
OWN_MAIL: Final = Proof(None, every=True)
ADDRESS: Final = Proof("email", every=True)
TOKEN: Final = Proof("token", secret=True)
REFRESH_TOKEN: Final = Proof("refresh_token", secret=True)


class Throttled(FieldExtension):
    """Counts attempts; raises ``RateLimited`` before the mutation has looked at anything."""

    def __init__(self, proof: Proof) -> None:
        self._proof = proof

    async def resolve_async(self, next_: Any, source: Any, info: Info, **kwargs: Any) -> Any:
        limits, proof = info.context.application.limits, self._proof
        address = info.context.session.caller.address or "unknown"
        account = self._account(info.context, kwargs["input"])
        if account:  # nothing is proved by nothing: that fails by itself
            await limits.throttle_sign_in(address, account, secret=proof.secret)
        payload = await next_(source, info, **kwargs)
        if account and not proof.every and not payload.errors:
            await limits.sign_in_succeeded(address, account, secret=proof.secret)
        return payload

    def _account(self, context: Context, input: Any) -> str:
        proof = self._proof
        if proof.claim is None:
            return str(context.viewer_id)
        claimed: str = given(getattr(input, proof.claim)) or ""
        if proof.secret:
            jar = context.session.caller.jar
            return claimed or (jar.given if jar else None) or ""
        try:
            # As it is kept: other spellings of one address are one account.
            return check_email(claimed)
        except ValidationFailed:
            return claimed
