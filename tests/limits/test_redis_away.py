"""Without Redis each process counts alone, and nobody can try passwords; a slow Redis holds nobody up."""

from __future__ import annotations

import asyncio
import time

from tests.client import PASSWORD
from tests.faults.proxy import Proxy
from tests.limits.conftest import Limited
from tests.limits.test_requests import NAME, error, left
from tests.limits.test_sign_in import attempt


async def test_reading_goes_on_within_the_limits_of_one_process(
    limited: Limited, redis_proxy: Proxy, proxied: str
) -> None:
    async with limited(redis_url=proxied, requests_per_minute=3) as world:
        assert left(await world.member.ask(NAME))["requests"] == 2
        await redis_proxy.cut()
        told = [await world.member.ask(NAME) for _ in range(4)]
        assert [answer.status for answer in told] == [200, 200, 200, 429]
        assert error(told[-1])["code"] == "RATE_LIMITED"
        assert left(told[0])["requests"] == 2


async def test_nobody_signs_in_while_attempts_cannot_be_counted(
    limited: Limited, redis_proxy: Proxy, proxied: str
) -> None:
    async with limited(redis_url=proxied) as world:
        assert await attempt(world, world.member.email, PASSWORD) == "in"
        await redis_proxy.cut()
        assert await attempt(world, world.member.email, PASSWORD) == "UNAVAILABLE"
        await world.task("Who is in goes on")
        redis_proxy.mend()
        assert await attempt(world, world.member.email, PASSWORD) == "in"


async def test_a_redis_that_says_nothing_is_waited_for_once(
    limited: Limited, redis_proxy: Proxy, proxied: str
) -> None:
    async with limited(redis_url=proxied, limits_wait_ms=200) as world:
        await world.member.ask(NAME)
        redis_proxy.freeze()
        began = time.monotonic()
        answers = await asyncio.gather(*(world.member.ask(NAME) for _ in range(20)))
        assert [answer.status for answer in answers] == [200] * 20
        # All twenty waited together, not one after the other; far below what they would take so.
        assert time.monotonic() - began < 20 * 0.2
        redis_proxy.mend()
