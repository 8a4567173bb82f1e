"""Fan-out of the log in one process: one feed per followed scope, one follower per stream.

Postgres is the truth and Redis the doorbell: messages may be lost, doubled, late or swapped. Twice a second the heads
and access stamps of all followed scopes are compared with the database in one statement; while that
fails for more than a second, streams pause, because nobody knows then who may still read what.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from uuid import UUID

import structlog
from broadcaster import Broadcast

from app import metrics
from app.db import Database, Reader, sql
from app.errors import NotFound, Unavailable
from app.events.cursors import Cursor
from app.events.feeds import Feed
from app.events.followers import Follower, Session
from app.events.frames import EventFrame, FrameKind, FrameReason
from app.events.log import Position, clocks
from app.events.models import Event, Scope
from app.events.resuming import OtherHistory, head_of, linked_events, position_after, refuse_resume

log = structlog.get_logger(__name__)

Readable = Callable[[Reader, list[tuple[UUID, UUID]]], Awaitable[set[tuple[UUID, UUID]]]]
"""Given (person, scope) pairs, those in which the person may read the scope."""

PAUSE_AFTER_SECONDS = 1.0
"""The age of the last comparison at which streams pause: what an access lost meanwhile can still be sent."""

COMPARE_SECONDS = 5.0
LOOK_SECONDS = 0.1  # how often a paused stream looks whether it must end
_RESYNCS = (FrameReason.TOO_SLOW, FrameReason.OTHER_HISTORY)
_ENDED_SIGN_INS = sql("SELECT sign_ins_ended($1) AS id", "seconds")


class Hub:
    """Follows scopes for this process's streams. ``comparing`` has a connection of its own, which is never busy."""

    def __init__(
        self, database: Database, comparing: Database, broadcast: Broadcast, readable: Readable, *,
        queue_limit: int, heartbeat_seconds: float, compare_seconds: float, token_seconds: int,
    ) -> None:  # fmt: skip
        self._database = database
        self._comparing = comparing
        self._broadcast = broadcast
        self._readable = readable
        self._queue_limit = queue_limit
        self._heartbeat = heartbeat_seconds
        self._compare_every = compare_seconds
        self._pause_after = max(PAUSE_AFTER_SECONDS, 2 * compare_seconds)
        self._token_seconds = token_seconds
        self._feeds: dict[UUID, Feed] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._compared_at = time.monotonic()
        self._compared = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ended_here: set[UUID] = set()
        for reason in _RESYNCS:  # so that every reason is there to be watched before it first happens
            metrics.RESYNCS.labels(reason.value)
        self.ended_sign_ins: frozenset[UUID] = frozenset()

    async def open(self) -> None:
        """Connect to the doorbell and begin to compare."""
        await self._broadcast.connect()
        await self._compare()
        self._task = asyncio.create_task(self._compare_for_ever())

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        for feed in list(self._feeds.values()):
            self._retire(feed)
        if self._closing:
            await asyncio.wait(self._closing)
        await self._broadcast.disconnect()

    def end_sign_in(self, sign_in_id: UUID) -> None:
        """A sign-in ended in this process: its streams end now rather than at the next comparison."""
        self._ended_here.add(sign_in_id)
        self.ended_sign_ins |= {sign_in_id}
        self._end_sessions()

    async def follow(
        self, user_id: UUID, session: Session, scope_id: UUID, after: Cursor | None
    ) -> AsyncGenerator[EventFrame]:
        """Replay what was missed after the cursor, then go on live, without gap or doubling.

        Without a cursor it begins at the head, with a frame that says where that is. Raises ``NotFound``
        for a scope that is not there for this person. Ends after a RESYNC or ENDED frame.
        """
        async with self._following(user_id, session, scope_id) as (feed, follower):
            joined = feed.position
            async with self._database.snapshot(scopes=[scope_id]) as reader:
                clock = await self._clock_for(reader, user_id, scope_id)
                reason = await refuse_resume(reader, after, clock) if after is not None else None
            if reason is not None:
                metrics.RESYNCS.labels(reason.value).inc()
                yield EventFrame(FrameKind.RESYNC, head_of(clock), reason=reason)
                return
            position = Position(scope_id, after.seq, after) if after is not None else head_of(clock)
            if position.seq == clock.seq:
                yield EventFrame(FrameKind.HEARTBEAT, position)
            due = False
            while True:
                if position.seq >= joined.seq:
                    due = await self._wait(follower)
                if (reason := await self._fit(follower)) is not None:
                    break
                if position.seq < joined.seq:
                    events = await self._missed(follower, position, joined)
                else:
                    events = follower.take(position)
                if follower.ended is not None:
                    continue
                if events:
                    position = position_after(events[-1])
                    more = position.seq < joined.seq or follower.waiting > 0
                    yield EventFrame(FrameKind.EVENTS, position, events, more=more)
                elif due:
                    yield EventFrame(FrameKind.HEARTBEAT, position)
            yield self._last_frame(reason, position)

    @contextlib.asynccontextmanager
    async def _following(
        self, user_id: UUID, session: Session, scope_id: UUID
    ) -> AsyncIterator[tuple[Feed, Follower]]:
        if scope_id not in self._feeds:  # nobody can make us listen to what is not there for them
            async with self._database.snapshot() as reader:
                await self._clock_for(reader, user_id, scope_id)
        feed = await self._feed(scope_id)
        follower = Follower(user_id, session, self._queue_limit)
        feed.followers.add(follower)
        metrics.SUBSCRIBERS.inc()
        try:
            await feed.opened()
            yield feed, follower
        finally:
            metrics.SUBSCRIBERS.dec()
            feed.followers.discard(follower)
            if not feed.followers:
                self._retire(feed)

    async def _feed(self, scope_id: UUID) -> Feed:
        """The scope's feed. There is one at a time: the next opens when the last has closed."""
        while (feed := self._feeds.get(scope_id)) is not None and feed.over:
            self._retire(feed)
            await feed.closed.wait()
        if feed is None:
            feed = self._feeds[scope_id] = Feed(scope_id, self._database, self._broadcast)
        return feed

    def _retire(self, feed: Feed) -> None:
        """Close a feed, in a task of its own: whoever left last may be leaving in haste."""
        if feed.closing:
            return
        feed.over = feed.closing = True
        task = asyncio.create_task(self._close(feed))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, feed: Feed) -> None:
        try:
            await feed.close()
        finally:
            self._feeds.pop(feed.scope_id, None)

    async def _clock_for(self, reader: Reader, user_id: UUID, scope_id: UUID) -> Scope:
        if not await self._readable(reader, [(user_id, scope_id)]):
            raise NotFound("Scope", path=("scope",))
        return (await clocks(reader, [scope_id]))[scope_id]

    async def _missed(self, follower: Follower, position: Position, joined: Position) -> list[Event]:
        """A page of the log between where the stream is and where its queue begins."""
        try:
            async with self._database.snapshot(scopes=[position.scope_id]) as reader:
                events = await linked_events(reader, position.cursor, joined.seq)
        except Unavailable:
            # If it lasts, the stream then pauses like all others.
            await asyncio.sleep(LOOK_SECONDS)
            return []
        except OtherHistory:
            events = []
        if not events or (events[-1].seq == joined.seq and position_after(events[-1]) != joined):
            follower.end(FrameReason.OTHER_HISTORY)
        return events

    async def _wait(self, follower: Follower) -> bool:
        """Until there are events, or the stream must end, or a heartbeat is due (then: True)."""
        follower.wake.clear()
        if follower.waiting or follower.ended is not None:
            return False
        remaining = max(follower.session.expires_at - time.time(), 0)
        try:
            async with asyncio.timeout(min(self._heartbeat, remaining)):
                await follower.wake.wait()
        except TimeoutError:
            return self._heartbeat <= remaining
        return False

    async def _fit(self, follower: Follower) -> FrameReason | None:
        """Wait until a comparison succeeded lately, or the stream must end (then: why)."""
        while not follower.end_if_expired() and self._compared_ago() > self._pause_after:
            metrics.HUB_PAUSED.set(1)
            self._compared.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._compared.wait()
        return follower.ended

    def _last_frame(self, reason: FrameReason, position: Position) -> EventFrame:
        resync = reason in _RESYNCS
        if resync:
            metrics.RESYNCS.labels(reason.value).inc()
        return EventFrame(FrameKind.RESYNC if resync else FrameKind.ENDED, position, reason=reason)

    def _compared_ago(self) -> float:
        return time.monotonic() - self._compared_at

    async def problem(self) -> str | None:
        """Why this process is not ready, or None: the comparison must have succeeded lately."""
        if self._compared_ago() > self._pause_after + self._compare_every:
            return "the database cannot be read"
        return None

    async def _compare_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._compare_every)
            try:
                async with asyncio.timeout(COMPARE_SECONDS):
                    await self._compare()
            except Exception as fault:  # noqa: BLE001 (goes on for ever: the streams pause until it succeeds again)
                log.warning("comparison_failed", error=repr(fault))

    async def _compare(self) -> None:
        began = time.monotonic()
        # What was handed out before the snapshot is in it; what is handed out while it is read need not be.
        seen = [
            (feed, feed.position, feed.clock)
            for feed in self._feeds.values()
            if feed.clock is not None and not feed.over
        ]
        async with self._comparing.snapshot() as reader:
            ended = await reader.rows(_ENDED_SIGN_INS, seconds=float(self._token_seconds + 60))
            now = await clocks(reader, [feed.scope_id for feed, _, _ in seen]) if seen else {}
            changed = []
            for feed, position, before in seen:
                clock = now.get(feed.scope_id)
                if clock is None or not _continues(clock, position):
                    feed.replace()
                    self._retire(feed)
                    continue
                feed.hint(clock.seq)
                if clock.access_stamp != before.access_stamp:
                    changed.append(feed)
            await self._recheck(reader, changed)
        for feed in changed:
            feed.clock = now[feed.scope_id]  # only now: a recheck that failed is made again
        found = frozenset(row.id for row in ended)
        self._ended_here -= found
        self.ended_sign_ins = found | self._ended_here
        self._end_sessions()
        self._compared_at = began
        self._compared.set()
        metrics.HUB_PAUSED.set(0)

    def _end_sessions(self) -> None:
        for feed in self._feeds.values():
            for follower in list(feed.followers):
                if follower.session.session_id in self.ended_sign_ins:
                    follower.end(FrameReason.SIGNED_OUT)
                else:
                    follower.end_if_expired()  # a token may have been renewed by one that ends sooner

    async def _recheck(self, reader: Reader, feeds: list[Feed]) -> None:
        pairs = {(follower.user_id, feed.scope_id) for feed in feeds for follower in feed.followers}
        if not pairs:
            return
        allowed = await self._readable(reader, list(pairs))
        for feed in feeds:
            for follower in list(feed.followers):
                pair = (follower.user_id, feed.scope_id)
                if pair in pairs and pair not in allowed:
                    follower.end(FrameReason.ACCESS_LOST)


def _continues(clock: Scope, position: Position) -> bool:
    """Whether a log can be the one that was followed up to a position. If it is longer, reading on will tell."""
    if clock.seq == position.seq:
        return head_of(clock) == position
    return clock.seq > position.seq
