"""Signing up and in with address and password."""

from __future__ import annotations

from typing import Any

from app.accounts import letters
from app.accounts.actions import check_email, new_user
from app.accounts.mailed import LIFE, mail_token, own_token, take_token
from app.accounts.models import Purpose, SignInMethod, SignUp
from app.accounts.passwords import Passwords, check_password, password_at
from app.accounts.reads import account_id
from app.accounts.refusals import LinkInvalid
from app.accounts.rows import CONFIRM_ADDRESS, HOLD_PASSWORD, RENEW_HASH, TAKE_SIGN_UP
from app.accounts.secrets import digest, new_secret
from app.accounts.sessions import Secret, begin_session
from app.audit.actions import AuditAction
from app.db import Database
from app.errors import ValidationFailed
from app.ids import new_id
from app.outcomes import Result
from app.values import check_name, check_time_zone, now_utc
from app.work import Action, Work
from app.writes import insert_rows


async def sign_up(
    passwords: Passwords, email: str, password: str, name: str, time_zone: str, *, refresh_days: int, web_url: str
) -> tuple[Action, Secret]:  # fmt: skip
    """Make an account and its first session, and write to its address. Returns the action and its secret."""
    given = await _checked(passwords, email, password, name, time_zone)
    secret: Secret = {}

    async def action(work: Work) -> Result:
        address = given["email"]
        if await account_id(work, address) is not None:
            raise ValidationFailed(
                "There is an account with this address already. Sign in instead.", path=("email",)
            )
        now = now_utc()
        user_id = await new_user(work, now=now, **given)
        token = await mail_token(work, user_id, Purpose.EMAIL_CONFIRM, address, now)
        work.mail(letters.confirmation(web_url, address, token))
        work.audit(AuditAction.SIGNED_UP, "user", user_id, person=user_id, by=user_id)
        return await begin_session(
            work, user_id, method=SignInMethod.PASSWORD, refresh_days=refresh_days, secret=secret
        )

    return action, secret


async def ask_to_sign_up(
    passwords: Passwords, email: str, password: str, name: str, time_zone: str, *, web_url: str
) -> Action:
    """Sign up where addresses must be confirmed first: an account is made when they are.

    An address of an account answers the same, by the same work; its owner is told by mail.
    """
    given = await _checked(passwords, email, password, name, time_zone)

    async def action(work: Work) -> Result:
        address, token, now = given["email"], new_secret(), now_utc()
        taken = await account_id(work, address)
        user_id = new_id()
        await work.declare([user_id])
        expires_at = now + LIFE[Purpose.EMAIL_CONFIRM]
        row = {"token_hash": digest(token), "user_id": user_id, "expires_at": expires_at, **given}
        await insert_rows(work, SignUp, [row])
        free = letters.confirmation(web_url, address, token)
        work.mail(free if taken is None else letters.address_taken(web_url, address))
        return {"confirmation_sent": True}

    return action


async def _checked(
    passwords: Passwords, email: str, password: str, name: str, time_zone: str
) -> dict[str, Any]:
    given = {
        "email": check_email(email), "name": check_name(name, "name"),
        "time_zone": check_time_zone(time_zone, "timeZone"),
    }  # fmt: skip
    return {**given, "password_hash": await passwords.hash(check_password(password))}


def confirm_email(token: str) -> Action:
    """Use the token of a confirmation letter: of an account, or of a sign-up that waits for it."""

    async def action(work: Work) -> Result:
        now = now_utc()
        user_id = await own_token(work, token)
        taken = await take_token(work, token, Purpose.EMAIL_CONFIRM, now)
        if taken is not None:
            if not await work.row(CONFIRM_ADDRESS, user=user_id, email=taken.email, now=now):
                raise LinkInvalid()  # the account has another address by now
        else:
            waiting = await work.row(TAKE_SIGN_UP, hash=digest(token), now=now)
            # Of two sign-ups with one address, the first that is confirmed is the account.
            if waiting is None or await account_id(work, waiting.email) is not None:
                raise LinkInvalid()
            await new_user(work, now=now, email_confirmed_at=now, **dict(waiting))
            work.audit(AuditAction.SIGNED_UP, "user", user_id, person=user_id, by=user_id)
        work.audit(AuditAction.EMAIL_CONFIRMED, "user", user_id, person=user_id, by=user_id)
        return {"user_id": str(user_id)}

    return action


async def sign_in(
    database: Database, passwords: Passwords, email: str, password: str, *, refresh_days: int
) -> tuple[Action, Secret]:
    """Check a password. An address of nobody costs the same, and leaves the same mark in the audit log.

    The result has ``failed`` if they do not belong together: that a sign-in failed is kept, so it is no refusal.
    """
    address = check_email(email)
    user_id, kept, known = await password_at(database, address)
    right, renewed = await passwords.verify(password, kept)
    secret: Secret = {}

    async def action(work: Work) -> Result:
        await work.declare([user_id])
        # Held until the commit: a change of the password comes before it, or ends the session that this begins.
        if await work.value(HOLD_PASSWORD, user=user_id) != kept or not right:
            target = user_id if known else None
            work.audit(AuditAction.SIGN_IN_FAILED, "user", target, person=user_id, method="password")
            return {"failed": True}
        if renewed is not None:
            await work.run(RENEW_HASH, user=user_id, old=kept, hash=renewed)
        return await begin_session(
            work, user_id, method=SignInMethod.PASSWORD, refresh_days=refresh_days, secret=secret
        )

    return action, secret
