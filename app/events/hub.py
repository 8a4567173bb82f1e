"""Fan-out of the log in one process: one feed per followed scope, one follower per stream.

Postgres is the truth and Redis the doorbell: messages may be lost, doubled, late or swapped. What they do not tell, and
who may no longer read what, is found by the watch (``app.events.watch``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Hashable
from functools import partial
from uuid import UUID

import structlog
from broadcaster import Broadcast

from app import metrics
from app.db import Database
from app.errors import Unavailable
from app.events.arrivals import Arrivals, Readable, Standing
from app.events.audiences import Audience
from app.events.cursors import Cursor
from app.events.feeds import Feed
from app.events.followers import Follower, Session
from app.events.frames import RESYNCS, EventFrame, FrameReason
from app.events.listeners import Telling
from app.events.log import Position
from app.events.pursuits import Pursuit
from app.events.resuming import head_of
from app.events.watch import Watch

log = structlog.get_logger(__name__)


class Hub:
    """Follows scopes for this process's streams. ``comparing`` has a connection of its own, for the watch."""

    def __init__(
        self, database: Database, comparing: Database, broadcast: Broadcast, readable: Readable, *,
        queue_limit: int, heartbeat_seconds: float, compare_seconds: float, token_seconds: int,
    ) -> None:  # fmt: skip
        self.database = database
        self._broadcast = broadcast
        self._arrivals = Arrivals(database, readable)
        self.queue_limit = queue_limit
        self.heartbeat_seconds = heartbeat_seconds
        self._feeds: dict[UUID, Feed] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._closed = False
        self.watch = Watch(
            comparing, readable, self._feeds, self._retire,
            compare_seconds=compare_seconds, token_seconds=token_seconds,
        )  # fmt: skip
        for reason in RESYNCS:  # so that every reason is there to be watched before it first happens
            metrics.RESYNCS.labels(reason.value)

    async def open(self) -> None:
        """Connect to the doorbell and begin to compare."""
        await self._broadcast.connect()
        await self.watch.open()

    async def close(self) -> None:
        """Nothing is followed any more."""
        self._closed = True
        await self.watch.close()
        await self._arrivals.close()
        for feed in list(self._feeds.values()):
            self._retire(feed)
        if self._closing:
            await asyncio.wait(self._closing)
        await self._broadcast.disconnect()

    def end_sign_in(self, sign_in_id: UUID) -> None:
        """A sign-in ended in this process: its streams end now rather than at the next comparison."""
        self.watch.end_sign_in(sign_in_id)

    @property
    def ended_sign_ins(self) -> frozenset[UUID]:
        """Those that ended while their tokens still run."""
        return self.watch.ended_sign_ins

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
            feed = self._feeds[scope_id] = Feed(scope_id, self.database, self._broadcast, self.watch.doubt)
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
