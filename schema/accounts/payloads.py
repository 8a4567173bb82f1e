"""Inputs and payloads of accounts."""

from __future__ import annotations

from uuid import UUID

import strawberry

from schema.accounts.types import User, user_edge
from schema.inputs import VERSION, key_field, optional
from schema.mutating import Payload

_PASSWORD = "8 to 1,024 characters."  # noqa: S105 (a description)
_TOKEN = "From the mail."  # noqa: S105


@strawberry.input(description="A new account.")
class SignUpInput:
    email: str = strawberry.field(description="Your address; letter case does not count.")
    password: str = strawberry.field(description=_PASSWORD)
    name: str = strawberry.field(description="How you are shown.")
    time_zone: str = strawberry.field(
        default="UTC", description="An IANA time zone, such as Europe/Helsinki."
    )
    invitation: str | None = optional(
        "The token of an invitation to this address: you join, and the address is confirmed by it."
    )


@strawberry.input(description="Address and password.")
class SignInInput:
    email: str = strawberry.field(description="Your address.")
    password: str = strawberry.field(description="Your password.")


@strawberry.input(description="A refresh token.")
class TokenRefreshInput:
    refresh_token: str | None = optional(
        "The newest one you were given; left out by browsers that have it as a cookie."
    )


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


@strawberry.input(description="Which of your sessions.")
class SessionRevokeInput:
    id: strawberry.ID = strawberry.field(description="The session.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Nothing is asked.")
class SessionRevokeOthersInput:
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="Nothing is asked.")
class EmailConfirmationSendInput:
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="The token of a confirmation mail.")
class EmailConfirmInput:
    token: str = strawberry.field(description=_TOKEN)


@strawberry.input(description="Another address, and who asks.")
class EmailChangeRequestInput:
    email: str = strawberry.field(description="The new address.")
    password: str = strawberry.field(description="Your password.")
    client_mutation_id: UUID | None = key_field()


@strawberry.input(description="The token of the mail to a new address.")
class EmailChangeInput:
    token: str = strawberry.field(description=_TOKEN)


@strawberry.input(description="Whose password is forgotten.")
class PasswordResetRequestInput:
    email: str = strawberry.field(description="The account's address.")


@strawberry.input(description="A new password, by the token of a mail.")
class PasswordResetInput:
    token: str = strawberry.field(description=_TOKEN)
    new_password: str = strawberry.field(description=_PASSWORD)


@strawberry.input(description="A new password in the place of the one you know.")
class PasswordChangeInput:
    current_password: str = strawberry.field(description="The one you have.")
    new_password: str = strawberry.field(description=_PASSWORD)
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
        default=None,
        description="Exchange it for new tokens with `tokenRefresh`, once. Keep it secret. Null for browsers where the "
        "service hands it to them as a cookie.",
    )
    user: User | None = user_edge("user_id", "You.")


@strawberry.type(description="You are signed in, or have mail.")
class SignUpPayload(SignInPayload):
    confirmation_sent: bool = strawberry.field(
        default=False,
        description="The service wants addresses confirmed first: look at your mail. Nobody is signed in yet.",
    )


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


@strawberry.type(description="Sessions were ended.")
class SessionsEndedPayload(Payload):
    ended: int = strawberry.field(default=0, description="How many.")


@strawberry.type(description="Whether a mail is on its way.")
class MailPayload(Payload):
    sent: bool = strawberry.field(
        default=False,
        description="True also where there is nobody to send it to, so that it tells nobody who has an account; false "
        "when your own address is confirmed already.",
    )


@strawberry.type(description="Your address.")
class EmailPayload(Payload):
    confirmed: bool = strawberry.field(default=False, description="Whether it was done. Sign in now.")


@strawberry.type(description="Your password.")
class PasswordPayload(Payload):
    changed: bool = strawberry.field(default=False, description="Whether it was done.")
    ended: int = strawberry.field(default=0, description="How many sessions were ended by that.")
