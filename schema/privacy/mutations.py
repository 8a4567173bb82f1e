"""Erasing one's own account."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.privacy.erasure import erase_account
from schema.edges import Info
from schema.inputs import key_field
from schema.limits.throttles import OWN_PASSWORD
from schema.mutating import Payload, mutation, positions_of, write


@strawberry.input(description="What it takes to erase your account.")
class AccountEraseInput:
    password: str = strawberry.field(description="Your password.")
    confirmation: str = strawberry.field(description="Your e-mail address, typed out.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type(description="Your account is gone.")
class AccountErasePayload(Payload):
    erased: bool = strawberry.field(default=False, description="Whether it was done.")


@strawberry.type
class PrivacyMutations:
    @mutation(
        'Erase your account, for good: your name leaves history and what you wrote stays, by "Deleted person". You '
        "leave every workspace, and must have appointed another owner where you are the last. See docs/privacy.md.",
        proof=OWN_PASSWORD,
    )
    async def account_erase(self, info: Info, input: AccountEraseInput) -> AccountErasePayload:
        context, application = info.context, info.context.application
        action = await erase_account(
            application.database, application.passwords, context.viewer_id, input.password, input.confirmation
        )
        outcome = await write(info, input, action, secrets=("password", "confirmation"))
        viewer = context.session.viewer
        if viewer is not None:
            application.hub.end_sign_in(viewer.session_id)
        return AccountErasePayload(erased=True, positions=positions_of(outcome))
