"""How tasks that run for ever are ended."""

from __future__ import annotations

import asyncio
import contextlib

AGAIN_SECONDS = 0.2


async def stop(task: asyncio.Task[None]) -> None:
    """Cancel it until it has ended, and raise what it failed with, if it did.

    Once may not do: where what a library tidies up upon a cancellation fails, that is told instead of it, and a task
    that goes on after every failure goes on for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=AGAIN_SECONDS)
    with contextlib.suppress(asyncio.CancelledError):
        task.result()
