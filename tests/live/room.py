"""A hub in memory, for feeds of `memory`, and listeners that a test makes deaf as it likes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app.events.audiences import Audience
from app.events.feeds import Feed
from app.events.followers import Follower
from app.events.frames import EventFrame, FrameKind, FrameReason
from app.events.listeners import Listener, Telling, Told
from app.events.log import Position
from app.events.pursuits import Pursuit
from tests.live.memory import Signed, World

KEY = "group"


@dataclass
class Frame:
    """What is told: the frame itself."""

    frame: EventFrame
    last: bool = False
    flawed: bool = False
    silent: bool = False

    def hand(self, listeners: Sequence[Listener], before: Position, after: Position) -> list[Listener]:
        """As it is done on sockets: who stands at `before`, the same object, is not asked whether there is room."""
        others = []
        for one in listeners:
            if one.position is before:
                assert isinstance(one, One)
                assert not one.deaf, "there was no room"
                one.position = after
                one.note(self)
            else:
                others.append(one)
        return others


async def tell(frame: EventFrame, _listener: Listener) -> Frame:
    """Makes a frame, which takes a while."""
    await asyncio.sleep(0)
    return Frame(frame)


class Room:
    """What audiences and pursuits need of a hub."""

    queue_limit = 1_000
    heartbeat_seconds = 3600.0
    look_seconds = 0.0

    def __init__(self, world: World) -> None:
        self.world = world
        self.watch = self
        self.database: Any = world
        self.paused = False
        self.tasks: set[asyncio.Task[None]] = set()

    def stale(self, feed: Feed) -> bool:
        return self.paused

    async def look(self) -> None:
        await asyncio.sleep(0)

    def let_go(self, feed: Feed) -> None:
        """The feed is the test's."""

    def audience(self, feed: Feed, key: Hashable, telling: Callable[[], Telling]) -> Audience:
        if key not in feed.audiences:
            feed.audiences[key] = Audience(self, feed, key, telling())  # type: ignore[arg-type]
        return feed.audiences[key]

    def enter(self, after: Position | None = None) -> One:
        """One more, from a place in the log or from the head."""
        feed = self.world.feed
        follower = Follower(uuid4(), Signed(), self.queue_limit)
        pursuit = Pursuit(self, feed, follower)  # type: ignore[arg-type]
        pursuit.begin(feed.position, after or feed.position, at_head=False)
        pursuit.expect(KEY, lambda: tell)
        one = One(self, (after or feed.position).seq)
        one.go_alone(pursuit)
        return one

    def audiences(self) -> list[Audience]:
        return list(self.world.feed.audiences.values())


class One(Listener):
    """Remembers what it was told. While it is ``deaf`` there is no room for more."""

    __slots__ = ("deaf", "ended", "first", "last", "room", "seqs")

    def __init__(self, room: Room, first: int) -> None:
        self.audience = None
        self.room = room
        self.first = first
        self.deaf = False
        self.seqs: list[int] = []
        self.ended: FrameReason | None = None
        self.last: int | None = None

    def turn_deaf(self, deaf: bool) -> None:
        """Whether there is room for more from now on."""
        self.deaf = deaf
        if deaf:
            self.hesitate()

    def hear(self, told: Told) -> bool:
        if not self.deaf:
            self.note(told)
        return not self.deaf

    def finish(self, told: Told) -> None:
        self.note(told)

    def go_alone(self, pursuit: Pursuit) -> None:
        task = asyncio.get_running_loop().create_task(self._alone(pursuit))
        self.room.tasks.add(task)
        task.add_done_callback(self.room.tasks.discard)

    async def _alone(self, pursuit: Pursuit) -> None:
        try:
            while not pursuit.over:
                while self.deaf:
                    await self.room.look()
                frame = await pursuit.next(wait=False)
                if frame is not None:
                    self.note(await pursuit.telling(frame, self))
                elif pursuit.join(self):
                    return
        finally:
            pursuit.leave()

    def note(self, told: Told) -> None:
        """Remembers it."""
        assert isinstance(told, Frame)
        frame = told.frame
        assert self.ended is None, "something was told after the end"
        if frame.kind in (FrameKind.ENDED, FrameKind.RESYNC):
            self.ended = frame.reason
            assert frame.position is not None
            assert frame.position.seq == (self.seqs[-1] if self.seqs else self.first)
        self.seqs += [event.seq for event in frame.events]
