"""The invariants of token buckets: in this process, in Redis by processes that share it, and through the doors."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from types import SimpleNamespace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.limits import shared
from app.limits.local import LocalBuckets
from app.limits.rates import Bucket, Charge
from app.limits.shared import SharedBuckets
from lockstep.embedded import Servers
from tests.limits.conftest import Limited
from tests.limits.test_requests import NAME

QUIET = settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@dataclass(frozen=True)
class Step:
    """Time passes, something is charged, and then corrected."""

    milliseconds: int
    units: tuple[int, int]
    correction: int


STEPS = st.lists(
    st.builds(
        Step,
        st.sampled_from([0, 0, 1, 500, 7_000, 61_000]),
        st.tuples(st.integers(0, 12), st.integers(0, 3)),
        st.integers(-12, 6),
    ),
    max_size=25,
)
FIRST, SECOND = Bucket("cost", 20), Bucket("requests", 5)


class Clock:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@QUIET
@given(steps=STEPS)
def test_never_more_than_the_bucket_and_what_came_back(steps: list[Step]) -> None:
    clock = Clock()
    buckets = LocalBuckets(clock)
    began, taken = clock.now, [0, 0]
    for step in steps:
        clock.now += step.milliseconds / 1000
        charges = [Charge(FIRST, step.units[0]), Charge(SECOND, step.units[1])]
        verdict = buckets.charge("someone", charges)
        if verdict.refused is None:
            taken = [before + units for before, units in zip(taken, step.units, strict=True)]
        else:
            # All or nothing: and it really was not to be had.
            assert charges[verdict.refused].units > verdict.standings[verdict.refused].remaining
            assert verdict.wait_seconds > 0
        for bucket, sum_ in zip((FIRST, SECOND), taken, strict=True):
            assert sum_ <= bucket.quota + (clock.now - began) * bucket.quota / bucket.seconds + 1e-6


@QUIET
@given(steps=STEPS)
def test_who_waits_as_told_is_let_in(steps: list[Step]) -> None:
    clock = Clock()
    buckets = LocalBuckets(clock)
    for step in steps:
        clock.now += step.milliseconds / 1000
        charges = [Charge(FIRST, step.units[0]), Charge(SECOND, step.units[1])]
        verdict = buckets.charge("someone", charges)
        while verdict.refused is not None:
            clock.now += verdict.wait_seconds
            verdict = buckets.charge("someone", charges)


@QUIET
@given(steps=STEPS)
async def test_redis_decides_as_one_process_does(servers: Servers, steps: list[Step]) -> None:
    """Two processes by turns, by a clock of the test's: each verdict, and what is left, are those of one alone."""
    clock, key = Clock(), uuid.uuid4().hex
    local = LocalBuckets(clock)
    processes = [SharedBuckets(servers.redis_url, clock) for _ in range(2)]
    try:
        for number, step in enumerate(steps):
            clock.now += step.milliseconds / 1000
            charges = [Charge(FIRST, step.units[0]), Charge(SECOND, step.units[1])]
            shared = processes[number % 2]
            assert await shared.charge(key, charges, 10) == local.charge(key, charges)
            shared.correct(key, FIRST, step.correction)
            local.correct(key, charges, step.correction)
            # What is sent later is done later.
            assert await shared.charge(key, charges, 10) == local.charge(key, charges)
    finally:
        for shared in processes:
            await shared.close()


async def test_two_processes_let_no_more_through_than_one_would(limited: Limited) -> None:
    """Forty requests at once to each of two; what comes back meanwhile is let through too."""
    async with (
        limited(requests_per_minute=30) as one, limited(requests_per_minute=30) as other,
    ):  # fmt: skip
        began = time.monotonic()
        answers = await asyncio.gather(*(world.member.ask(NAME) for world in (one, other) for _ in range(40)))
        seconds = time.monotonic() - began
        through = sum(answer.status == 200 for answer in answers)
        assert {answer.status for answer in answers} == {200, 429}
        assert 30 <= through <= 30 + seconds * 30 / 60 + 1


async def test_setting_this_machines_clock_locks_nobody_out(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does it fill a bucket: all count by Redis's clock, whatever ours says meanwhile."""
    buckets, bucket = SharedBuckets(servers.redis_url), Bucket("requests", 100, 3600)
    other, key = SharedBuckets(servers.redis_url), uuid.uuid4().hex
    set_by = [0.0]
    clocks = SimpleNamespace(time=lambda: time.time() + set_by[0], monotonic=time.monotonic)
    monkeypatch.setattr(shared, "time", clocks)
    try:
        left = 100
        for set_by[0] in (0.0, 18_000.0, 0.0, -18_000.0, 0.0):
            for process in (buckets, other):
                verdict = await process.charge(key, [Charge(bucket, 10)], 5)
                left -= 10
                assert (verdict.refused, verdict.standings[0].remaining) == (None, left)
        assert (await buckets.charge(key, [Charge(bucket, 10)], 5)).refused == 0
    finally:
        await buckets.close()
        await other.close()
