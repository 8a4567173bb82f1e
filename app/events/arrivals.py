"""Who begins to follow what: those who come together are looked up together, in one snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from uuid import UUID

import structlog

from app.db import Database, Reader
from app.errors import NotFound, Unavailable
from app.events.cursors import Cursor
from app.events.frames import FrameReason
from app.events.log import clocks, event_ids_at
from app.events.models import Scope
from app.events.resuming import refusal

log = structlog.get_logger(__name__)

Pair = tuple[UUID, UUID]
Readable = Callable[[Reader, list[Pair]], Awaitable[set[Pair]]]
"""Given (person, scope) pairs, those in which the person may read the scope."""

AT_ONCE = 500
"""Looked up in one snapshot."""

TOLD_AT_ONCE = 100
"""Before the process turns to others."""

FEW = 2
GATHER_SECONDS = 0.01
"""How long the next are waited for if more than ``FEW`` came together: a snapshot costs as much as several of them."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a scope's log stands, for somebody who may read it; and why it cannot be followed from their cursor."""

    clock: Scope
    reason: FrameReason | None


Told = Callable[[Standing | Exception], None]
"""Is told what was found. It may neither raise nor take long: others wait to be told, too."""


@dataclass(slots=True)
class _Arrival:
    user_id: UUID
    scope_id: UUID
    after: Cursor | None
    told: Told


class Arrivals:
    """Looks up one portion after the other; who comes meanwhile is of the next."""

    def __init__(self, database: Database, readable: Readable) -> None:
        self._database = database
        self._readable = readable
        self._waiting: list[_Arrival] = []
        self._task: asyncio.Task[None] | None = None

    async def look_up(self, user_id: UUID, scope_id: UUID, after: Cursor | None = None) -> Standing:
        """Raises ``NotFound`` for a scope that is not there for this person, ``Unavailable`` without a database."""
        found: asyncio.Future[Standing] = asyncio.get_running_loop().create_future()
        self.ask(user_id, scope_id, after, partial(_settle, found))
        return await found

    def ask(self, user_id: UUID, scope_id: UUID, after: Cursor | None, told: Told) -> None:
        """The same for who has no task to wait in."""
        self._waiting.append(_Arrival(user_id, scope_id, after, told))
        if self._task is None:
            self._task = asyncio.create_task(self._look_up_all())

    async def close(self) -> None:
        """Nobody waits any more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        waiting, self._waiting = self._waiting, []
        for arrival in waiting:
            _tell(arrival, Unavailable())

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
        except BaseException as fault:
            # Whatever it was, those who wait must hear of it.
            for arrival in arrivals:
                _tell(arrival, fault if isinstance(fault, Exception) else Unavailable())
            if not isinstance(fault, Exception):
                raise
            return
        for number, arrival in enumerate(arrivals, 1):
            clock = self._clock_of(arrival.user_id, arrival.scope_id, readable, found)
            if isinstance(clock, Exception):
                _tell(arrival, clock)
            else:
                _tell(arrival, Standing(clock, _refusal(arrival.after, clock, known)))
            if number % TOLD_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _clock_of(
        self, user_id: UUID, scope_id: UUID, readable: set[Pair], found: Mapping[UUID, Scope]
    ) -> Scope | Exception:
        if (user_id, scope_id) not in readable:
            return NotFound("Scope", path=("scope",))
        return found[scope_id]


def _tell(arrival: _Arrival, found: Standing | Exception) -> None:
    try:
        arrival.told(found)
    except Exception as fault:
        log.exception("arrival_failed", scope=str(arrival.scope_id), exc_info=fault)


def _settle(found: asyncio.Future[Standing], told: Standing | Exception) -> None:
    if found.done():
        return  # nobody waits any more
    if isinstance(told, Exception):
        found.set_exception(told)
    else:
        found.set_result(told)


def _refusal(
    after: Cursor | None, clock: Scope, known: Mapping[tuple[UUID, int], UUID]
) -> FrameReason | None:
    return None if after is None else refusal(after, clock, known.get((after.scope_id, after.seq)))
