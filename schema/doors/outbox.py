"""What a socket still has to send: bounded, so that a slow reader costs time and not memory."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from schema.doors.messages import Close

SLOW_READER = 1013  # "try again later": clients reconnect and resume


@dataclass(eq=False, slots=True)
class Source:
    """Who put a frame in: once silenced, its unsent frames are dropped."""

    silenced: bool = field(default=False)


class Outbox:
    """Frames in order. `put` waits while `unsent_bytes` or more wait to be sent.

    Nobody makes a frame before the last one was put, so a socket holds at most the bound, one frame over, and
    one for each of its operations.
    """

    def __init__(self, unsent_bytes: int, stall_seconds: float) -> None:
        self._unsent_bytes = unsent_bytes
        self._stall_seconds = stall_seconds
        self._frames: deque[tuple[str, Source | None]] = deque()
        self._size = 0
        self._filled = asyncio.Event()
        self._drained = asyncio.Event()

    async def put(self, frame: str, source: Source | None = None) -> None:
        """Queues a frame, once there is room."""
        while self._size >= self._unsent_bytes:
            self._drained.clear()
            await self._drained.wait()
        self._frames.append((frame, source))
        self._size += len(frame)
        self._filled.set()

    async def drain(self, send: Callable[[str], Awaitable[None]]) -> None:
        """Sends for ever. Raises `Close` if one frame cannot be handed over in `stall_seconds`."""
        while True:
            while not self._frames:
                self._filled.clear()
                await self._filled.wait()
            frame, source = self._frames.popleft()
            try:
                if source is None or not source.silenced:
                    async with asyncio.timeout(self._stall_seconds):
                        await send(frame)
            except TimeoutError:
                raise Close(SLOW_READER, "The client reads too slowly; reconnect and resume.") from None
            finally:
                self._size -= len(frame)
                self._drained.set()
