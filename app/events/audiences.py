"""Those who get the same frames of one scope: each frame is made once, and handed to one after the other.

An audience has no task while there is nothing to tell. What comes while a frame is being handed round waits, and is the
next frame: the more there is to do, the less often each listener is written to.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Hashable
from itertools import islice
from typing import TYPE_CHECKING

import structlog

from app import metrics
from app.events.followers import Follower, Queue
from app.events.frames import EventFrame, FrameKind, FrameReason, last_frame
from app.events.listeners import Listener, Telling, Told
from app.events.log import Position
from app.events.pursuits import Pursuit
from app.events.resuming import FURTHEST_BEHIND, position_after

if TYPE_CHECKING:
    from app.events.feeds import Feed
    from app.events.hub import Hub

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Listeners written to before the process turns to others."""


ATTEMPTS = 3
"""Listeners in whose name a frame is made, one after the other, while it has errors."""


class _Portions(Queue):
    """What waits for a whole audience."""

    __slots__ = ("_rung",)

    def __init__(self, rung: Callable[[], None]) -> None:
        super().__init__(FURTHEST_BEHIND)
        self._rung = rung

    def ring(self) -> None:
        self._rung()


class Audience:
    """Equal streams of one scope. ``sent``: after the last frame that was begun to be handed round.

    ``expected``: how many are on their way to it. ``listeners``: in the order in which they came, which is mostly that
    of their memory, here and in the kernel; in any other a frame for thousands takes half as long again.
    """

    def __init__(self, hub: Hub, feed: Feed, key: Hashable, telling: Telling) -> None:
        self.feed = feed
        self.telling = telling
        self.sent = feed.position
        self.queue: Queue = _Portions(self._rouse)
        self.listeners: dict[Listener, None] = {}
        self.expected = 0
        self._hub = hub
        self._key = key
        self._leaving: list[tuple[Listener, FrameReason]] = []
        self._task: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._told_at = self._loop.time()
        self._due = False
        self._soonest = math.inf
        self._beat = self._loop.call_later(hub.heartbeat_seconds, self._beats)

    def add(self, listener: Listener) -> None:
        """Take in who has caught up, or is further: those get of the next frames what they have not."""
        if listener.position == self.sent:
            listener.position = self.sent  # the same object: a round looks for that
        listener.audience = self
        self.listeners[listener] = None
        self.expect_end(listener.session.expires_at)
        metrics.SUBSCRIBERS.inc()

    def remove(self, listener: Listener) -> None:
        """Let go of a stream that is over, or goes its own way."""
        if listener.audience is not self:
            return
        listener.hesitate()
        listener.audience = None
        self.listeners.pop(listener, None)
        metrics.SUBSCRIBERS.dec()
        self.close_if_empty()

    def end(self, listener: Listener, reason: FrameReason) -> None:
        """End a stream; it is told why."""
        self._leaving.append((listener, reason))
        self.remove(listener)
        self._rouse()

    def expect_end(self, expires_at: float) -> None:
        """A token will run out then. Nobody's is looked at before the first one does."""
        self._soonest = min(self._soonest, expires_at)

    def end_expired(self) -> None:
        """End the streams whose tokens have run out."""
        now = time.time()
        if now < self._soonest:
            return
        for listener in [one for one in self.listeners if one.session.expires_at <= now]:
            self.end(listener, FrameReason.TOKEN_EXPIRED)
        self._soonest = min((one.session.expires_at for one in self.listeners), default=math.inf)

    def close_if_empty(self) -> None:
        """With the last listener it is over."""
        if self.listeners or self.expected:
            return
        self._beat.cancel()
        if self.feed.audiences.get(self._key) is self:
            del self.feed.audiences[self._key]
        self._hub.let_go(self.feed)

    def close(self) -> None:
        """The process stops, or the feed is over."""
        self._beat.cancel()
        if self._task is not None:
            self._task.cancel()

    def _rouse(self) -> None:
        if self._task is None:
            self._task = self._loop.create_task(self._run())

    def _beats(self) -> None:
        """A heartbeat is due when nothing was told for so long."""
        left = self._told_at + self._hub.heartbeat_seconds - self._loop.time()
        if left < 0.001:
            self._due = True
            self._rouse()
            left = self._hub.heartbeat_seconds
        self._beat = self._loop.call_later(left, self._beats)

    async def _run(self) -> None:
        try:
            while await self._step():
                pass
        except Exception as fault:
            log.exception("audience_failed", scope=str(self.feed.scope_id), exc_info=fault)
            self.queue.end(FrameReason.TOO_SLOW)  # they load anew, rather than miss something unknowingly
        finally:
            self._task = None
        if self.queue.ended is not None and self.listeners:
            self._rouse()

    async def _step(self) -> bool:
        """Tell one thing. False: there was nothing to tell, or to nobody."""
        await self._tell_ends()
        if self.queue.ended is not None:
            for listener in list(self.listeners):
                self.end(listener, self.queue.ended)
            return bool(self._leaving)
        if not self.listeners:
            self.sent = self._skipped()
            return bool(self._leaving)
        if self._hub.watch.stale(self.feed):
            await self._hub.watch.look()
            self.end_expired()
            return True
        before, due, self._due = self.sent, self._due, False
        events = self.queue.take(before)
        if events:
            self.sent = position_after(events[-1])
            frame = EventFrame(FrameKind.EVENTS, self.sent, events, more=self.queue.waiting > 0)
            await self._hand_round(frame, before)
        elif due:
            await self._hand_round(EventFrame(FrameKind.HEARTBEAT, before), before)
        return bool(events or self._leaving or self.queue.waiting or self._due)

    def _skipped(self) -> Position:
        """Nobody is there to be told what waits."""
        position = self.sent
        while events := self.queue.take(position):
            position = position_after(events[-1])
        return position

    async def _tell_ends(self) -> None:
        leaving, self._leaving = self._leaving, []
        made: dict[tuple[FrameReason, Position], Told] = {}
        for listener, reason in leaving:
            frame = last_frame(reason, listener.position)
            told = made.get((reason, listener.position))
            if told is None:
                told = made[reason, listener.position] = await self.telling(frame, listener)
            listener.finish(told)

    async def _hand_round(self, frame: EventFrame, before: Position) -> None:
        """Who joins from now on at ``self.sent`` has this frame already."""
        assert frame.position is not None
        listeners, others = list(self.listeners), list[Listener]()
        told = await self._made(frame, listeners)
        for start in range(0, len(listeners), AT_ONCE):
            if start:
                await asyncio.sleep(0)
            while self._hub.watch.stale(self.feed):
                await self._hub.watch.look()
            self.end_expired()
            for listener in told.hand(listeners[start : start + AT_ONCE], before, frame.position):
                if listener.audience is not self:
                    continue
                if listener.position == before:
                    self._hand(told, frame, listener)
                else:
                    others.append(listener)
        if not told.silent:
            self._told_at = self._loop.time()
        for listener in others:
            await self._hand_rest(frame, listener)

    async def _made(self, frame: EventFrame, listeners: list[Listener]) -> Told:
        """By one of them; if that one's has errors, which may be of its own session, by another."""
        told, now = None, time.time()
        signed_in = (one for one in listeners if one.session.expires_at > now)
        for listener in list(islice(signed_in, ATTEMPTS)) or listeners[:1]:
            told = await self.telling(frame, listener)
            if not told.flawed:
                break
        assert told is not None
        return told

    def _hand(self, told: Told, frame: EventFrame, listener: Listener) -> None:
        assert frame.position is not None
        if told.last:
            self.remove(listener)
            listener.finish(told)
        elif listener.hear(told):
            listener.position = frame.position
        elif frame.events:
            self._send_away(listener, frame)

    async def _hand_rest(self, frame: EventFrame, listener: Listener) -> None:
        """To one who has some of the frame's events already, or all: the others."""
        at, upto = listener.position, frame.position
        assert upto is not None
        if listener.audience is not self or at.seq > upto.seq:
            return
        if at != next((here for here in map(position_after, frame.events) if here.seq == at.seq), at):
            self.end(listener, FrameReason.OTHER_HISTORY)
        elif at.seq == upto.seq:
            listener.position = upto
        else:
            events = [event for event in frame.events if event.seq > at.seq]
            rest = EventFrame(FrameKind.EVENTS, upto, events, more=frame.more)
            told = await self.telling(rest, listener)
            if listener.audience is self:
                self._hand(told, rest, listener)

    def _send_away(self, listener: Listener, frame: EventFrame) -> None:
        follower = Follower(listener.user_id, listener.session, self._hub.queue_limit)
        pursuit = Pursuit(self._hub, self.feed, follower, listener.position)
        pursuit.expect(self._key, lambda: self.telling)
        follower.offer(frame.events)
        self.queue.copy_to(follower)
        self.remove(listener)
        listener.go_alone(pursuit)
