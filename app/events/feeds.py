"""One followed scope in this process: puts what arrives into seq order and hands it to the followers.

Every step is linked to the one before: a message's event is taken only if it names the last event handed out as its
predecessor, and the log is read together with that event. So no follower is ever led from one history into
another, whatever arrives, and whatever stands in the database's place.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import structlog
from broadcaster import Broadcast

from app import metrics
from app.db import Database
from app.events.cursors import Cursor
from app.events.doorbell import LOOK_AGAIN, channel_of, read_message
from app.events.followers import Follower, Queue
from app.events.frames import FrameReason
from app.events.log import Position, clocks
from app.events.models import Event, Scope
from app.events.resuming import PAGE, OtherHistory, linked_events

if TYPE_CHECKING:
    from app.events.audiences import Audience

log = structlog.get_logger(__name__)

REORDER_SECONDS = 0.02
"""How long a gap may last before the log is read: messages of two commits can arrive swapped."""

OPENING_SECONDS = 5
"""How long an end waits for an opening that is under way: interrupted, it would leave its channel subscribed."""

AGAIN_SECONDS = 0.2
"""Between two attempts to read a log that cannot be read."""

_HEARD = 1_000
"""Events kept that arrived before their predecessors; the log has them all."""


class Feed:
    """A followed scope. ``head`` is the last seq that was handed to the followers.

    Opened once, by whoever comes first, and used until it is ``over``: left by its last follower, replaced, or failed.
    ``doubt`` is called when it may be that not all who follow may read any more: since ``doubted_at`` (monotonic).
    """

    def __init__(
        self, scope_id: UUID, database: Database, broadcast: Broadcast, doubt: Callable[[], None]
    ) -> None:
        self.scope_id = scope_id
        self.clock: Scope | None = None
        self.head = 0
        self.head_event_id: UUID | None = None
        self.followers: set[Follower] = set()
        self.audiences: dict[Hashable, Audience] = {}
        self.over = self.closing = False
        self.closed = asyncio.Event()
        self.doubted_at = -math.inf
        self._doubt = doubt
        self._database = database
        self._broadcast = broadcast
        self._heard: dict[int, Event] = {}
        self._target = 0
        self._rung = asyncio.Event()
        self._resting = False
        self._opening: asyncio.Task[None] | None = None
        self._subscribed = contextlib.AsyncExitStack()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def position(self) -> Position:
        """Where the followers' queues begin now."""
        return Position(self.scope_id, self.head, Cursor.at(self.scope_id, self.head, self.head_event_id))

    @property
    def left(self) -> bool:
        """Nobody follows it."""
        return not self.followers and not self.audiences

    def people(self) -> set[UUID]:
        """All who follow it."""
        found = {follower.user_id for follower in self.followers}
        for audience in self.audiences.values():
            found.update(listener.user_id for listener in audience.listeners)
        return found

    async def opened(self) -> None:
        """Once it hands out what is new. Nobody's going away stops the opening: others may wait for it too."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        await asyncio.shield(self._opening)

    async def _open(self) -> None:
        """Subscribe first, then read the head: what commits in between is heard or read, never missed."""
        try:
            messages = await self._subscribed.enter_async_context(
                self._broadcast.subscribe(channel_of(self.scope_id))
            )
            self._tasks.append(asyncio.create_task(self._listen(messages)))
            async with self._database.snapshot() as reader:
                clock = (await clocks(reader, [self.scope_id]))[self.scope_id]
        except BaseException:
            self.over = True
            raise
        self.clock, self.head, self.head_event_id = clock, clock.seq, clock.head_event_id
        self._tasks.append(asyncio.create_task(self._pump()))

    async def close(self) -> None:
        """End it, whatever state it is in."""
        try:
            if self._opening is not None:
                done, _ = await asyncio.wait([self._opening], timeout=OPENING_SECONDS)
                if not done:
                    self._opening.cancel()
                    await asyncio.wait([self._opening])
                if not self._opening.cancelled():
                    self._opening.exception()  # was told to those who waited for it
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._subscribed.aclose()
        finally:
            self.closed.set()

    def replace(self) -> None:
        """The log is no longer the one that was followed (a restored database): everybody must load anew."""
        self.over = True
        for queue in self._queues():
            queue.end(FrameReason.OTHER_HISTORY)

    def hint(self, seq: int, events: Sequence[Event] = ()) -> None:
        """The log has grown to ``seq``; ``events`` may be some of what is new. Neither is believed unseen.

        What follows on the head is handed out at once, unless the log is being read just now.
        """
        if len(self._heard) >= _HEARD:
            self._heard.clear()
        for event in events:
            if event.seq > self.head:
                self._heard[event.seq] = event
        self._target = max(self._target, seq)
        if self._resting and not self.over:
            self._hand_out(self._in_order())
        if self._target > self.head:
            self._rung.set()

    def hear(self, message: bytes | str) -> None:
        """A message has come, of whatever kind."""
        if message in (LOOK_AGAIN, LOOK_AGAIN.decode()):
            self.doubted_at = time.monotonic()
            self._doubt()
            return
        try:
            self.hint(*read_message(message, self.scope_id, self.head))
        except Exception as fault:  # noqa: BLE001 (whatever it was: the log is read instead)
            log.warning("unreadable_message", scope=str(self.scope_id), error=repr(fault))

    async def _listen(self, messages: object) -> None:
        while True:
            self.hear((await messages.get()).message)  # type: ignore[attr-defined]

    async def _pump(self) -> None:
        while True:
            self._resting = True
            await self._rung.wait()
            self._resting = False
            self._rung.clear()
            try:
                while self._target > self.head:
                    await self._advance()
            except OtherHistory:
                log.warning("other_history", scope=str(self.scope_id), seq=self.head)
                return self.replace()
            except Exception as fault:  # noqa: BLE001 (the database is away: the comparison pauses the streams)
                log.warning("feed_cannot_read_log", scope=str(self.scope_id), error=repr(fault))
                await asyncio.sleep(AGAIN_SECONDS)
                self._rung.set()

    async def _advance(self) -> None:
        if self._hand_out(self._in_order()):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(REORDER_SECONDS):
                await self._rung.wait()
        self._rung.clear()
        if not self._hand_out(self._in_order()):
            await self._read_log()

    def _in_order(self) -> list[Event]:
        """What was heard and follows on the head, each naming the one before it."""
        ready: list[Event] = []
        last = self.head_event_id
        while (event := self._heard.pop(self.head + len(ready) + 1, None)) is not None:
            if event.previous_id != last:
                break
            ready.append(event)
            last = event.id
        return ready

    async def _read_log(self) -> None:
        """What the log has, which may be less than was told: a message can lie, the log cannot."""
        told, self._target = self._target, self.head
        try:
            async with self._database.snapshot(scopes=[self.scope_id]) as reader:
                events = await linked_events(reader, self.position.cursor, told)
        except BaseException:
            self._target = max(self._target, told)
            raise
        if self._hand_out(events) and len(events) == PAGE:
            self._target = max(self._target, told)

    def _hand_out(self, events: list[Event]) -> bool:
        if not events:
            return False
        if [event.seq for event in events] != list(range(self.head + 1, self.head + 1 + len(events))):
            raise RuntimeError(f"the log of {self.scope_id} has a gap after {self.head}")
        self.head, self.head_event_id = events[-1].seq, events[-1].id
        for seq in [seq for seq in self._heard if seq <= self.head]:
            del self._heard[seq]
        lag = time.time() - events[-1].recorded_at.timestamp()
        metrics.HUB_LAG.observe(max(lag, 0))
        for queue in self._queues():
            queue.offer(events)
        return True

    def _queues(self) -> list[Queue]:
        return [*self.followers, *(audience.queue for audience in self.audiences.values())]
