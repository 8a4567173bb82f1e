"""One stream on its own way: from its cursor through the log to the head, and along with it."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from app import metrics
from app.errors import Unavailable
from app.events.followers import Follower
from app.events.frames import EventFrame, FrameKind, FrameReason, last_frame
from app.events.log import Position
from app.events.models import Event
from app.events.resuming import OtherHistory, linked_events, position_after

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from app.events.audiences import Audience
    from app.events.feeds import Feed
    from app.events.hub import Hub
    from app.events.listeners import Listener, Telling


class Pursuit:
    """A follower of a feed, and where its stream is. Whoever has one must ``leave`` it or ``join`` an audience.

    ``over``: its last frame was given out. ``left``: it was left, or has joined.
    """

    __slots__ = ("_audience", "_feed", "_first", "_follower", "_hub", "_joined", "left", "over", "position")

    def __init__(self, hub: Hub, feed: Feed, follower: Follower, position: Position | None = None) -> None:
        self._hub = hub
        self._feed = feed
        self._follower = follower
        self._first: EventFrame | None = None
        self._audience: Audience | None = None
        self.over = self.left = False
        if position is not None:
            self.position = self._joined = position
        feed.followers.add(follower)
        metrics.SUBSCRIBERS.inc()

    def leave(self) -> None:
        """The stream is over, or goes on in an audience. Once is enough."""
        if self.left:
            return
        self.left = True
        metrics.SUBSCRIBERS.dec()
        self._feed.followers.discard(self._follower)
        if self._audience is not None:
            self._audience.expected -= 1
            self._audience.close_if_empty()
        self._hub.let_go(self._feed)

    def begin(self, joined: Position, position: Position, *, at_head: bool) -> None:
        """``joined``: where the follower's queue begins. At the head, the first frame says where that is."""
        self._joined, self.position = joined, position
        if at_head:
            self._first = EventFrame(FrameKind.HEARTBEAT, position)

    def refuse(self, reason: FrameReason, head: Position) -> None:
        """There is only one frame: the log cannot be followed from there."""
        self.position, self.over = head, True
        self._first = last_frame(reason, head)

    def cancel(self) -> None:
        """It is given up before it has begun: what is done to a task that waits."""
        self.leave()

    def beginning(self) -> EventFrame | None:
        """The first frame, if it says where the head is and nothing else; the next one is what follows."""
        first = self._first
        if self.over or first is None or first.kind is not FrameKind.HEARTBEAT:
            return None
        self._first = None
        return first

    def wait_with(self, frame: EventFrame) -> None:
        """It could not be told yet: it is the first one again."""
        self._first = frame

    @property
    def has_caught_up(self) -> bool:
        """Whether nothing is to be told before what is new."""
        follower = self._follower
        return self.position.seq >= self._joined.seq and not follower.waiting and follower.ended is None

    async def next(self, *, wait: bool = True) -> EventFrame | None:
        """The next frame. None: there was the last one; or, without ``wait``, it has caught up."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        while not self.over:
            due = False
            if self.position.seq >= self._joined.seq:
                if not wait and not self._follower.waiting and self._follower.ended is None:
                    return None
                due = await self._wait()
            if (reason := await self._fit()) is not None:
                self.over = True
                return last_frame(reason, self.position)
            events = await self._missed() if self.position.seq < self._joined.seq else self._take()
            if self._follower.ended is not None:
                continue
            if events:
                self.position = position_after(events[-1])
                more = self.position.seq < self._joined.seq or self._follower.waiting > 0
                return EventFrame(FrameKind.EVENTS, self.position, events, more=more)
            if due:
                return EventFrame(FrameKind.HEARTBEAT, self.position)
        return None

    def expect(self, key: Hashable, telling: Callable[[], Telling]) -> None:
        """Those whom it may join once it has caught up are kept until it does, or leaves."""
        self._audience = self._hub.audience(self._feed, key, telling)
        self._audience.expected += 1

    @property
    def telling(self) -> Telling:
        """How frames are told in the audience that it is to join."""
        assert self._audience is not None
        return self._audience.telling

    def join(self, listener: Listener) -> bool:
        """Go on as a listener of the audience. False: there is more to be told here before."""
        audience, follower = self._audience, self._follower
        if audience is None or follower.waiting or follower.end_if_expired():
            return False
        if audience.queue.ended is not None or self.position.seq < audience.sent.seq:
            follower.end(audience.queue.ended or FrameReason.TOO_SLOW)
            return False
        if self.position.seq == audience.sent.seq and self.position != audience.sent:
            follower.end(FrameReason.OTHER_HISTORY)
            return False
        listener.user_id, listener.session, listener.position = (
            follower.user_id,
            follower.session,
            self.position,
        )
        audience.add(listener)
        self.leave()
        return True

    def _take(self) -> list[Event]:
        return self._follower.take(self.position)

    async def _missed(self) -> list[Event]:
        """A page of the log between where the stream is and where its queue begins."""
        try:
            async with self._hub.database.snapshot(scopes=[self.position.scope_id]) as reader:
                events = await linked_events(reader, self.position.cursor, self._joined.seq)
        except Unavailable:
            # If it lasts, the stream then pauses like all others.
            await asyncio.sleep(self._hub.watch.look_seconds)
            return []
        except OtherHistory:
            events = []
        if not events or (events[-1].seq == self._joined.seq and position_after(events[-1]) != self._joined):
            self._follower.end(FrameReason.OTHER_HISTORY)
        return events

    async def _wait(self) -> bool:
        """Until there are events, or the stream must end, or a heartbeat is due (then: True)."""
        follower, heartbeat = self._follower, self._hub.heartbeat_seconds
        follower.wake.clear()
        if follower.waiting or follower.ended is not None:
            return False
        remaining = max(follower.session.expires_at - time.time(), 0)
        try:
            async with asyncio.timeout(min(heartbeat, remaining)):
                await follower.wake.wait()
        except TimeoutError:
            return heartbeat <= remaining
        return False

    async def _fit(self) -> FrameReason | None:
        """Wait until a comparison succeeded lately, or the stream must end (then: why)."""
        while not self._follower.end_if_expired() and self._hub.watch.stale(self._feed):
            await self._hub.watch.look()
        return self._follower.ended
