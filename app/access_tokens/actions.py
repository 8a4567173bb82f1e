"""Making and revoking access tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from app.access_tokens.access import access_tokens
from app.access_tokens.models import AccessScope, AccessToken
from app.access_tokens.reads import count_tokens
from app.access_tokens.secrets import new_token, token_hash
from app.audit.actions import AuditAction
from app.errors import LimitReached, NotFound, ValidationFailed
from app.guards import Guard
from app.ids import new_id
from app.outcomes import Result
from app.statements import sql
from app.values import check_name, now_utc
from app.work import Action, Work
from app.writes import insert_rows

LONGEST_DAYS = 366
"""How long a token may work at most."""

MOST_TOKENS = 100
"""Working tokens of one person or service account."""


def create_token(
    name: str, scopes: Iterable[AccessScope], expires_in_days: int
) -> tuple[Action, dict[str, Any]]:
    """Make a token for oneself. Returns the action and where it leaves the token, which no retry is told again."""
    secret: dict[str, Any] = {}

    async def action(work: Work) -> Result:
        viewer = work.viewer_id
        token_id = await issue_token(work, viewer, name, scopes, expires_in_days, secret)
        work.audit(
            AuditAction.TOKEN_CREATED, "token", token_id, person=viewer, scopes=written(scopes).split()
        )
        return {"token_id": str(token_id)}

    return action, secret


async def issue_token(
    work: Work, user_id: UUID, name: str, scopes: Iterable[AccessScope], expires_in_days: int,
    secret: dict[str, Any], *, workspace_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """Insert a token; the caller has checked that the actor may make one for this person, and declared them."""
    if not 1 <= expires_in_days <= LONGEST_DAYS:
        raise ValidationFailed(f"A token works for 1 to {LONGEST_DAYS} days.", path=("expiresInDays",))
    shown, now = check_name(name, "name", length=100), now_utc()
    await work.guard(Guard.of("tokens", user_id))
    if await count_tokens(work, user_id, now) >= MOST_TOKENS:
        raise LimitReached(f"At most {MOST_TOKENS} tokens that work. Revoke one first.", limit=MOST_TOKENS)
    token_id, token = new_id(), new_token()
    row = {
        "id": token_id, "user_id": user_id, "workspace_id": workspace_id, "name": shown, "scopes": written(scopes),
        "token_hash": token_hash(token), "created_by": work.viewer_id, "created_at": now,
        "expires_at": now + timedelta(days=expires_in_days),
    }  # fmt: skip
    await insert_rows(work, AccessToken, [row])
    secret["token"] = token
    return token_id


def written(scopes: Iterable[AccessScope]) -> str:
    """Scopes as they are kept: in order, always with READ, which the others need to be of use."""
    asked = {AccessScope(scope) for scope in scopes}
    if not asked:
        raise ValidationFailed("Say what the token is for: at least one scope.", path=("scopes",))
    return " ".join(scope.value for scope in AccessScope if scope in asked or scope is AccessScope.READ)


def revoke_token(token_id: UUID) -> Action:
    """End a token: for requests at once, for open sockets and streams within a second."""

    async def action(work: Work) -> Result:
        viewer = work.viewer_id
        token = (await access_tokens(work, viewer, [token_id])).get(token_id)
        if token is None:
            raise NotFound("Access token", path=("id",))
        await work.run(_REVOKE, id=token_id, now=now_utc())
        if token.workspace_id is None:
            work.audit(AuditAction.TOKEN_REVOKED, "token", token_id, person=viewer)
        else:
            work.audit(AuditAction.TOKEN_REVOKED, "token", token_id, scope=token.workspace_id)
        return {"token_id": str(token_id)}

    return action


async def revoke_tokens(work: Work, user_id: UUID, now: datetime) -> list[UUID]:
    """End all tokens of someone whom the unit has declared; their ids."""
    return [row.id for row in await work.rows(_REVOKE_ALL, user=user_id, now=now)]


def note_use(token: AccessToken) -> Action:
    """Keep that a token was used just now; to the minute is enough."""

    async def action(work: Work) -> Result:
        await work.declare([token.user_id])
        await work.run(_USED, id=token.id, now=now_utc())
        return {}

    return action


_REVOKE = sql("UPDATE access_tokens SET revoked_at = coalesce(revoked_at, $2) WHERE id = $1", "id", "now")
_REVOKE_ALL = sql(
    "UPDATE access_tokens SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL RETURNING id",
    "user", "now",
)  # fmt: skip
_USED = sql(
    """
    UPDATE access_tokens SET last_used_at = $2::timestamptz
    WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2::timestamptz - interval '1 minute')
    """,
    "id", "now",
)  # fmt: skip
