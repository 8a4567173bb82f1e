"""What one may still ask for."""

from __future__ import annotations

from datetime import UTC, datetime

import strawberry

from schema.admission import CURRENT


@strawberry.type(
    description="Your limit on cost, this operation counted. `RateLimit` headers tell the other limits: docs/limits.md."
)
class RateLimit:
    cost: int = strawberry.field(
        description="What this operation was reckoned to cost: objects of the answer, and what is looked through. "
        "`extensions.cost.spent` says what it did cost; the difference is given back."
    )
    limit: int = strawberry.field(description="What you may spend at once, and what comes back in a minute.")
    remaining: int = strawberry.field(description="What is left of it now.")
    reset_at: datetime = strawberry.field(
        description="When all of it will be there again, if you ask for nothing."
    )


def current_rate_limit() -> RateLimit | None:
    """That of the operation under way; None where there is no limit on cost."""
    admission = CURRENT.get()
    standing = None if admission is None else admission.standing("cost")
    if admission is None or standing is None:
        return None
    return RateLimit(
        cost=admission.cost,
        limit=standing.bucket.quota,
        remaining=standing.remaining,
        reset_at=datetime.fromtimestamp(standing.full_at, UTC),
    )
