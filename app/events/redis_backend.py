"""A Redis backend for broadcaster that survives Redis.

Faults seen in broadcaster's own: its listener dies silently when Redis drops, so subscribers hang for ever; it
does not wait for a subscription to be acknowledged, so a first subscriber can miss events. This one
reconnects for ever, subscribes anew, notices a connection that went silent, and waits for the acknowledgement.
Messages may still be lost: the hub's comparison with the log heals that.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import redis.asyncio as redis_client
import structlog
from broadcaster import Event as BroadcastEvent
from broadcaster._backends.base import BroadcastBackend
from redis.asyncio.client import PubSub
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app import metrics
from app.events.publishing import Publisher
from app.stopping import stop

log = structlog.get_logger(__name__)

PUBLISH_SECONDS = 0.5
"""How long a commit's answer waits for a Redis that does not answer."""

QUIET_SECONDS = 0.5
"""For how long nothing is published after a failure: every answer would wait otherwise."""

CLOSE_SECONDS = 2.0
"""What is being published when the process stops has so long to be."""

SILENCE_SECONDS = 3.0
"""A listening connection that is silent for so long is asked whether it lives, and made anew if it says nothing."""

ACKNOWLEDGED_SECONDS = 1.0
_PUBLISH_ALL = "for at = 1, #ARGV, 2 do redis.call('PUBLISH', ARGV[at], ARGV[at + 1]) end"
"""Channels and messages in turn. One command has one answer to be read, where a pipeline has one for each."""
_ALWAYS = "lockstep:always"
_WAITING = 10_000
_FIRST_WAIT, _LONGEST_WAIT = 0.05, 1.0


class RedisBackend(BroadcastBackend):
    """Pub/sub over one Redis connection that is made anew whenever it breaks."""

    def __init__(self, url: str) -> None:
        never = Retry(NoBackoff(), 0)
        self._publisher = Publisher(url, seconds=PUBLISH_SECONDS)
        self._listening = redis_client.from_url(
            url, socket_connect_timeout=1, socket_timeout=SILENCE_SECONDS, retry=never
        )
        self._channels: set[str] = set()
        self._acknowledged: dict[str, asyncio.Event] = {}
        self._arrived: asyncio.Queue[BroadcastEvent] = asyncio.Queue(_WAITING)
        self._pubsub: PubSub | None = None
        # Orders go out one by one: "leave" and "join" of one channel, swapped, would leave it for good.
        self._turn = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        self._away_until = 0.0
        self._publishing = 0
        self._published = asyncio.Event()

    async def connect(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def disconnect(self) -> None:
        self._closed = True
        if self._task is not None:
            await stop(self._task)
        # Whoever still has something to tell must not open a connection that nobody closes.
        self._away_until = math.inf
        if self._publishing:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._published.wait()
        await self._publisher.close()
        await self._listening.aclose()

    async def subscribe(self, channel: str) -> None:
        """Returns once Redis has acknowledged, or after a second: the reader heals what is missed."""
        self._channels.add(channel)
        acknowledged = self._acknowledged[channel] = asyncio.Event()
        if not await self._order("subscribe", channel):
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(ACKNOWLEDGED_SECONDS):
                await acknowledged.wait()

    async def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)
        self._acknowledged.pop(channel, None)
        await self._order("unsubscribe", channel)

    async def _order(self, what: str, *channels: str) -> bool:
        """Whether the order went out; if not, the next connection begins with all channels anyway."""
        async with self._turn:
            if self._pubsub is None:
                return False
            try:
                async with asyncio.timeout(ACKNOWLEDGED_SECONDS):
                    await getattr(self._pubsub, what)(*channels)
            except Exception as failure:  # noqa: BLE001 (the listener meets the same fault, and begins anew)
                log.warning("redis_order_failed", order=what, error=repr(failure))
                return False
        return True

    async def publish(self, channel: str, message: Any) -> None:
        """Send at once; while Redis is known to be away, fail at once."""
        if time.monotonic() < self._away_until:
            raise ConnectionError("Redis is away")
        with self._sending():
            await self._publisher.send("PUBLISH", channel, message)

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """The same for many, in their order and one round trip."""
        if time.monotonic() < self._away_until:
            raise ConnectionError("Redis is away")
        with self._sending():
            parts = [part for message in messages for part in message]
            await self._publisher.send("EVAL", _PUBLISH_ALL, 0, *parts)

    @contextlib.contextmanager
    def _sending(self) -> Iterator[None]:
        self._publishing += 1
        self._published.clear()
        try:
            yield
        except (RedisError, OSError):
            self._away_until = max(self._away_until, time.monotonic() + QUIET_SECONDS)
            raise
        finally:
            self._publishing -= 1
            if not self._publishing:
                self._published.set()

    async def next_published(self) -> BroadcastEvent:
        return await self._arrived.get()

    async def _listen(self) -> None:
        wait = _FIRST_WAIT
        while not self._closed:
            try:
                async with self._listening.pubsub() as pubsub:
                    await self._begin(pubsub)
                    wait = _FIRST_WAIT
                    await self._hear_all(pubsub)
            except Exception as failure:  # noqa: BLE001 (whatever it was: begin anew, for ever)
                log.warning("redis_listener_reconnects", error=repr(failure))
            finally:
                self._pubsub = None
            metrics.REDIS_RECONNECTS.inc()
            await asyncio.sleep(wait * random.uniform(0.5, 1))
            wait = min(wait * 2, _LONGEST_WAIT)

    async def _begin(self, pubsub: PubSub) -> None:
        async with self._turn:
            # A channel of our own keeps the connection in pub/sub mode while nobody follows anything.
            begun = set(self._channels)
            await pubsub.subscribe(_ALWAYS, *begun)
            self._pubsub = pubsub
        # Whoever came or left meanwhile found no connection to give the order to.
        for what, channels in (
            ("subscribe", self._channels - begun),
            ("unsubscribe", begun - self._channels),
        ):
            if channels:
                await self._order(what, *channels)
        # And this connection works, so the other one will.
        self._away_until = 0.0

    async def _hear_all(self, pubsub: PubSub) -> None:
        asked = False
        while True:
            message = await pubsub.get_message(timeout=SILENCE_SECONDS)  # None: silence
            if message is not None:
                asked = False
                self._hear(message)
            elif asked:
                raise ConnectionError("Redis does not answer")
            else:
                asked = True
                await pubsub.ping()

    def _hear(self, message: dict[str, Any]) -> None:
        if message["type"] == "message":
            if self._arrived.full():
                metrics.MESSAGES_DROPPED.inc()
            else:
                self._arrived.put_nowait(BroadcastEvent(message["channel"].decode(), message["data"]))
        elif message["type"] == "subscribe":
            acknowledged = self._acknowledged.get(message["channel"].decode())
            if acknowledged is not None:
                acknowledged.set()
