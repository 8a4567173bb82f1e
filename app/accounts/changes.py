"""Changing what one signs in with: a new password (known or forgotten), another address."""

from __future__ import annotations

from uuid import UUID

from app.accounts import letters
from app.accounts.actions import check_email
from app.accounts.mailed import check_token, mail_token, own_token, take_token
from app.accounts.models import Purpose
from app.accounts.passwords import Passwords, check_password, password_of
from app.accounts.reads import account_id
from app.accounts.refusals import LinkInvalid, SignInFailed
from app.accounts.rows import (
    ADDRESS_OF,
    CHANGE_ADDRESS,
    CHANGE_PASSWORD,
    CONFIRM_ADDRESS,
    DROP_MAILED,
    LEFT_BEHIND,
    SET_PASSWORD,
)
from app.accounts.sessions import end_sessions
from app.audit.actions import AuditAction
from app.db import Database
from app.errors import NotFound, ValidationFailed
from app.ids import new_id
from app.outcomes import Result
from app.values import now_utc
from app.work import Action, Work


async def change_password(
    database: Database, passwords: Passwords, user_id: UUID, current: str, new: str, *, session_id: UUID
) -> Action:
    """Another password, by whoever knows the old one; all other sessions end."""
    check_password(new, "newPassword")
    kept = await password_of(database, user_id)
    right, _ = await passwords.verify(current, kept)
    hashed = await passwords.hash(new) if right else ""

    async def action(work: Work) -> Result:
        if not right:
            raise _wrong_password("currentPassword")
        now = now_utc()
        if not await work.row(CHANGE_PASSWORD, user=user_id, old=kept, hash=hashed, now=now):
            raise _wrong_password("currentPassword")  # changed meanwhile
        await work.run(DROP_MAILED, user=user_id, purpose=Purpose.PASSWORD_RESET.value)
        found = await work.row(ADDRESS_OF, user=user_id)
        if found is not None and found.email:
            work.mail(letters.password_changed(found.email))
        work.audit(AuditAction.PASSWORD_CHANGED, "user", user_id, person=user_id)
        return {"ended": await end_sessions(work, user_id, but=session_id)}

    return action


def ask_reset(email: str, *, web_url: str) -> Action:
    """Send a link to a new password. For an address of nobody it answers the same, by the same work."""
    address = check_email(email)

    async def action(work: Work) -> Result:
        known = await account_id(work, address)
        user_id = known or new_id()
        token = await mail_token(work, user_id, Purpose.PASSWORD_RESET, address, now_utc())
        if known is not None:
            work.mail(letters.reset(web_url, address, token))
        work.audit(AuditAction.PASSWORD_RESET_ASKED, "user", known, person=user_id)
        return {}

    return action


async def reset_password(database: Database, passwords: Passwords, token: str, new: str) -> Action:
    """A new password by a link from a mail; every session ends, and the address is confirmed by that."""
    check_password(new, "newPassword")
    await check_token(database, token, Purpose.PASSWORD_RESET)
    hashed = await passwords.hash(new)

    async def action(work: Work) -> Result:
        now = now_utc()
        user_id = await own_token(work, token)
        taken = await take_token(work, token, Purpose.PASSWORD_RESET, now)
        before = await work.row(ADDRESS_OF, user=user_id)
        # A link to an address that is the account's no longer changes nothing.
        if taken is None or before is None or before.email != taken.email:
            raise LinkInvalid()
        if before.email_confirmed_at is None:
            await work.run(CONFIRM_ADDRESS, user=user_id, email=taken.email, now=now)
            # Somebody else may have made this account with the address, and have other ways in.
            for statement in LEFT_BEHIND:
                await work.run(statement, user=user_id)
        await work.run(SET_PASSWORD, user=user_id, hash=hashed, now=now)
        await work.run(DROP_MAILED, user=user_id, purpose=None)
        work.mail(letters.password_changed(taken.email))
        work.audit(AuditAction.PASSWORD_RESET, "user", user_id, person=user_id, by=user_id)
        return {"ended": await end_sessions(work, user_id)}

    return action


def send_confirmation(*, web_url: str) -> Action:
    """Write once more to one's own address; not if it is confirmed already."""

    async def action(work: Work) -> Result:
        user_id = work.viewer_id
        found = await work.row(ADDRESS_OF, user=user_id)
        if found is None:
            raise NotFound("User")
        if found.email is None or found.email_confirmed_at is not None:
            return {"sent": False}
        token = await mail_token(work, user_id, Purpose.EMAIL_CONFIRM, found.email, now_utc())
        work.mail(letters.confirmation(web_url, found.email, token))
        return {"sent": True}

    return action


async def ask_address(
    database: Database, passwords: Passwords, user_id: UUID, password: str, email: str, *, web_url: str
) -> Action:
    """Ask to move to another address: a link goes there, a word of warning to the old one.

    Whether the new address has an account already is told to nobody but its owner.
    """
    address = check_email(email)
    right, _ = await passwords.verify(password, await password_of(database, user_id))

    async def action(work: Work) -> Result:
        if not right:
            raise _wrong_password("password")
        found = await work.row(ADDRESS_OF, user=user_id)
        if found is None or found.email == address:
            raise ValidationFailed("This is your address already.", path=("email",))
        taken = await account_id(work, address)
        token = await mail_token(work, user_id, Purpose.EMAIL_CHANGE, address, now_utc())
        new = letters.change_of_address(web_url, address, token)
        work.mail(new if taken is None else letters.address_taken(web_url, address))
        if found.email:
            work.mail(letters.change_asked(found.email))
        return {}

    return action


def change_address(token: str) -> Action:
    """Move to the address that a link was sent to. Links to the old one stop working; the old one is told."""

    async def action(work: Work) -> Result:
        now = now_utc()
        user_id = await own_token(work, token)
        taken = await take_token(work, token, Purpose.EMAIL_CHANGE, now)
        if taken is None or await account_id(work, taken.email) is not None:
            raise LinkInvalid()
        found = await work.row(ADDRESS_OF, user=user_id)
        if found is None:
            raise LinkInvalid()
        await work.run(CHANGE_ADDRESS, user=user_id, email=taken.email, now=now)
        await work.run(DROP_MAILED, user=user_id, purpose=None)
        if found.email:
            work.mail(letters.address_changed(found.email))
        work.audit(AuditAction.EMAIL_CHANGED, "user", user_id, person=user_id, by=user_id)
        return {"user_id": str(user_id)}

    return action


def _wrong_password(field: str) -> SignInFailed:
    return SignInFailed(
        "This is not your password. If you have none, or have forgotten it, ask for a new one by mail.",
        path=(field,),
    )
