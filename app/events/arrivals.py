"""Who begins to follow what: those who come together are looked up together, in one snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from app.db import Database, Reader
from app.errors import NotFound
from app.events.cursors import Cursor
from app.events.frames import FrameReason
from app.events.log import clocks, event_ids_at
from app.events.models import Scope
from app.events.resuming import refusal

Pair = tuple[UUID, UUID]
Readable = Callable[[Reader, list[Pair]], Awaitable[set[Pair]]]
"""Given (person, scope) pairs, those in which the person may read the scope."""

AT_ONCE = 500
"""Looked up in one snapshot."""

FEW = 2
GATHER_SECONDS = 0.01
"""How long the next are waited for if more than ``FEW`` came together: a snapshot costs as much as several of them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a scope's log stands, for somebody who may read it; and why it cannot be followed from their cursor."""

    clock: Scope
    reason: FrameReason | None


@dataclass(slots=True)
class _Arrival:
    user_id: UUID
    scope_id: UUID
    after: Cursor | None
    told: asyncio.Future[Standing]


class Arrivals:
    """Looks up one portion after the other; who comes meanwhile is of the next."""

    def __init__(self, database: Database, readable: Readable) -> None:
        self._database = database
        self._readable = readable
        self._waiting: list[_Arrival] = []
        self._task: asyncio.Task[None] | None = None

    async def look_up(self, user_id: UUID, scope_id: UUID, after: Cursor | None = None) -> Standing:
        """Raises ``NotFound`` for a scope that is not there for this person, ``Unavailable`` without a database."""
        arrival = _Arrival(user_id, scope_id, after, asyncio.get_running_loop().create_future())
        self._waiting.append(arrival)
        if self._task is None:
            self._task = asyncio.create_task(self._look_up_all())
        return await arrival.told

    async def close(self) -> None:
        """Nobody waits any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _look_up_all(self) -> None:
        try:
            while self._waiting:
                arrivals, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                await self._look_up(arrivals)
                if len(arrivals) > FEW:
                    await asyncio.sleep(GATHER_SECONDS)
        finally:
            self._task = None

    async def _look_up(self, arrivals: list[_Arrival]) -> None:
        scopes = list({arrival.scope_id for arrival in arrivals})
        pairs = list({(arrival.user_id, arrival.scope_id) for arrival in arrivals})
        cursors = {arrival.after for arrival in arrivals if arrival.after is not None}
        try:
            async with self._database.snapshot(scopes=scopes) as reader:
                readable = await self._readable(reader, pairs)
                found = await clocks(reader, scopes)
                known = await event_ids_at(reader, [(one.scope_id, one.seq) for one in cursors])
        except Exception as fault:  # noqa: BLE001 (whatever it was, those who wait must hear of it)
            for arrival in arrivals:
                if not arrival.told.done():
                    arrival.told.set_exception(fault)
            return
        for arrival in arrivals:
            if arrival.told.done():
                continue
            clock = self._clock_of(arrival.user_id, arrival.scope_id, readable, found)
            if isinstance(clock, Exception):
                arrival.told.set_exception(clock)
            else:
                arrival.told.set_result(Standing(clock, _refusal(arrival.after, clock, known)))

    def _clock_of(
        self, user_id: UUID, scope_id: UUID, readable: set[Pair], found: Mapping[UUID, Scope]
    ) -> Scope | Exception:
        if (user_id, scope_id) not in readable:
            return NotFound("Scope", path=("scope",))
        return found[scope_id]


def _refusal(
    after: Cursor | None, clock: Scope, known: Mapping[tuple[UUID, int], UUID]
) -> FrameReason | None:
    return None if after is None else refusal(after, clock, known.get((after.scope_id, after.seq)))
