"""One snapshot for many fields: one that is given up does not end it for the others."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from app.statements import sql
from tests.service import Service

SLOW = sql("SELECT pg_sleep(0.2)")
QUICK = sql("SELECT 1 AS one")


async def test_a_field_that_is_given_up_leaves_the_snapshot_to_the_others(service: Service) -> None:
    async with service.application.database.snapshot() as reader:
        slow = asyncio.create_task(reader.run(SLOW))
        await asyncio.sleep(0)
        slow.cancel()
        with pytest.raises(asyncio.CancelledError):
            await slow
        assert await reader.value(QUICK) == 1
    async with service.application.database.snapshot() as reader:
        await asyncio.gather(*(reader.run(QUICK) for _ in range(3)))
        left = asyncio.create_task(reader.run(SLOW))
        await asyncio.sleep(0)
        left.cancel()
    async with service.application.database.snapshot() as reader:
        assert await reader.value(QUICK) == 1, "the connection went back whole"


async def test_one_that_is_given_up_while_it_begins_is_rolled_back(
    service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    """Else the pool finds its transaction open, and tells an error."""

    async def begin() -> None:
        async with service.application.database.snapshot():
            pass

    for turns in range(60):
        beginning = asyncio.create_task(begin())
        for _ in range(turns):
            await asyncio.sleep(0)
        beginning.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await beginning
    assert "active transaction" not in caplog.text
