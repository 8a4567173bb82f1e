"""Signing up, in, out and on (refresh), and one's own profile."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from email_validator import EmailNotValidError, validate_email

from app.accounts.events import PERSON_SHAPE, PERSON_UPDATED, person_state
from app.accounts.models import RefreshToken, SignIn, User, UserKind
from app.accounts.passwords import check_password, hash_password, verify_password
from app.accounts.reads import account_id, users_by_id
from app.db import sql
from app.errors import NotFound, Refusal, ValidationFailed, VersionConflict
from app.events.deltas import delta_between
from app.events.models import Scope, ScopeKind
from app.guards import Guard
from app.ids import new_id
from app.outcomes import Result
from app.values import check_name, check_text, check_time_zone, now_utc
from app.work import Action, Work
from app.writes import compare_and_set, insert_rows

REFRESH_GRACE = timedelta(seconds=10)
"""How long a just-spent refresh token is taken again: the client may have lost the answer."""


class SignInFailed(Refusal):
    """Address and password do not belong together; which of them is wrong is not told."""

    code = "SIGN_IN_FAILED"


def check_email(email: str) -> str:
    """An address in lower case."""
    try:
        return validate_email(
            email.strip(), check_deliverability=False, test_environment=True
        ).normalized.lower()
    except EmailNotValidError as fault:
        raise ValidationFailed(f"Not an e-mail address: {fault}", path=("email",)) from None


async def new_user(
    work: Work, *, name: str, now: datetime, email: str | None = None, password_hash: str | None = None,
    time_zone: str = "UTC", kind: UserKind = UserKind.PERSON,
) -> UUID:  # fmt: skip
    """Insert a person and the scope of their inbox."""
    user_id = new_id()
    user = {
        "id": user_id, "kind": kind.value, "email": email, "name": name, "avatar_url": None, "time_zone": time_zone,
        "password_hash": password_hash, "version": 1, "created_at": now,
    }  # fmt: skip
    await new_scopes(work, [(user_id, ScopeKind.INBOX, None)])
    await insert_rows(work, User, [user])
    return user_id


async def new_scopes(work: Work, scopes: list[tuple[UUID, ScopeKind, UUID | None]]) -> None:
    """Declare scopes and insert their clocks, which stand at 0: (id, kind, workspace)."""
    await work.declare(
        [scope for scope, _, _ in scopes], [scope for scope, kind, _ in scopes if kind is ScopeKind.WORKSPACE]
    )
    rows = [
        {"id": scope, "kind": kind.value, "workspace_id": workspace, "seq": 0, "access_stamp": 0}
        for scope, kind, workspace in scopes
    ]
    await insert_rows(work, Scope, rows)


async def sign_up(
    email: str, password: str, name: str, time_zone: str, *, refresh_days: int
) -> tuple[Action, dict[str, Any]]:
    """Make an account and its first sign-in. Returns the action and where it leaves the refresh token.

    The token is handed over beside the result, which is kept for retries: a secret never is.
    """
    address = check_email(email)
    hashed = await hash_password(check_password(password))
    shown = check_name(name, "name")
    zone = check_time_zone(time_zone, "timeZone")
    secret: dict[str, Any] = {}

    async def action(work: Work) -> Result:
        if await account_id(work, address) is not None:
            raise ValidationFailed(
                "There is an account with this address already. Sign in instead.", path=("email",)
            )
        now = now_utc()
        user_id = await new_user(
            work, name=shown, now=now, email=address, password_hash=hashed, time_zone=zone
        )
        return await _begin_sign_in(work, user_id, now, refresh_days, secret)

    return action, secret


async def sign_in(
    email: str, password: str, found: User | None, *, refresh_days: int
) -> tuple[Action, dict[str, Any]]:
    """Check a password against the account found for the address (or against nothing, at the same cost)."""
    right, renewed = await verify_password(password, found.password_hash if found else None)
    if not right or found is None:
        raise SignInFailed("This address and password do not belong together.", path=("password",))
    secret: dict[str, Any] = {}
    user_id = found.id

    async def action(work: Work) -> Result:
        if renewed is not None:
            await work.declare([user_id])
            await work.run(_RENEW_HASH, id=user_id, hash=renewed)
        return await _begin_sign_in(work, user_id, now_utc(), refresh_days, secret)

    return action, secret


def begin_sign_in(user_id: UUID, *, refresh_days: int) -> tuple[Action, dict[str, Any]]:
    """Sign someone in without a password: for scripts on the machine that owns the database."""
    secret: dict[str, Any] = {}

    async def action(work: Work) -> Result:
        return await _begin_sign_in(work, user_id, now_utc(), refresh_days, secret)

    return action, secret


async def _begin_sign_in(
    work: Work, user_id: UUID, now: datetime, refresh_days: int, secret: dict[str, Any]
) -> Result:
    sign_in_id = new_id()
    await work.declare([user_id])
    await insert_rows(work, SignIn, [{"id": sign_in_id, "user_id": user_id, "created_at": now}])
    secret["refresh_token"] = await _new_refresh_token(work, sign_in_id, now + timedelta(days=refresh_days))
    return {"user_id": str(user_id), "sign_in_id": str(sign_in_id)}


async def _new_refresh_token(work: Work, sign_in_id: UUID, expires_at: datetime) -> str:
    token = secrets.token_urlsafe(32)
    row = {"token_hash": _token_hash(token), "sign_in_id": sign_in_id, "expires_at": expires_at}
    await insert_rows(work, RefreshToken, [row])
    return token


def _token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def refresh(token: str, *, refresh_days: int) -> tuple[Action, dict[str, Any]]:
    """Exchange a refresh token. A spent one presented again after ten seconds ends the whole sign-in."""
    secret: dict[str, Any] = {}

    async def action(work: Work) -> Result:
        now = now_utc()
        found = await work.row(_LOCK_REFRESH, hash=_token_hash(token))
        if found is None or found.ended_at is not None or found.expires_at <= now:
            return {"failed": True}
        if found.spent_at is not None and found.spent_at + REFRESH_GRACE < now:
            await work.run(_END_SIGN_IN, id=found.sign_in_id, now=now)
            return {"failed": True}
        await work.run(_SPEND, hash=_token_hash(token), now=now)
        secret["refresh_token"] = await _new_refresh_token(
            work, found.sign_in_id, now + timedelta(days=refresh_days)
        )
        return {"user_id": str(found.user_id), "sign_in_id": str(found.sign_in_id)}

    return action, secret


def sign_out(sign_in_id: UUID) -> Action:
    """End a sign-in: its refresh tokens stop working at once, its access tokens within a second."""

    async def action(work: Work) -> Result:
        await work.run(_END_SIGN_IN, id=sign_in_id, now=now_utc())
        return {"sign_in_id": str(sign_in_id)}

    return action


def profile_guard(user_id: UUID, *, shared: bool = True) -> Guard:
    """Held by whoever changes how someone is shown, shared by whoever puts them into a directory or takes them out.

    Else a directory that is entered meanwhile would keep the old name, and one that is left would hear of the new.
    """
    return Guard.of("profile", user_id, shared=shared)


def update_profile(expected_version: int, changes: dict[str, Any]) -> Action:
    """Change how one is shown (name, avatar) or one's time zone; every directory one stands in gets its event."""

    async def action(work: Work) -> Result:
        await work.guard(profile_guard(work.viewer_id, shared=False))
        user = (await users_by_id(work, [work.viewer_id])).get(work.viewer_id)
        if user is None:
            raise NotFound("User")
        values = _checked_profile(changes)
        if user.version != expected_version:
            raise VersionConflict(
                "user", user.id, expected=expected_version, current=user.version, clashes=[]
            )
        old = person_state(user)
        row = {"id": user.id, "version": user.version, **values}
        if not await compare_and_set(work, User, [row], set(values), keys=("id",)):
            raise VersionConflict(
                "user", user.id, expected=expected_version, current=user.version + 1, clashes=[]
            )
        new = {**old, **{key: value for key, value in values.items() if key in old}}
        for directory in await work.rows(_DIRECTORIES, user=user.id):
            delta = delta_between(old, new, PERSON_SHAPE)
            payload = {"delta": delta}
            work.record(
                directory.directory_id,
                PERSON_UPDATED,
                user.id,
                payload,
                version=user.version + 1,
                reflect=False,
            )
        return {"user_id": str(user.id)}

    return action


def _checked_profile(changes: dict[str, Any]) -> dict[str, Any]:
    values = dict(changes)
    if "name" in values:
        values["name"] = check_name(values["name"] or "", "name")
    if "time_zone" in values:
        values["time_zone"] = check_time_zone(values["time_zone"] or "", "timeZone")
    if values.get("avatar_url") is not None:
        url = check_text(values["avatar_url"], "avatarUrl", length=2048)
        if not url.startswith("https://"):
            raise ValidationFailed("An avatar is an https:// address.", path=("avatarUrl",))
    if not values:
        raise ValidationFailed("Nothing to change was given.")
    return values


_RENEW_HASH = sql("UPDATE users SET password_hash = $2 WHERE id = $1", "id", "hash")
_LOCK_REFRESH = sql(
    """
    SELECT r.sign_in_id, r.expires_at, r.spent_at, s.user_id, s.ended_at
    FROM refresh_tokens r JOIN sign_ins s ON s.id = r.sign_in_id WHERE r.token_hash = $1 FOR UPDATE OF r, s
    """,
    "hash",
)
_SPEND = sql(
    "UPDATE refresh_tokens SET spent_at = coalesce(spent_at, $2) WHERE token_hash = $1", "hash", "now"
)
_END_SIGN_IN = sql("UPDATE sign_ins SET ended_at = coalesce(ended_at, $2) WHERE id = $1", "id", "now")
_DIRECTORIES = sql(
    """
    SELECT w.directory_id FROM workspace_members m JOIN workspaces w ON w.id = m.workspace_id
    WHERE m.user_id = $1 ORDER BY w.directory_id
    """,
    "user",
)
