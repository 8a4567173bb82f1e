"""Looking up access tokens: by what a request brought, and for their owner."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from app.access_tokens.models import AccessToken
from app.db import Reader
from app.statements import Statement, sql, table

TOKENS = table(AccessToken)

NOT_REVOKED = TOKENS.c.revoked_at.is_(None)
"""An expired token is still listed, so that its owner sees why it stopped working; a revoked one is not."""

_BY_HASH: Statement[AccessToken] = sql("SELECT * FROM working_access_token($1)", "hash", model=AccessToken)
_COUNT = sql(
    "SELECT count(*) FROM access_tokens WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2",
    "user", "now",
)  # fmt: skip


async def token_by_hash(reader: Reader, hashed: bytes) -> AccessToken | None:
    """The token of this hash (``id, user_id, scopes, expires_at, last_used_at``), if it works."""
    return await reader.row(_BY_HASH, hash=hashed)


async def count_tokens(reader: Reader, user_id: UUID, now: datetime) -> int:
    """How many tokens of theirs work."""
    return int(await reader.value(_COUNT, user=user_id, now=now))
