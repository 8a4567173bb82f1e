"""Feeds against every interleaving: commits, messages lost, doubled, swapped and lying, hints, and a log that fails.

The log is a list here and time is the event loop's own; the same faults on real servers are in `tests/faults`.
"""

from __future__ import annotations

import asyncio
import random
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events import feeds
from app.events.cursors import Cursor
from app.events.feeds import Feed
from app.events.followers import Follower
from app.events.frames import FrameReason
from app.events.models import Event
from app.events.resuming import position_after
from tests.live.memory import SCOPE, Signed, World, event, memory


@pytest.fixture(autouse=True)
def _quiet(logged: list[Any]) -> None:
    """What feeds tell their log is caught."""


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(1, 3)),
        st.tuples(st.just("tell"), st.integers(0, 30), st.integers(1, 3), st.booleans()),
        st.tuples(st.just("hint"), st.integers(0, 60)),
        st.tuples(st.just("lie"), st.integers(-2, 5), st.booleans()),
        st.tuples(st.just("fail"), st.integers(1, 2)),
        st.tuples(st.just("join")),
        st.tuples(st.just("turn"), st.integers(1, 5)),
    ),
    max_size=40,
)


async def play(steps: list[tuple[Any, ...]]) -> World:
    """Does the steps, then settles and checks."""
    world = World()
    pump = asyncio.create_task(world.feed._pump())
    try:
        for step in steps:
            match step:
                case ("commit", count):
                    world.commit(count)
                case ("tell", first, count, whole):
                    world.tell(first, count, whole=whole)
                case ("hint", seq):
                    world.feed.hint(seq)
                case ("lie", ahead, older):
                    world.lie(ahead, older=older)
                case ("fail", count):
                    world.fails += count
                case ("join",):
                    world.join()
                case ("turn", count):
                    for _ in range(count):
                        await asyncio.sleep(0)
        await world.settle()
        world.check()
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)
    return world


@given(STEPS)
@settings(max_examples=200, deadline=None)
def test_each_seq_once_and_in_order(steps: list[tuple[Any, ...]]) -> None:
    with memory():
        asyncio.run(play(steps))


FAULTY = [
    ("commit", 2), ("hint", 2), ("turn", 20), ("lie", 1, False), ("turn", 20), ("commit", 3), ("tell", 4, 1, True),
    ("tell", 3, 1, True), ("tell", 3, 1, True), ("fail", 1), ("turn", 5), ("commit", 1), ("turn", 5),
]  # fmt: skip


def _careless(feed: Feed, seq: int, events: Any = ()) -> None:
    for one in events:
        for follower in feed.followers:
            follower.offer([one])
        feed.head, feed.head_event_id = one.seq, one.id


def _unlinked(feed: Feed) -> list[Event]:
    ready: list[Event] = []
    while (one := feed._heard.pop(feed.head + len(ready) + 1, None)) is not None:
        ready.append(one)
    return ready


@pytest.mark.parametrize(("method", "fault"), [("hint", _careless), ("_in_order", _unlinked)])
def test_planted_faults_are_caught(method: str, fault: Any) -> None:
    """Handing on what comes as it comes; and taking a message's event without looking at its predecessor."""
    with memory() as patch:
        asyncio.run(play(FAULTY))
        patch.setattr(Feed, method, fault)
        with pytest.raises(AssertionError):
            asyncio.run(play(FAULTY))


async def test_a_message_from_the_future_costs_one_look() -> None:
    """Neither a loop nor deafness to what comes then."""
    with memory():
        world = World()
        pump = asyncio.create_task(world.feed._pump())
        world.feed.hint(10**15)
        for _ in range(50):
            await asyncio.sleep(0)
        assert world.reads == 1
        for number in range(5):
            world.commit(1)
            world.tell(number, 1, whole=True)
            for _ in range(10):
                await asyncio.sleep(0)
            assert world.feed.head == number + 1
        assert world.reads == 1
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


async def another_history(world: World) -> None:
    """The log is replaced by one that is longer and has other events where the feed stands; it hears of them."""
    world.commit(3)
    pump = asyncio.create_task(world.feed._pump())
    await world.settle()
    world.log = world.log[:1]
    world.commit(9)
    world.tell(3, 6, whole=True)
    for _ in range(100):
        await asyncio.sleep(0)
    pump.cancel()
    await asyncio.gather(pump, return_exceptions=True)


async def test_another_history_ends_everybody() -> None:
    with memory():
        world = World()
        await another_history(world)
        assert world.feed.over
        assert [follower.ended for follower, _ in world.followers] == [FrameReason.OTHER_HISTORY]


async def test_a_planted_reading_without_the_link_is_caught() -> None:
    """It leads from one history into the other, without a word."""
    with memory() as patch:

        async def unlinked(reader: World, after: Cursor, upto: int) -> list[Event]:
            return reader.log[after.seq : upto]

        patch.setattr(feeds, "linked_events", unlinked)
        world = World()
        await another_history(world)
        assert not world.feed.over
        assert world.feed.head == 9


def test_a_slow_follower_is_bounded_and_alone() -> None:
    """In portions and in events; the portions are shared, so others cost nothing more."""
    slow, many, quick = (Follower(uuid4(), Signed(), limit) for limit in (10, 1_000_000, 1_000_000))
    where = type(Feed(SCOPE, None, None, lambda: None).position)(SCOPE, 0, Cursor.at(SCOPE, 0, None))  # type: ignore[arg-type]
    seq = 0
    for _ in range(250):
        portion = [event(seq + n + 1, None) for n in range(100)]
        seq += 100
        for follower in (slow, many, quick):
            follower.offer(portion)
            assert follower.waiting <= 20_000
        where = position_after(quick.take(where)[-1])
    assert (slow.ended, many.ended, quick.ended) == (FrameReason.TOO_SLOW, FrameReason.TOO_SLOW, None)
    assert where.seq == seq


def test_a_seed_of_many_random_runs() -> None:
    """Longer runs than hypothesis makes, from fixed seeds."""
    kinds = [
        ("commit", 1),
        ("tell", 0, 1, True),
        ("tell", 0, 2, True),
        ("turn", 2),
        ("lie", 1, False),
        ("hint", 5),
    ]
    with memory():
        for seed in range(20):
            dice = random.Random(seed)
            steps = [dice.choice(kinds) for _ in range(300)]
            asyncio.run(play([("tell", dice.randrange(100), *s[2:]) if s[0] == "tell" else s for s in steps]))
