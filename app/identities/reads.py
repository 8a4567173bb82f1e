"""Looking up identities."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.identities.models import Identity
from app.statements import Statement, sql

_OWNER = sql("SELECT identity_owner($1, $2)", "issuer", "subject")
_OF_USER: Statement[Identity] = sql(
    "SELECT * FROM identities WHERE user_id = $1 ORDER BY created_at, id", "user", model=Identity
)


async def identity_owner(reader: Reader, issuer: str, subject: str) -> UUID | None:
    """To whom an identity is linked; who asks sees no more of them than before."""
    found: UUID | None = await reader.value(_OWNER, issuer=issuer, subject=subject)
    return found


async def identities_of(reader: Reader, user_id: UUID) -> list[Identity]:
    """Somebody's identities, oldest first."""
    return await reader.rows(_OF_USER, user=user_id)
