"""What a process does on the side, in small batches: taking away what has expired, ending what a crash left half done,
spacing ranks anew where they have grown long."""

from __future__ import annotations

import asyncio
import random

import structlog

from app.boards.rebalancing import rebalance_ranks
from app.boards.retiring import finish_all
from app.events.models import ActorKind
from app.outcomes import Result
from app.statements import sql
from app.work import Actor, Store, Work, run_unit

log = structlog.get_logger(__name__)

OUTCOMES_KEPT_DAYS = 30
EVERY_SECONDS = 300
BATCH = 500

_DELETE_EXPIRED = sql("SELECT delete_expired($1, $2)", "days", "batch")


async def _clean(work: Work) -> Result:
    deleted = await work.value(_DELETE_EXPIRED, days=OUTCOMES_KEPT_DAYS, batch=BATCH)
    return {"left": deleted == BATCH}


async def clean(store: Store) -> None:
    """Delete what has expired, batch by batch, until nothing is left."""
    left = True
    while left:
        left = (await run_unit(store, Actor(None, ActorKind.SYSTEM), _clean)).result["left"]


async def keep_house(store: Store) -> None:
    """Clean and tidy every five minutes or so, for ever."""
    while True:
        await asyncio.sleep(EVERY_SECONDS * random.uniform(0.5, 1.5))
        try:
            await clean(store)
            await finish_all(store)
            await rebalance_ranks(store)
        except Exception as fault:  # noqa: BLE001 (the next round does what this one could not)
            log.warning("housekeeping_failed", error=repr(fault))
