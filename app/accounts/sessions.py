"""Sign-ins as sessions: begun, gone on with by refresh tokens, listed, ended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.accounts.mailed import own_token
from app.accounts.models import RefreshToken, SignIn, SignInMethod
from app.accounts.rows import (
    END_SIGN_IN,
    END_SIGN_INS,
    LIVE_SIGN_INS,
    LOCK_REFRESH,
    SPEND,
    USE_SIGN_IN,
)
from app.accounts.secrets import digest, new_secret
from app.audit.actions import AuditAction
from app.db import Reader
from app.errors import NotFound
from app.ids import new_id
from app.outcomes import Result
from app.values import now_utc
from app.work import Action, Work
from app.writes import insert_rows

REFRESH_GRACE = timedelta(seconds=10)
"""How long a just-spent refresh token is taken again: the client may have lost the answer."""

LISTED = 100
"""Sessions that a list shows at most, those used last."""

Secret = dict[str, Any]
"""Where an action leaves what is handed over beside its result: the result is kept for retries, a secret never is."""


async def begin_session(
    work: Work, user_id: UUID, *, method: SignInMethod, refresh_days: int | None, secret: Secret
) -> Result:
    """Sign somebody in who has shown who they are. Leaves ``refresh_token`` in ``secret``; days None: there is none."""
    now, sign_in_id = now_utc(), new_id()
    await work.declare([user_id])
    origin = work.actor.origin
    row = {
        "id": sign_in_id, "user_id": user_id, "created_at": now, "last_used_at": now, "method": method.value,
        "address": origin.address if origin else None, "user_agent": origin.user_agent if origin else None,
    }  # fmt: skip
    await insert_rows(work, SignIn, [row])
    if refresh_days is not None:
        secret["refresh_token"] = await _new_refresh_token(
            work, user_id, sign_in_id, now + timedelta(days=refresh_days)
        )
    work.audit(AuditAction.SIGNED_IN, "user", user_id, person=user_id, by=user_id, method=method.value)
    return {"user_id": str(user_id), "sign_in_id": str(sign_in_id)}


def begin_sign_in(
    user_id: UUID, *, refresh_days: int | None, method: SignInMethod = SignInMethod.PROVIDER
) -> tuple[Action, Secret]:
    """The same as a unit of its own."""
    secret: Secret = {}

    async def action(work: Work) -> Result:
        return await begin_session(work, user_id, method=method, refresh_days=refresh_days, secret=secret)

    return action, secret


async def _new_refresh_token(work: Work, user_id: UUID, sign_in_id: UUID, expires_at: datetime) -> str:
    token = new_secret()
    row = {
        "token_hash": digest(token), "sign_in_id": sign_in_id, "user_id": user_id, "expires_at": expires_at
    }  # fmt: skip
    await insert_rows(work, RefreshToken, [row])
    return token


def refresh(token: str, *, refresh_days: int) -> tuple[Action, Secret]:
    """Exchange a refresh token. A spent one presented again after ten seconds ends the whole session.

    The result has ``failed`` if it is not taken, and ``ended`` (a sign-in's id) if that ended a session.
    """
    secret: Secret = {}

    async def action(work: Work) -> Result:
        now = now_utc()
        user_id = await own_token(work, token)
        found = await work.row(LOCK_REFRESH, hash=digest(token))
        if found is None or found.ended_at is not None or found.expires_at <= now:
            return {"failed": True}
        if found.spent_at is not None and found.spent_at + REFRESH_GRACE < now:
            await work.run(END_SIGN_IN, user=user_id, id=found.sign_in_id, now=now)
            work.audit(AuditAction.REFRESH_REUSED, "session", found.sign_in_id, person=user_id)
            return {"failed": True, "ended": [str(found.sign_in_id)]}
        await work.run(SPEND, hash=digest(token), now=now)
        origin = work.actor.origin
        await work.run(
            USE_SIGN_IN, id=found.sign_in_id, now=now, address=origin.address if origin else None,
            user_agent=origin.user_agent if origin else None,
        )  # fmt: skip
        secret["refresh_token"] = await _new_refresh_token(
            work, user_id, found.sign_in_id, now + timedelta(days=refresh_days)
        )
        return {"user_id": str(user_id), "sign_in_id": str(found.sign_in_id)}

    return action, secret


def sign_out(sign_in_id: UUID) -> Action:
    """End one's own sign-in: its refresh tokens stop working at once, its access tokens within a second."""

    async def action(work: Work) -> Result:
        if await work.row(END_SIGN_IN, user=work.viewer_id, id=sign_in_id, now=now_utc()):
            work.audit(AuditAction.SIGNED_OUT, "session", sign_in_id, person=work.viewer_id)
        return {"ended": [str(sign_in_id)]}

    return action


def sign_out_by_token(token: str) -> Action:
    """The same by its refresh token: for a browser whose access token has run out."""

    async def action(work: Work) -> Result:
        user_id = await own_token(work, token)
        found = await work.row(LOCK_REFRESH, hash=digest(token))
        if found is None or found.ended_at is not None:
            return {"ended": []}
        await work.run(END_SIGN_IN, user=user_id, id=found.sign_in_id, now=now_utc())
        work.audit(AuditAction.SIGNED_OUT, "session", found.sign_in_id, person=user_id, by=user_id)
        return {"ended": [str(found.sign_in_id)]}

    return action


def revoke_session(sign_in_id: UUID) -> Action:
    """End one of one's own sessions; another's is not there."""

    async def action(work: Work) -> Result:
        if not await work.row(END_SIGN_IN, user=work.viewer_id, id=sign_in_id, now=now_utc()):
            raise NotFound("Session", path=("id",))
        work.audit(AuditAction.SESSION_REVOKED, "session", sign_in_id, person=work.viewer_id)
        return {"ended": [str(sign_in_id)]}

    return action


def revoke_others(sign_in_id: UUID) -> Action:
    """End all of one's own sessions but this one."""

    async def action(work: Work) -> Result:
        return {"ended": await end_sessions(work, work.viewer_id, but=sign_in_id)}

    return action


async def end_sessions(work: Work, user_id: UUID, *, but: UUID | None = None) -> list[str]:
    """End somebody's sessions (all but one, if said); the ids of those that ended."""
    ended = [row.id for row in await work.rows(END_SIGN_INS, user=user_id, but=but, now=now_utc())]
    for sign_in_id in ended:
        work.audit(AuditAction.SESSION_REVOKED, "session", sign_in_id, person=user_id)
    return [str(one) for one in ended]


async def live_sessions(
    reader: Reader, user_id: UUID, *, access_seconds: int, ids: list[UUID] | None = None
) -> list[SignIn]:
    """Someone's sessions that can still be used, those used last first: by a refresh token, or by an access token."""
    return await reader.rows(
        LIVE_SIGN_INS, user=user_id, ids=ids, seconds=float(access_seconds), limit=LISTED
    )
