"""Fan-out of the log in one process: one feed per followed scope, one follower per stream.

Postgres is the truth and Redis the doorbell: messages may be lost, doubled, late or swapped. Twice a second the heads
and access stamps of all followed scopes are compared with the database in one statement; while that
fails for more than a second, streams pause, because nobody knows then who may still read what. Where it is heard that
somebody lost a scope, its streams pause until it was compared again, at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, Callable, Hashable
from functools import partial
from uuid import UUID

import structlog
from broadcaster import Broadcast

from app import metrics
from app.db import Database, Reader
from app.errors import Unavailable
from app.events.arrivals import Arrivals, Readable, Standing
from app.events.audiences import Audience
from app.events.cursors import Cursor
from app.events.feeds import Feed
from app.events.followers import Follower, Session
from app.events.frames import RESYNCS, EventFrame, FrameReason
from app.events.listeners import Telling
from app.events.log import Position, clocks
from app.events.models import Scope
from app.events.pursuits import Pursuit
from app.events.resuming import head_of
from app.statements import sql

log = structlog.get_logger(__name__)

PAUSE_AFTER_SECONDS = 1.0
"""The age of the last comparison at which streams pause: what an access lost meanwhile can still be sent."""

COMPARE_SECONDS = 5.0
REST_SECONDS = 0.01  # between two comparisons
LOOK_SECONDS = 0.1  # how often a paused stream looks whether it must end
_ENDED_SIGN_INS = sql("SELECT sign_ins_ended($1) AS id", "seconds")


class Hub:
    """Follows scopes for this process's streams. ``comparing`` has a connection of its own, which is never busy."""

    def __init__(
        self, database: Database, comparing: Database, broadcast: Broadcast, readable: Readable, *,
        queue_limit: int, heartbeat_seconds: float, compare_seconds: float, token_seconds: int,
    ) -> None:  # fmt: skip
        self.database = database
        self._comparing = comparing
        self._broadcast = broadcast
        self._readable = readable
        self._arrivals = Arrivals(database, readable)
        self.queue_limit = queue_limit
        self.heartbeat_seconds = heartbeat_seconds
        self.look_seconds = LOOK_SECONDS
        self._compare_every = compare_seconds
        self._pause_after = max(PAUSE_AFTER_SECONDS, 2 * compare_seconds)
        self._token_seconds = token_seconds
        self._feeds: dict[UUID, Feed] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._compared_at = time.monotonic()
        self._compared = asyncio.Event()
        self._doubted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._ended_here: set[UUID] = set()
        self._closed = False
        for reason in RESYNCS:  # so that every reason is there to be watched before it first happens
            metrics.RESYNCS.labels(reason.value)
        self.ended_sign_ins: frozenset[UUID] = frozenset()

    async def open(self) -> None:
        """Connect to the doorbell and begin to compare."""
        await self._broadcast.connect()
        await self._compare()
        self._task = asyncio.create_task(self._compare_for_ever())

    async def close(self) -> None:
        """Nothing is followed any more."""
        self._closed = True
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._arrivals.close()
        for feed in list(self._feeds.values()):
            self._retire(feed)
        if self._closing:
            await asyncio.wait(self._closing)
        await self._broadcast.disconnect()

    def end_sign_in(self, sign_in_id: UUID) -> None:
        """A sign-in ended in this process: its streams end now rather than at the next comparison."""
        self._ended_here.add(sign_in_id)
        self.ended_sign_ins |= {sign_in_id}
        self._sign_out(frozenset({sign_in_id}))

    def hear(self, scope_id: UUID, message: bytes) -> None:
        """A doorbell's message, from within this process."""
        if (feed := self._feeds.get(scope_id)) is not None:
            feed.hear(message)

    def expect_end(self, expires_at: float) -> None:
        """A token was renewed by one that runs out then, which may be sooner."""
        for feed in self._feeds.values():
            for audience in feed.audiences.values():
                audience.expect_end(expires_at)

    async def follow(
        self, user_id: UUID, session: Session, scope_id: UUID, after: Cursor | None
    ) -> AsyncGenerator[EventFrame]:
        """The frames of a stream that goes its own way, as ``pursue`` gives them."""
        pursuit = await self.pursue(user_id, session, scope_id, after)
        try:
            while (frame := await pursuit.next()) is not None:
                yield frame
        finally:
            pursuit.leave()

    async def pursue(self, user_id: UUID, session: Session, scope_id: UUID, after: Cursor | None) -> Pursuit:
        """Replay what was missed after the cursor, then go on live, without gap or doubling.

        Without a cursor it begins at the head, with a frame that says where that is. Raises ``NotFound``
        for a scope that is not there for this person. Ends after a RESYNC or ENDED frame.
        """
        if scope_id not in self._feeds:  # nobody can make us listen to what is not there for them
            await self._arrivals.look_up(user_id, scope_id)
        feed = await self._feed(scope_id)
        pursuit = Pursuit(self, feed, follower := Follower(user_id, session, self.queue_limit))
        if session.session_id in self.ended_sign_ins:  # since it began; from here on it is looked for
            follower.end(FrameReason.SIGNED_OUT)
        try:
            await feed.opened()
            joined = feed.position
            _begin(pursuit, joined, after, await self._arrivals.look_up(user_id, scope_id, after))
        except BaseException:
            pursuit.leave()
            raise
        return pursuit

    def pursue_now(
        self,
        user_id: UUID,
        session: Session,
        scope_id: UUID,
        after: Cursor | None,
        told: Callable[[Exception | None], None],
    ) -> Pursuit | None:
        """The same for who has no task to wait in: it can be followed once ``told`` is called with None, and not by
        this person if with an exception. None: nobody follows this scope yet, which takes a task.
        """
        feed = self._feeds.get(scope_id)
        if feed is None or feed.over or feed.clock is None:
            return None
        pursuit = Pursuit(self, feed, follower := Follower(user_id, session, self.queue_limit))
        if session.session_id in self.ended_sign_ins:
            follower.end(FrameReason.SIGNED_OUT)
        self._arrivals.ask(user_id, scope_id, after, partial(_come, pursuit, feed.position, after, told))
        return pursuit

    def audience(self, feed: Feed, key: Hashable, telling: Callable[[], Telling]) -> Audience:
        """Those who get the same frames of a feed. ``telling`` makes what is needed for the first of them."""
        found = feed.audiences.get(key)
        if found is None:
            found = feed.audiences[key] = Audience(self, feed, key, telling())
        return found

    def let_go(self, feed: Feed) -> None:
        """Somebody has left a feed; the last one closes it."""
        if feed.left:
            self._retire(feed)

    async def _feed(self, scope_id: UUID) -> Feed:
        """The scope's feed. There is one at a time: the next opens when the last has closed. Raises `Unavailable`."""
        if self._closed:
            raise Unavailable()
        while (feed := self._feeds.get(scope_id)) is not None and feed.over:
            self._retire(feed)
            await feed.closed.wait()
        if feed is None:
            feed = self._feeds[scope_id] = Feed(scope_id, self.database, self._broadcast, self._doubted.set)
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
            for audience in feed.audiences.values():
                audience.close()
            await feed.close()
        finally:
            self._feeds.pop(feed.scope_id, None)

    def stale(self, feed: Feed) -> bool:
        """Whether a feed's streams must pause: nobody knows just now who may read it."""
        return self._compared_ago() > self._pause_after or self._compared_at <= feed.doubted_at

    async def look(self) -> None:
        """Wait a moment of a pause."""
        metrics.HUB_PAUSED.set(1)
        self._compared.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.look_seconds):
                await self._compared.wait()

    def _compared_ago(self) -> float:
        return time.monotonic() - self._compared_at

    async def problem(self) -> str | None:
        """Why this process is not ready, or None: the comparison must have succeeded lately."""
        if self._compared_ago() > self._pause_after + self._compare_every:
            return "the database cannot be read"
        return None

    async def _compare_for_ever(self) -> None:
        while True:
            # Who makes and takes access all the time must not have the database read all the time.
            rest = min(REST_SECONDS, self._compare_every)
            await asyncio.sleep(rest)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._compare_every - rest):
                    await self._doubted.wait()
            self._doubted.clear()
            try:
                async with asyncio.timeout(COMPARE_SECONDS):
                    await self._compare()
            except Exception as fault:  # noqa: BLE001 (goes on for ever: the streams pause until it succeeds again)
                log.warning("comparison_failed", error=repr(fault))
                self._end_expired()  # for these nobody needs to be asked

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
        new = found - self.ended_sign_ins
        self.ended_sign_ins = found | self._ended_here
        if new:  # who began later was not let in
            self._sign_out(new)
        self._end_expired()
        self._compared_at = began
        self._compared.set()
        metrics.HUB_PAUSED.set(0)

    def _sign_out(self, sign_in_ids: frozenset[UUID]) -> None:
        """End the streams that live by these sign-ins."""
        for feed in list(self._feeds.values()):
            for follower in list(feed.followers):
                if follower.session.session_id in sign_in_ids:
                    follower.end(FrameReason.SIGNED_OUT)
            for audience in list(feed.audiences.values()):
                for listener in [one for one in audience.listeners if one.session.session_id in sign_in_ids]:
                    audience.end(listener, FrameReason.SIGNED_OUT)

    def _end_expired(self) -> None:
        for feed in list(self._feeds.values()):
            for follower in list(feed.followers):
                follower.end_if_expired()  # a token may have been renewed by one that ends sooner
            for audience in list(feed.audiences.values()):
                audience.end_expired()

    async def _recheck(self, reader: Reader, feeds: list[Feed]) -> None:
        pairs = {(user_id, feed.scope_id) for feed in feeds for user_id in feed.people()}
        if not pairs:
            return
        allowed = await self._readable(reader, list(pairs))
        for feed in feeds:
            lost = {user_id for user_id, scope_id in pairs - allowed if scope_id == feed.scope_id}
            for follower in list(feed.followers):
                if follower.user_id in lost:
                    follower.end(FrameReason.ACCESS_LOST)
            for audience in list(feed.audiences.values()):
                for listener in [one for one in audience.listeners if one.user_id in lost]:
                    audience.end(listener, FrameReason.ACCESS_LOST)


def _begin(pursuit: Pursuit, joined: Position, after: Cursor | None, standing: Standing) -> None:
    head = head_of(standing.clock)
    if standing.reason is not None:
        pursuit.refuse(standing.reason, head)
    else:
        position = Position(head.scope_id, after.seq, after) if after is not None else head
        pursuit.begin(joined, position, at_head=position.seq == head.seq)


def _come(
    pursuit: Pursuit, joined: Position, after: Cursor | None, told: Callable[[Exception | None], None],
    standing: Standing | Exception,
) -> None:  # fmt: skip
    if pursuit.left:
        return  # meanwhile
    if isinstance(standing, Exception):
        pursuit.leave()
        told(standing)
    else:
        _begin(pursuit, joined, after, standing)
        told(None)


def _continues(clock: Scope, position: Position) -> bool:
    """Whether a log can be the one that was followed up to a position. If it is longer, reading on will tell."""
    if clock.seq == position.seq:
        return head_of(clock) == position
    return clock.seq > position.seq
