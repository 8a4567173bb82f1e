"""Signing in by a provider, and linking and unlinking identities.

Whom a provider vouches for is known by issuer and subject alone. An address leads to an account in one case: the
provider says that it is verified, and the account has confirmed it too. Were either enough, somebody could sign up with
another's address, here or there, and wait for them.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from app.accounts.actions import check_email, new_user
from app.accounts.models import SignInMethod
from app.accounts.reads import account_id
from app.accounts.rows import ADDRESS_OF, PASSWORD_OF
from app.accounts.sessions import Secret, begin_session
from app.audit.actions import AuditAction
from app.domains.actions import join_by_domain
from app.errors import NotFound, ValidationFailed
from app.guards import Guard
from app.identities.answers import take_answer
from app.identities.letters import linked_letter
from app.identities.models import Identity, ProviderAnswer
from app.identities.reads import identities_of, identity_owner
from app.ids import new_id
from app.outcomes import Result
from app.statements import sql
from app.values import check_name, now_utc
from app.work import Action, Work
from app.writes import insert_rows

INVALID = "CODE_INVALID"
UNVERIFIED = "EMAIL_UNVERIFIED"
UNCONFIRMED = "EMAIL_UNCONFIRMED"
NO_ACCOUNT = "NO_ACCOUNT"


def sign_in_by_provider(
    code: str, verifier: str, *, refresh_days: int, new_accounts: bool
) -> tuple[Action, Secret]:
    """Begin a session for whom a code stands for. Returns the action and where it leaves the refresh token.

    The result has ``failed`` (one of the words above) if there is none: the code is spent, so it is no refusal.
    """
    secret: Secret = {}

    async def action(work: Work) -> Result:
        answer = await take_answer(work, code, verifier)
        if answer is None:
            return {"failed": INVALID}
        user_id = await identity_owner(work, answer.issuer, answer.subject)
        if user_id is not None:
            await work.declare([user_id])
            await work.run(
                _USED, issuer=answer.issuer, subject=answer.subject, email=answer.email, now=now_utc()
            )
        else:
            found = await _by_address(work, answer, new_accounts)
            if isinstance(found, str):
                return {"failed": found}
            user_id = found
        address = _address(answer)
        if address is not None:
            await join_by_domain(work, user_id, address)
        return await begin_session(
            work, user_id, method=SignInMethod.PROVIDER, refresh_days=refresh_days, secret=secret
        )

    return action, secret


async def _by_address(work: Work, answer: ProviderAnswer, new_accounts: bool) -> UUID | str:
    """The account of an identity that is linked to none yet; or why there is none."""
    address = _address(answer)
    if address is None:
        return UNVERIFIED
    user_id = await account_id(work, address)
    if user_id is None:
        if not new_accounts:
            return NO_ACCOUNT
        now = now_utc()
        user_id = await new_user(
            work, name=_name(answer, address), now=now, email=address, email_confirmed_at=now
        )
        work.audit(AuditAction.SIGNED_UP, "user", user_id, person=user_id, by=user_id, method="provider")
    else:
        await work.declare([user_id])
        found = await work.row(ADDRESS_OF, user=user_id)
        # Locked from here on: meanwhile it may have moved to another address.
        if found is None or found.email != address or found.email_confirmed_at is None:
            return UNCONFIRMED
        work.mail(linked_letter(address, answer.provider))
    await _link(work, user_id, answer)
    return user_id


def link_identity(code: str, verifier: str) -> Action:
    """Link whom a code stands for to oneself. The result has ``failed`` if the code is not valid."""

    async def action(work: Work) -> Result:
        answer = await take_answer(work, code, verifier)
        if answer is None:
            return {"failed": INVALID}
        owner = await identity_owner(work, answer.issuer, answer.subject)
        if owner is not None and owner != work.viewer_id:
            raise ValidationFailed("This identity is linked to another account.", path=("code",))
        await work.guard(_guard(work.viewer_id))
        if owner is None:
            await _link(work, work.viewer_id, answer)
            found = await work.row(ADDRESS_OF, user=work.viewer_id)
            if found is not None and found.email:
                work.mail(linked_letter(found.email, answer.provider))
        return {"user_id": str(work.viewer_id)}

    return action


def unlink_identity(identity_id: UUID) -> Action:
    """Unlink one of one's own; not the last way in."""

    async def action(work: Work) -> Result:
        viewer = work.viewer_id
        await work.guard(_guard(viewer))
        linked = await identities_of(work, viewer)
        if identity_id not in {one.id for one in linked}:
            raise NotFound("Identity", path=("id",))
        if len(linked) == 1 and await work.value(PASSWORD_OF, user=viewer) is None:
            raise ValidationFailed(
                "This is the only way you sign in. Set a password first: ask for one by mail.", path=("id",)
            )
        await work.run(_UNLINK, id=identity_id, user=viewer)
        work.audit(AuditAction.IDENTITY_UNLINKED, "identity", identity_id, person=viewer)
        return {"user_id": str(viewer)}

    return action


async def _link(work: Work, user_id: UUID, answer: ProviderAnswer) -> None:
    now = now_utc()
    row: dict[str, Any] = {
        "id": new_id(), "user_id": user_id, "provider": answer.provider, "issuer": answer.issuer,
        "subject": answer.subject, "email": answer.email, "created_at": now, "last_used_at": now,
    }  # fmt: skip
    await insert_rows(work, Identity, [row])
    work.audit(
        AuditAction.IDENTITY_LINKED, "identity", row["id"], person=user_id, by=user_id,
        provider=answer.provider,
    )  # fmt: skip


def _guard(user_id: UUID) -> Guard:
    return Guard.of("identities", user_id)


def _address(answer: ProviderAnswer) -> str | None:
    """The address that a provider vouches for, in the form that accounts have."""
    if not answer.email_verified or answer.email is None:
        return None
    try:
        return check_email(answer.email)
    except ValidationFailed:
        return None


def _name(answer: ProviderAnswer, address: str) -> str:
    try:
        return check_name(answer.name or "", "name")
    except ValidationFailed:
        return address.partition("@")[0][:255]


_USED = sql(
    "UPDATE identities SET last_used_at = $4, email = $3 WHERE issuer = $1 AND subject = $2",
    "issuer", "subject", "email", "now",
)  # fmt: skip
_UNLINK = sql("DELETE FROM identities WHERE id = $1 AND user_id = $2", "id", "user")
