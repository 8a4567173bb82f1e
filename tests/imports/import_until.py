"""An import that kills its process where it is told: DATABASE_URL, file, key, place, count, batch."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from app.db import Database
from app.events.models import Event
from app.imports import batches
from app.imports.formats import open_source
from app.imports.reports import Report, unheard
from app.imports.run import import_file, open_project_of
from app.imports.targets import find_target, looking
from app.work import Store


class Nobody:
    """Nobody listens."""

    async def ring(self, events: Sequence[Event]) -> None: ...


async def main(url: str, owner_url: str, file: str, key: str, place: str, count: int, batch: int) -> None:
    batches.BATCH_RECORDS = batch
    left = count

    def barrier(passed: str) -> None:
        nonlocal left
        left -= passed == place
        if left == 0 and passed == place:
            os.kill(os.getpid(), signal.SIGKILL)

    database = await Database.open(url, size=2)
    store = Store(database, Nobody(), barrier)
    async with looking(database, owner_url, None) as reader:
        target = await find_target(reader, key, workspace="Works", email=None)
    project_id = await open_project_of(store, target, "Lamps")
    await import_file(
        store, target, project_id, open_source(Path(file)), Report(unheard), lambda step, at: None
    )
    await database.close()


if __name__ == "__main__":
    _, url, owner_url, file, key, place, count, batch = sys.argv
    asyncio.run(main(url, owner_url, file, key, place, int(count), int(batch)))
