"""What signing in answers: tokens, in the body or (the refresh token, for browsers) as a cookie."""

from __future__ import annotations

from typing import Any, TypeVar
from uuid import UUID

from app.outcomes import Outcome
from schema.accounts.payloads import SignInPayload
from schema.context import Context
from schema.cookies import Jar

PayloadT = TypeVar("PayloadT", bound=SignInPayload)


def signed_in(
    context: Context, outcome: Outcome, secret: dict[str, Any], payload: type[PayloadT]
) -> PayloadT:
    """The payload of somebody who has just signed in (or gone on), by whichever way."""
    user_id = UUID(outcome.result["user_id"])
    context.signed_in(user_id)
    application = context.application
    access, _ = application.tokens.issue(user_id, UUID(outcome.result["sign_in_id"]))
    token: str | None = secret["refresh_token"]
    mode, jar = application.settings.refresh_cookie, jar_of(context)
    if jar is not None and mode != "off" and token is not None:
        jar.put(token, mode, application.settings.refresh_token_days)
        token = None
    return payload(
        user_id=user_id, access_token=access, access_token_expires_in=application.tokens.lifetime_seconds,
        refresh_token=token,
    )  # fmt: skip


def jar_of(context: Context) -> Jar | None:
    """The caller's cookies, where they count: in a browser, if the service uses them."""
    return None if context.application.settings.refresh_cookie == "off" else context.session.caller.jar


def forget(context: Context) -> None:
    """Take the refresh token's cookie back."""
    mode, jar = context.application.settings.refresh_cookie, jar_of(context)
    if jar is not None and mode != "off":
        jar.clear(mode)


def end_here(context: Context, outcome: Outcome) -> int:
    """Sessions that ended: their streams and requests end now in this process, within a second in others."""
    ended = outcome.result.get("ended", [])
    for sign_in_id in ended:
        context.application.hub.end_sign_in(UUID(sign_in_id))
    return len(ended)
