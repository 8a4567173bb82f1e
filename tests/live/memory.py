"""A log in memory, and a feed that follows it: what a test can interleave as it likes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from prometheus_client import Gauge

from app import metrics
from app.errors import Unavailable
from app.events import feeds, pursuits
from app.events.cursors import Cursor
from app.events.feeds import Feed
from app.events.followers import Follower
from app.events.models import Event
from app.events.resuming import PAGE, OtherHistory, position_after

SCOPE = uuid4()
NOW = datetime.now(UTC)


class Signed:
    """A session that never ends."""

    expires_at = time.time() + 3600
    session_id = uuid4()


def event(seq: int, previous: UUID | None) -> Event:
    """An event of which only its place and links matter."""
    return Event(
        SCOPE,
        seq,
        uuid4(),
        "TaskUpdated",
        1,
        "task",
        uuid4(),
        1,
        None,
        "user",
        None,
        None,
        None,
        NOW,
        NOW,
        {},
        previous,
    )


class World:
    """A log in memory, a feed that follows it, and followers that joined at different times."""

    def __init__(self) -> None:
        self.log: list[Event] = []
        self.fails = 0
        self.reads = 0
        self.feed = Feed(SCOPE, self, None, lambda: None)  # type: ignore[arg-type]
        self.followers: list[tuple[Follower, int]] = []
        self.join()

    @asynccontextmanager
    async def snapshot(self, *, scopes: Sequence[UUID] = ()) -> AsyncIterator[World]:
        await asyncio.sleep(0)
        yield self

    async def read(self, _reader: object, after: Cursor, upto: int, limit: int = PAGE) -> list[Event]:
        """As `linked_events` on the log as it is now."""
        self.reads += 1
        if self.fails:
            self.fails -= 1
            raise Unavailable()
        if after.seq > len(self.log) or (
            after.seq and position_after(self.log[after.seq - 1]).cursor != after
        ):
            raise OtherHistory()
        found = [one._replace(previous_id=None) for one in self.log[after.seq : upto][:limit]]
        await asyncio.sleep(0)
        return found

    def commit(self, count: int) -> None:
        for _ in range(count):
            previous = self.log[-1].id if self.log else None
            self.log.append(event(len(self.log) + 1, previous))

    def join(self) -> None:
        follower = Follower(uuid4(), Signed(), 1_000)
        self.feed.followers.add(follower)
        self.followers.append((follower, self.feed.head))

    def tell(self, first: int, count: int, *, whole: bool) -> None:
        """A message of some committed events, if there are such."""
        told = self.log[first : first + count]
        if told:
            self.feed.hint(told[-1].seq, told if whole else ())

    def lie(self, ahead: int, *, older: bool) -> None:
        """A message of an event that is not in the log, as another history would tell it."""
        seq = max(self.feed.head + ahead, 1)
        previous = self.log[0].id if older and len(self.log) > 1 and seq != 2 else uuid4()
        self.feed.hint(seq, [event(seq, previous)])

    async def settle(self) -> None:
        """What the comparison does twice a second, until the feed has all of the log."""
        for _ in range(5_000):
            if self.feed.head == len(self.log):
                return
            assert not self.feed.over, "taken for another history"
            self.feed.hint(len(self.log))
            await asyncio.sleep(0)
        raise AssertionError(f"stands at {self.feed.head} of {len(self.log)}")

    def check(self) -> None:
        for follower, joined in self.followers:
            told: list[Event] = []
            where = self.feed.position if joined == 0 else position_after(self.log[joined - 1])
            if joined == 0:
                where = type(where)(SCOPE, 0, Cursor.at(SCOPE, 0, None))
            while follower.waiting:
                told += follower.take(where)
                where = position_after(told[-1])
            assert follower.ended is None
            assert [(one.seq, one.id) for one in told] == [(one.seq, one.id) for one in self.log[joined:]]


@contextmanager
def memory() -> Iterator[pytest.MonkeyPatch]:
    """Feeds read the log in memory, at the event loop's pace."""
    with pytest.MonkeyPatch.context() as patch:

        async def read(reader: World, after: Cursor, upto: int) -> list[Event]:
            return await reader.read(reader, after, upto)

        patch.setattr(feeds, "linked_events", read)
        patch.setattr(pursuits, "linked_events", read)
        # What is left open here is nobody's subscription.
        patch.setattr(metrics, "SUBSCRIBERS", Gauge("in_memory", "Not told.", registry=None))
        patch.setattr(feeds, "REORDER_SECONDS", 0)
        patch.setattr(feeds, "AGAIN_SECONDS", 0)
        yield patch
