"""Deadlines of many sockets, with few timers: those that fall together are kept together."""

from __future__ import annotations

import asyncio
from math import ceil
from typing import Final, Protocol

AT_ONCE: Final = 100
"""Deadlines that come before the process turns to others: those who came together are pinged together, and answer."""


class Timed(Protocol):
    """What has one deadline at a time. ``due``: which; 0 for none."""

    due: int

    def deadline(self) -> None:
        """Called when it has come, or up to a tick later."""


class Deadlines:
    """Deadlines, rounded up to a ``tick`` (seconds)."""

    def __init__(self, tick: float) -> None:
        self._tick = tick
        self._waiting: dict[int, set[Timed]] = {}

    def set(self, timed: Timed, seconds: float) -> None:
        """Its deadline is so far away; it has no other any more."""
        self.drop(timed)
        loop = asyncio.get_running_loop()
        timed.due = ceil((loop.time() + seconds) / self._tick)
        waiting = self._waiting.get(timed.due)
        if waiting is None:
            waiting = self._waiting[timed.due] = set()
            loop.call_at(timed.due * self._tick, self._come, timed.due)
        waiting.add(timed)

    def drop(self, timed: Timed) -> None:
        """It has no deadline any more."""
        if timed.due:
            self._waiting[timed.due].discard(timed)
            timed.due = 0

    def _come(self, due: int) -> None:
        waiting = self._waiting[due]
        for _ in range(min(AT_ONCE, len(waiting))):
            timed = waiting.pop()
            timed.due = 0
            timed.deadline()
        if waiting:
            asyncio.get_running_loop().call_soon(self._come, due)
        else:
            del self._waiting[due]
