"""Audiences against every interleaving: who joins, falls behind, comes back or leaves while frames are handed round."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.events import audiences
from app.events.audiences import Audience
from app.events.cursors import Cursor
from app.events.frames import FrameReason
from app.events.listeners import Listener
from app.events.log import Position
from app.events.resuming import position_after
from tests.live.memory import SCOPE, World, memory
from tests.live.room import One, Room


@pytest.fixture(autouse=True)
def _quiet(logged: list[Any]) -> None:
    """What feeds tell their log is caught."""


EXAMPLES = int(os.environ.get("LOCKSTEP_TEST_EXAMPLES", "0"))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), st.integers(1, 3)),
        st.tuples(st.just("turn"), st.integers(1, 6)),
        st.tuples(st.just("enter"), st.integers(0, 8)),
        st.tuples(st.just("deaf"), st.integers(0, 9), st.booleans()),
        st.tuples(st.just("leave"), st.integers(0, 9)),
        st.tuples(st.just("end"), st.integers(0, 9)),
        st.tuples(st.just("pause"), st.booleans()),
    ),
    max_size=40,
)


def place(world: World, back: int) -> Position:
    """So many events before the feed's head."""
    seq = max(world.feed.head - back, 0)
    if seq == 0:
        return Position(SCOPE, 0, Cursor.at(SCOPE, 0, None))
    return position_after(world.log[seq - 1])


class Play:
    """Listeners that come and go while the log grows."""

    def __init__(self) -> None:
        self.world = World()
        self.room = Room(self.world)
        self.here: list[One] = []
        self.gone: list[One] = []

    async def turn(self, count: int) -> None:
        for _ in range(count):
            await asyncio.sleep(0)

    async def commit(self, count: int) -> None:
        self.world.commit(count)
        self.world.tell(len(self.world.log) - count, count, whole=True)

    async def enter(self, back: int) -> None:
        self.here.append(self.room.enter(place(self.world, back)))

    async def deaf(self, number: int, deaf: bool) -> None:
        if self.here:
            self.here[number % len(self.here)].turn_deaf(deaf)

    async def leave(self, number: int) -> None:
        if (one := self._listening(number)) and one.audience:
            one.audience.remove(one)

    async def end(self, number: int) -> None:
        if (one := self._listening(number)) and one.audience:
            one.audience.end(one, FrameReason.ACCESS_LOST)

    async def pause(self, paused: bool) -> None:
        self.room.paused = paused

    def _listening(self, number: int) -> One | None:
        if not self.here or self.here[number % len(self.here)].audience is None:
            return None
        self.gone.append(self.here.pop(number % len(self.here)))
        return self.gone[-1]

    async def settle(self) -> None:
        """Everybody hears again, until all is told."""
        self.room.paused = False
        for one in self.here:
            one.turn_deaf(False)
        await self.world.settle()
        await self.turn(200)

    def check(self) -> None:
        for one in (*self.here, *self.gone):
            assert one.seqs == list(range(one.first + 1, one.first + 1 + len(one.seqs)))
        for one in self.here:
            assert one.ended is None
            assert one.audience is not None, "whoever can hear is in the audience again"
            assert one.first + len(one.seqs) == len(self.world.log)
        for one in self.here:
            if one.audience is not None:
                one.audience.remove(one)
        assert not self.room.audiences()
        assert not self.room.tasks


async def play(steps: list[tuple[Any, ...]]) -> None:
    """Does the steps, then settles and checks."""
    played = Play()
    pump = asyncio.create_task(played.world.feed._pump())
    try:
        for name, *given in steps:
            await getattr(played, name)(*given)
        await played.settle()
        played.check()
    finally:
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


@given(STEPS)
@settings(max_examples=max(60, EXAMPLES), deadline=None)
def test_each_seq_once_and_in_order(steps: list[tuple[Any, ...]]) -> None:
    with memory() as patch:
        patch.setattr(audiences, "AT_ONCE", 2)
        asyncio.run(play(steps))


# Found by trying: a latecomer who has some of the next frame already, and all are deaf to the one after it.
FALLING_BEHIND = [
    *[("enter", 0)] * 5, ("turn", 6), ("commit", 2), ("turn", 1), ("commit", 2), ("enter", 0), ("turn", 2),
    *[("deaf", number, True) for number in range(6)], ("commit", 2), ("turn", 4),
]  # fmt: skip


@pytest.mark.parametrize("fault", ["forgets", "repeats", "ignores", "heedless"])
def test_planted_faults_are_caught(fault: str, logged: list[Any]) -> None:
    """Sending somebody away without the frame that found no room; telling latecomers all; not telling them the rest;
    not asking who has no room."""

    def forgets(audience: Audience, listener: Any, frame: Any) -> None:
        frame.events.clear()
        send_away(audience, listener, frame)

    async def repeats(audience: Audience, frame: Any, listener: Any) -> None:
        audience._hand(await audience.telling(frame, listener), frame, listener)

    async def ignores(audience: Audience, frame: Any, listener: Any) -> None:
        listener.position = audience.sent

    def heedless(listener: Any) -> None:
        pass

    send_away = Audience._send_away
    where, name, planted = {
        "forgets": (Audience, "_send_away", forgets), "repeats": (Audience, "_hand_rest", repeats),
        "ignores": (Audience, "_hand_rest", ignores), "heedless": (Listener, "hesitate", heedless),
    }[fault]  # fmt: skip
    with memory() as patch:
        patch.setattr(audiences, "AT_ONCE", 2)
        asyncio.run(play(FALLING_BEHIND))
        patch.setattr(where, name, planted)
        with pytest.raises(AssertionError):
            asyncio.run(play(FALLING_BEHIND))
    logged.clear()


async def test_what_comes_while_a_frame_is_handed_round_is_one_frame() -> None:
    """And the process turns to others in between."""
    with memory() as patch:
        patch.setattr(audiences, "AT_ONCE", 2)
        world = World()
        room = Room(world)
        pump = asyncio.create_task(world.feed._pump())
        heard = [room.enter() for _ in range(10)]
        for _ in range(10):
            await asyncio.sleep(0)
        [audience] = room.audiences()
        frames = 0
        telling = audience.telling

        async def counting(*given: Any) -> Any:
            nonlocal frames
            frames += 1
            return await telling(*given)

        audience.telling = counting
        for number in range(12):
            world.commit(1)
            world.tell(number, 1, whole=True)
            await asyncio.sleep(0)
        await world.settle()
        for _ in range(50):
            await asyncio.sleep(0)
        assert all(one.seqs == list(range(1, 13)) for one in heard)
        assert frames < 6
        pump.cancel()
        await asyncio.gather(pump, return_exceptions=True)


async def test_a_flawed_frame_is_made_again_for_another() -> None:
    """An error may be of the session in whose name it was made; one that stays is told."""
    with memory():
        world = World()
        room = Room(world)
        heard = [room.enter() for _ in range(3)]
        for _ in range(10):
            await asyncio.sleep(0)
        [audience] = room.audiences()
        makers: list[Any] = []
        telling = audience.telling

        async def flawed(frame: Any, listener: Any) -> Any:
            made: Any = await telling(frame, listener)
            makers.append(listener)
            made.flawed = len(makers) < 2
            return made

        audience.telling = flawed
        world.commit(1)
        world.feed._hand_out(world.log)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(set(makers)) == 2
        assert [one.seqs for one in heard] == [[1]] * 3
