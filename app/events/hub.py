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
from app.errors import NotFound
from app.events.cursors import Cursor
from app.events.feeds import Feed, Follower, Session
from app.events.frames import EventFrame, FrameKind, FrameReason
from app.events.log import Position, clocks, events_after
from app.events.models import Scope
from app.events.resuming import PAGE, head_of, position_after, refuse_resume

log = structlog.get_logger(__name__)

Readable = Callable[[Reader, list[tuple[UUID, UUID]]], Awaitable[set[tuple[UUID, UUID]]]]
"""Given (person, scope) pairs, those in which the person may read the scope."""

PAUSE_AFTER_SECONDS = 1.0

_ENDED_SIGN_INS = sql("SELECT id FROM sign_ins WHERE ended_at > now() - make_interval(secs => $1)", "seconds")


class Hub:
    """Follows scopes for this process's streams."""

    def __init__(
        self, database: Database, broadcast: Broadcast, readable: Readable, *,
        queue_limit: int, heartbeat_seconds: float, compare_seconds: float, token_seconds: int,
    ) -> None:  # fmt: skip
        self._database = database
        self._broadcast = broadcast
        self._readable = readable
        self._queue_limit = queue_limit
        self._heartbeat = heartbeat_seconds
        self._compare_every = compare_seconds
        self._token_seconds = token_seconds
        self._feeds: dict[UUID, Feed] = {}
        self._compared_at = time.monotonic()
        self._compared = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
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
            await feed.close()
        await self._broadcast.disconnect()

    def end_sign_in(self, sign_in_id: UUID) -> None:
        """A sign-in ended in this process: its streams end now rather than at the next comparison."""
        self.ended_sign_ins |= {sign_in_id}
        for feed in self._feeds.values():
            for follower in list(feed.followers):
                if follower.session.session_id == sign_in_id:
                    follower.end(FrameReason.SIGNED_OUT)

    async def follow(
        self, user_id: UUID, session: Session, scope_id: UUID, after: Cursor | None
    ) -> AsyncGenerator[EventFrame]:
        """Replay what was missed after the cursor, then go on live, without gap or doubling.

        Without a cursor it begins at the head, with a frame that says where that is. Raises ``NotFound``
        for a scope that is not there for this person. Ends after a RESYNC or ENDED frame.
        """
        async with self._following(user_id, session, scope_id) as (feed, follower):
            registered_at = feed.head
            async with self._database.snapshot() as reader:
                clock = await self._clock_for(reader, user_id, scope_id)
                reason = await refuse_resume(reader, after, clock) if after is not None else None
            if reason is not None:
                metrics.RESYNCS.labels(reason.value).inc()
                yield EventFrame(FrameKind.RESYNC, head_of(clock), reason=reason)
                return
            position = Position(scope_id, after.seq, after) if after is not None else head_of(clock)
            if after is None or position.seq == clock.seq:
                yield EventFrame(FrameKind.HEARTBEAT, position)
            async for frame in self._replay(scope_id, position.seq, registered_at):
                if follower.ended is not None:
                    break
                await self._healthy()
                yield frame
                assert frame.position is not None
                position = frame.position
            async for frame in self._live(follower, position):
                yield frame

    @contextlib.asynccontextmanager
    async def _following(
        self, user_id: UUID, session: Session, scope_id: UUID
    ) -> AsyncIterator[tuple[Feed, Follower]]:
        follower = Follower(user_id, session, self._queue_limit)
        feed = self._feeds.get(scope_id)
        if feed is None:
            feed = self._feeds[scope_id] = Feed(scope_id, self._database, self._broadcast)
        feed.followers.add(follower)
        metrics.SUBSCRIBERS.inc()
        try:
            async with feed.opened:
                if feed.clock is None:
                    await self._open(feed, user_id)
            yield feed, follower
        finally:
            metrics.SUBSCRIBERS.dec()
            feed.followers.discard(follower)
            if not feed.followers:
                if self._feeds.get(scope_id) is feed:
                    del self._feeds[scope_id]
                await feed.close()

    async def _open(self, feed: Feed, user_id: UUID) -> None:
        async with self._database.snapshot() as reader:
            await self._clock_for(reader, user_id, feed.scope_id)
        await feed.open()
        async with self._database.snapshot() as reader:
            feed.start((await clocks(reader, [feed.scope_id]))[feed.scope_id])

    async def _clock_for(self, reader: Reader, user_id: UUID, scope_id: UUID) -> Scope:
        if not await self._readable(reader, [(user_id, scope_id)]):
            raise NotFound("Scope", path=("scope",))
        return (await clocks(reader, [scope_id]))[scope_id]

    async def _replay(self, scope_id: UUID, seq: int, upto: int) -> AsyncIterator[EventFrame]:
        """The log's events after ``seq`` up to where the queue begins, a page at a time."""
        while seq < upto:
            async with self._database.snapshot() as reader:
                events = await events_after(reader, scope_id, seq, upto=upto, limit=PAGE)
            if not events:
                return
            seq = events[-1].seq
            yield EventFrame(FrameKind.EVENTS, position_after(events[-1]), events, more=seq < upto)

    async def _live(self, follower: Follower, position: Position) -> AsyncIterator[EventFrame]:
        while True:
            ended = await self._wait(follower)
            if ended is not None:
                yield self._last_frame(ended, position)
                return
            await self._healthy()
            if follower.ended is not None:
                continue
            events = [event for event in follower.waiting if event.seq > position.seq][:PAGE]
            while follower.waiting and (not events or follower.waiting[0].seq <= events[-1].seq):
                follower.waiting.popleft()
            if events:
                position = position_after(events[-1])
                yield EventFrame(FrameKind.EVENTS, position, events, more=bool(follower.waiting))
            elif not follower.wake.is_set():
                yield EventFrame(FrameKind.HEARTBEAT, position)

    async def _wait(self, follower: Follower) -> FrameReason | None:
        """Until there are events, a heartbeat is due, or the stream must end (then: why)."""
        if not follower.waiting and follower.ended is None:
            follower.wake.clear()
            remaining = follower.session.expires_at - time.time()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(follower.wake.wait(), max(min(self._heartbeat, remaining), 0))
            follower.wake.clear()
        if follower.ended is not None:
            return follower.ended
        if follower.session.expires_at <= time.time():
            return FrameReason.TOKEN_EXPIRED
        return None

    def _last_frame(self, reason: FrameReason, position: Position) -> EventFrame:
        resync = reason in (FrameReason.TOO_SLOW, FrameReason.OTHER_HISTORY)
        if resync:
            metrics.RESYNCS.labels(reason.value).inc()
        return EventFrame(FrameKind.RESYNC if resync else FrameKind.ENDED, position, reason=reason)

    async def problem(self) -> str | None:
        """Why this process is not ready, or None: the comparison must have succeeded lately."""
        if time.monotonic() - self._compared_at > PAUSE_AFTER_SECONDS + self._compare_every:
            return "the database cannot be read"
        return None

    async def _healthy(self) -> None:
        """Wait until a comparison succeeded within the last second or so."""
        while time.monotonic() - self._compared_at > PAUSE_AFTER_SECONDS + self._compare_every:
            metrics.HUB_PAUSED.set(1)
            self._compared.clear()
            await self._compared.wait()
        metrics.HUB_PAUSED.set(0)

    async def _compare_for_ever(self) -> None:
        while True:
            await asyncio.sleep(self._compare_every)
            try:
                await asyncio.wait_for(self._compare(), 5)
            except Exception as fault:  # noqa: BLE001 (goes on for ever: the streams pause until it succeeds again)
                log.warning("comparison_failed", error=repr(fault))

    async def _compare(self) -> None:
        feeds = {scope: feed for scope, feed in self._feeds.items() if feed.clock is not None}
        async with self._database.snapshot() as reader:
            ended = await reader.rows(_ENDED_SIGN_INS, seconds=float(self._token_seconds + 60))
            now = await clocks(reader, list(feeds)) if feeds else {}
            self.ended_sign_ins = frozenset(row.id for row in ended)
            recheck = []
            for scope_id, feed in feeds.items():
                if self._compare_feed(feed, now.get(scope_id)):
                    recheck.append(feed)
            await self._recheck(reader, recheck)
        for feed in feeds.values():
            for follower in list(feed.followers):
                if follower.session.session_id in self.ended_sign_ins:
                    follower.end(FrameReason.SIGNED_OUT)
        self._compared_at = time.monotonic()
        self._compared.set()

    def _compare_feed(self, feed: Feed, clock: Scope | None) -> bool:
        """Catch up with the log; whether who may read it must be looked at again."""
        before = feed.clock
        assert before is not None
        if clock is None or feed.replaced(clock):
            self._feeds.pop(feed.scope_id, None)
            for follower in list(feed.followers):
                follower.end(FrameReason.OTHER_HISTORY)
            return False
        feed.hint(clock.seq)
        feed.clock = clock
        return clock.access_stamp != before.access_stamp

    async def _recheck(self, reader: Reader, feeds: list[Feed]) -> None:
        pairs = [(follower.user_id, feed.scope_id) for feed in feeds for follower in feed.followers]
        if not pairs:
            return
        allowed = await self._readable(reader, list(set(pairs)))
        for feed in feeds:
            for follower in list(feed.followers):
                if (follower.user_id, feed.scope_id) not in allowed:
                    follower.end(FrameReason.ACCESS_LOST)
