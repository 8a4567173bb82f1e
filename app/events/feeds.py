"""One followed scope in this process: puts what arrives into seq order and hands it to the followers."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import structlog
from broadcaster import Broadcast

from app import metrics
from app.db import Database
from app.events.doorbell import channel_of, read_message
from app.events.frames import FrameReason
from app.events.log import events_after
from app.events.models import Event, Scope
from app.events.resuming import PAGE

log = structlog.get_logger(__name__)

REORDER_SECONDS = 0.02
"""How long a gap may last before the log is read: messages of two commits can arrive swapped."""


class Session(Protocol):
    """What a stream needs to know of the connection it runs on."""

    @property
    def expires_at(self) -> float: ...

    @property
    def session_id(self) -> UUID: ...


class Follower:
    """One stream of a scope: a bounded queue of events, and at most one reason to end."""

    def __init__(self, user_id: UUID, session: Session, limit: int) -> None:
        self.user_id = user_id
        self.session = session
        self.waiting: deque[Event] = deque()
        self.ended: FrameReason | None = None
        self.wake = asyncio.Event()
        self._limit = limit

    def offer(self, events: Sequence[Event]) -> None:
        """Queue events; a reader who cannot keep up is told to resync instead of filling the memory."""
        if self.ended is not None:
            return
        if len(self.waiting) + len(events) > self._limit:
            self.end(FrameReason.TOO_SLOW)
            return
        self.waiting.extend(events)
        self.wake.set()

    def end(self, reason: FrameReason) -> None:
        """End the stream; what is still queued is not sent."""
        if self.ended is None:
            self.ended = reason
            self.waiting.clear()
            self.wake.set()


class Feed:
    """A followed scope. ``head`` is the last seq that was handed to the followers."""

    def __init__(self, scope_id: UUID, database: Database, broadcast: Broadcast) -> None:
        self.scope_id = scope_id
        self.clock: Scope | None = None
        self.head = 0
        self.head_event_id: UUID | None = None
        self.followers: set[Follower] = set()
        self.opened = asyncio.Lock()
        self._database = database
        self._broadcast = broadcast
        self._heard: dict[int, Event] = {}
        self._target = 0
        self._rung = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Subscribe first, then read the head: what commits in between is heard or read, never missed."""
        subscribed = asyncio.Event()
        self._tasks = [asyncio.create_task(self._listen(subscribed))]
        await subscribed.wait()

    def start(self, clock: Scope) -> None:
        """Begin to hand out what comes after this head."""
        self.clock, self.head, self.head_event_id = clock, clock.seq, clock.head_event_id
        self._tasks.append(asyncio.create_task(self._pump()))

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    def hint(self, seq: int, events: Sequence[Event] = ()) -> None:
        """The log has grown to ``seq``; ``events`` may be some of what is new."""
        for event in events:
            if event.seq > self.head:
                self._heard[event.seq] = event
        self._target = max(self._target, seq)
        self._rung.set()

    def replaced(self, clock: Scope) -> bool:
        """Whether the log is no longer the one that was followed (a restored database)."""
        if clock.seq < self.head:
            return True
        return clock.seq == self.head and clock.head_event_id != self.head_event_id

    async def _listen(self, subscribed: asyncio.Event) -> None:
        async with self._broadcast.subscribe(channel_of(self.scope_id)) as messages:
            subscribed.set()
            while True:
                message = await messages.get()
                try:
                    seq, events = read_message(message.message)
                except (ValueError, KeyError, TypeError) as fault:
                    log.warning("unreadable_message", scope=str(self.scope_id), error=repr(fault))
                else:
                    self.hint(seq, events)

    async def _pump(self) -> None:
        while True:
            await self._rung.wait()
            self._rung.clear()
            while self._target > self.head:
                try:
                    await self._advance()
                except (
                    Exception  # noqa: BLE001
                ) as fault:  # the database is away: the comparison pauses the streams meanwhile
                    log.warning("feed_cannot_read_log", scope=str(self.scope_id), error=repr(fault))
                    await asyncio.sleep(0.2)

    async def _advance(self) -> None:
        ready = self._in_order()
        if not ready:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._rung.wait(), REORDER_SECONDS)
                self._rung.clear()
            ready = self._in_order() or await self._from_log()
        if ready:
            self._hand_out(ready)

    def _in_order(self) -> list[Event]:
        ready: list[Event] = []
        while (event := self._heard.pop(self.head + len(ready) + 1, None)) is not None:
            ready.append(event)
        return ready

    async def _from_log(self) -> list[Event]:
        async with self._database.snapshot() as reader:
            return await events_after(reader, self.scope_id, self.head, upto=self._target, limit=PAGE)

    def _hand_out(self, events: list[Event]) -> None:
        if events[0].seq != self.head + 1:
            raise RuntimeError(f"the log of {self.scope_id} has a gap after {self.head}")
        self.head, self.head_event_id = events[-1].seq, events[-1].id
        for seq in [seq for seq in self._heard if seq <= self.head]:
            del self._heard[seq]
        lag = time.time() - events[-1].recorded_at.timestamp()
        metrics.HUB_LAG.observe(max(lag, 0))
        for follower in list(self.followers):
            follower.offer(events)
