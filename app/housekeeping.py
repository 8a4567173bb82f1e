"""What a process does on the side: taking away what has expired, in small batches."""

from __future__ import annotations

import asyncio
import random

import structlog

from app.db import sql
from app.events.models import ActorKind
from app.outcomes import Result
from app.work import Actor, Store, Work, run_unit

log = structlog.get_logger(__name__)

OUTCOMES_KEPT_DAYS = 30
EVERY_SECONDS = 300
BATCH = 500

_EXPIRED_OUTCOMES = sql(
    """
    WITH old AS (SELECT viewer_id, key FROM mutation_outcomes
                 WHERE created_at < now() - make_interval(days => $1) LIMIT $2)
    DELETE FROM mutation_outcomes m USING old WHERE m.viewer_id = old.viewer_id AND m.key = old.key RETURNING m.key
    """,
    "days", "batch",
)  # fmt: skip
_EXPIRED_TOKENS = sql(
    """
    DELETE FROM refresh_tokens WHERE token_hash IN (
        SELECT token_hash FROM refresh_tokens WHERE expires_at < now() LIMIT $1) RETURNING token_hash
    """,
    "batch",
)


async def _clean(work: Work) -> Result:
    outcomes = await work.rows(_EXPIRED_OUTCOMES, days=OUTCOMES_KEPT_DAYS, batch=BATCH)
    tokens = await work.rows(_EXPIRED_TOKENS, batch=BATCH)
    return {"left": len(outcomes) == BATCH or len(tokens) == BATCH}


async def clean(store: Store) -> None:
    """Delete what has expired, batch by batch, until nothing is left."""
    left = True
    while left:
        left = (await run_unit(store, Actor(None, ActorKind.SYSTEM), _clean)).result["left"]


async def keep_house(store: Store) -> None:
    """Clean every five minutes or so, for ever."""
    while True:
        await asyncio.sleep(EVERY_SECONDS * random.uniform(0.5, 1.5))
        try:
            await clean(store)
        except Exception as fault:  # noqa: BLE001 (the next round does what this one could not)
            log.warning("housekeeping_failed", error=repr(fault))
