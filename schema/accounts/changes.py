"""Passwords, addresses, sessions: what one signs in with and where one is signed in."""

from __future__ import annotations

from uuid import UUID

import strawberry

from app.accounts import changes, sessions, signing_in
from schema.accounts.answers import end_here
from schema.accounts.payloads import (
    EmailChangeInput,
    EmailChangeRequestInput,
    EmailConfirmationSendInput,
    EmailConfirmInput,
    EmailPayload,
    MailPayload,
    PasswordChangeInput,
    PasswordPayload,
    PasswordResetInput,
    PasswordResetRequestInput,
    SessionRevokeInput,
    SessionRevokeOthersInput,
    SessionsEndedPayload,
)
from schema.context import Context
from schema.edges import Info
from schema.ids import read_id
from schema.limits.throttles import ADDRESS, OWN_MAIL, OWN_PASSWORD, TOKEN
from schema.mutating import mutation, write


def _session_id(context: Context) -> UUID:
    _ = context.viewer_id  # raises for nobody, and for a session that has ended
    assert context.session.viewer is not None
    return context.session.viewer.session_id


@strawberry.type
class AccountChangeMutations:
    @mutation("Send the mail that confirms your address once more.", proof=OWN_MAIL)
    async def email_confirmation_send(self, info: Info, input: EmailConfirmationSendInput) -> MailPayload:
        web_url = info.context.application.settings.web_url
        outcome = await write(info, input, changes.send_confirmation(web_url=web_url))
        return MailPayload(sent=outcome.result["sent"])

    @mutation("Confirm an address by the token of a mail, once.", proof=TOKEN)
    async def email_confirm(self, info: Info, input: EmailConfirmInput) -> EmailPayload:
        await info.context.write_signed_out(signing_in.confirm_email(input.token))
        return EmailPayload(confirmed=True)

    @mutation(
        "Ask to move your account to another address: a mail goes there, and a warning to the old one.",
        proof=OWN_MAIL,
    )
    async def email_change_request(self, info: Info, input: EmailChangeRequestInput) -> MailPayload:
        context, application = info.context, info.context.application
        action = await changes.ask_address(
            application.database, application.passwords, context.viewer_id, input.password, input.email,
            web_url=application.settings.web_url,
        )  # fmt: skip
        await write(info, input, action, secrets=("password",))
        return MailPayload(sent=True)

    @mutation("Move an account to the address that a mail was sent to, by its token, once.", proof=TOKEN)
    async def email_change(self, info: Info, input: EmailChangeInput) -> EmailPayload:
        await info.context.write_signed_out(changes.change_address(input.token))
        return EmailPayload(confirmed=True)

    @mutation(
        "Ask for a mail with the way to a new password. Answers the same for an address of nobody.",
        proof=ADDRESS,
    )
    async def password_reset_request(self, info: Info, input: PasswordResetRequestInput) -> MailPayload:
        web_url = info.context.application.settings.web_url
        await info.context.write_signed_out(changes.ask_reset(input.email, web_url=web_url))
        return MailPayload(sent=True)

    @mutation(
        "Set a new password by the token of a mail, once. Every session ends: sign in with it.", proof=TOKEN
    )
    async def password_reset(self, info: Info, input: PasswordResetInput) -> PasswordPayload:
        context, application = info.context, info.context.application
        action = await changes.reset_password(
            application.database, application.passwords, input.token, input.new_password
        )
        outcome = await context.write_signed_out(action)
        return PasswordPayload(changed=True, ended=end_here(context, outcome))

    @mutation("Set a new password, by whoever knows the old one. All other sessions end.", proof=OWN_PASSWORD)
    async def password_change(self, info: Info, input: PasswordChangeInput) -> PasswordPayload:
        context, application = info.context, info.context.application
        action = await changes.change_password(
            application.database, application.passwords, context.viewer_id, input.current_password,
            input.new_password, session_id=_session_id(context),
        )  # fmt: skip
        outcome = await write(info, input, action, secrets=("current_password", "new_password"))
        return PasswordPayload(changed=True, ended=end_here(context, outcome))

    @mutation(
        "End one of your sessions: its refresh tokens stop working, its requests and streams within a second."
    )
    async def session_revoke(self, info: Info, input: SessionRevokeInput) -> SessionsEndedPayload:
        outcome = await write(info, input, sessions.revoke_session(read_id(input.id, "Session")))
        return SessionsEndedPayload(ended=end_here(info.context, outcome))

    @mutation("End all your sessions but the one that asks.")
    async def session_revoke_others(
        self, info: Info, input: SessionRevokeOthersInput
    ) -> SessionsEndedPayload:
        outcome = await write(info, input, sessions.revoke_others(_session_id(info.context)))
        return SessionsEndedPayload(ended=end_here(info.context, outcome))
