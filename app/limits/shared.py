"""Buckets in Redis, which all processes share.

What several requests want at once travels in one round trip. The clock is that of Redis: processes whose clocks
differ would fill one bucket at different times. How far it is ahead is measured against the clock that nobody sets.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import redis.asyncio as redis_client
from pyrate_limiter import GCRA
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from app.limits.rates import Bucket, Charge, Verdict, Weighted, standings

CONNECT_SECONDS: Final = 1.0
SET_SECONDS: Final = 1.0
"""If our two clocks have gone apart by more, somebody has set one, or the machine has slept: Redis is asked again."""
QUIET_SECONDS: Final = 0.5
"""For how long Redis is not asked after a failure: every request would wait otherwise."""
AT_ONCE: Final = 500
_PREFIX: Final = "lockstep:limit:"
_SCRIPT: Final = GCRA().redis_script() or ""
_SHA: Final = hashlib.sha1(_SCRIPT.encode(), usedforsecurity=False).hexdigest()

Clock = Callable[[], float]


class Away(Exception):
    """Redis does not answer, or not in time."""


@dataclass(slots=True)
class _Order:
    """One use of the script: `place` of a caller's buckets, what to take, and who waits to hear of it."""

    key: str
    arguments: Callable[[int], list[int | float]]
    fields: int
    heard: asyncio.Future[tuple[list[int], list[bytes | None], int]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class SharedBuckets:
    """Buckets by caller. ``clock`` (epoch seconds) stands for that of Redis where a test says so."""

    def __init__(self, url: str, clock: Clock | None = None) -> None:
        self._client = redis_client.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=CONNECT_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._clock = clock
        self._ahead: float | None = None
        self._apart = 0.0
        self._orders: list[_Order] = []
        self._sender: asyncio.Task[None] | None = None
        self._away_until = 0.0
        self._closed = False

    async def close(self) -> None:
        """Send what is still to be sent, if Redis takes it soon; nothing is asked of it any more."""
        self._closed = True
        if self._sender is not None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    await self._sender
        await self._client.aclose()

    async def charge(
        self, key: str, charges: Sequence[Charge], wait_seconds: float, *, insist: bool = False
    ) -> Verdict:
        """Take all of it or nothing. Raises `Away`; at once while Redis is known to be, unless asked to `insist`."""
        if self._closed or (not insist and time.monotonic() < self._away_until):
            raise Away
        rates = [charge.bucket.rate for charge in charges]
        algorithm = Weighted([charge.weight for charge in charges])
        seconds = max(2 * charge.bucket.seconds for charge in charges)

        def arguments(now: int) -> list[int | float]:
            return [now, 1, seconds * 1000, len(rates), *algorithm.redis_args(rates)]

        order = _Order(key, arguments, len(rates))
        self._send(order)
        try:
            async with asyncio.timeout(wait_seconds):
                (place, wait_ms), stored, now = await order.heard
        except TimeoutError:
            self._away_until = time.monotonic() + QUIET_SECONDS
            raise Away from None
        state = algorithm.decode([word.decode() if word else "0" for word in stored])
        standing = standings([charge.bucket for charge in charges], state, now)
        if place < 0:
            return Verdict(standing)
        return Verdict(standing, place, max(wait_ms, 0) / 1000)

    def correct(self, key: str, bucket: Bucket, units: int) -> None:
        """Take `units` more from the first of a caller's buckets, or give them back if negative; nobody waits."""
        if not units or self._closed or time.monotonic() < self._away_until:
            return

        def arguments(now: int) -> list[int | float]:
            return [now, units, 2 * bucket.seconds * 1000, 1, *GCRA().redis_args([bucket.correcting])]

        order = _Order(key, arguments, 1)
        order.heard.add_done_callback(_heard)
        self._send(order)

    def give_back(self, key: str, charges: Sequence[Charge]) -> None:
        """Put back into all of a caller's buckets what was taken too much; nobody waits."""
        if (
            self._closed
            or not any(charge.weight for charge in charges)
            or time.monotonic() < self._away_until
        ):
            return
        seconds = max(2 * charge.bucket.seconds for charge in charges)
        rates = [charge.bucket.correcting for charge in charges]
        algorithm = Weighted([charge.weight for charge in charges])

        def arguments(now: int) -> list[int | float]:
            return [now, -1, seconds * 1000, len(rates), *algorithm.redis_args(rates)]

        order = _Order(key, arguments, len(rates))
        order.heard.add_done_callback(_heard)
        self._send(order)

    async def remembers(self, key: str) -> bool:
        """Whether a mark is there. Raises `Away`."""
        if self._closed:
            raise Away
        try:
            return bool(await self._client.exists(_PREFIX + key))
        except (RedisError, OSError) as away:
            raise Away from away

    async def remember(self, key: str, days: int) -> None:
        """Set a mark; if Redis is away it is not set."""
        if self._closed:
            return
        with contextlib.suppress(RedisError, OSError):
            await self._client.set(_PREFIX + key, b"1", ex=days * 86_400)

    def _send(self, order: _Order) -> None:
        self._orders.append(order)
        if self._sender is None or self._sender.done():
            self._sender = asyncio.create_task(self._send_all())

    async def _send_all(self) -> None:
        while self._orders:
            orders, self._orders = self._orders[:AT_ONCE], self._orders[AT_ONCE:]
            try:
                await self._exchange(orders)
            except Exception as failure:  # noqa: BLE001 (whatever it was: those who wait must hear of it)
                self._away_until = time.monotonic() + QUIET_SECONDS
                self._ahead = None
                for order in orders:
                    if not order.heard.done():
                        order.heard.set_exception(Away(repr(failure)))

    async def _exchange(self, orders: Sequence[_Order]) -> None:
        was_set = abs(time.time() - time.monotonic() - self._apart) > SET_SECONDS
        if self._clock is None and (self._ahead is None or was_set):
            # Before anything is counted: an hour's difference would lock everybody out for an hour.
            self._hear_time(await self._client.time(), time.monotonic())
        began = time.monotonic()
        now = int((began + (self._ahead or 0.0) if self._clock is None else self._clock()) * 1000)
        replies = await self._run(orders, now)
        if any(isinstance(reply, NoScriptError) for reply in replies):
            await self._client.script_load(_SCRIPT)
            replies = await self._run(orders, now)
        self._hear_time(replies.pop(), (began + time.monotonic()) / 2)
        for order, said, stored in zip(orders, replies[::2], replies[1::2], strict=True):
            if order.heard.done():
                continue
            fault = next((one for one in (said, stored) if isinstance(one, Exception)), None)
            if fault is None:
                order.heard.set_result((said, stored, now))
            else:
                order.heard.set_exception(Away(repr(fault)))

    async def _run(self, orders: Sequence[_Order], now: int) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for order in orders:
            key = _PREFIX + order.key
            pipeline.evalsha(_SHA, 1, key, *order.arguments(now))
            pipeline.hmget(key, [f"tat{n + 1}" for n in range(order.fields)])
        pipeline.time()
        replies: list[Any] = await pipeline.execute(raise_on_error=False)
        return replies

    def _hear_time(self, told: Any, ours: float) -> None:
        if isinstance(told, Exception):
            raise told
        self._ahead = told[0] + told[1] / 1e6 - ours
        self._apart = time.time() - time.monotonic()


def _heard(future: asyncio.Future[Any]) -> None:
    # A correction that is lost costs a caller a little quota, once.
    if not future.cancelled():
        future.exception()
