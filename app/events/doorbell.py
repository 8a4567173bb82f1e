"""Redis as the doorbell: a backend for broadcaster that survives Redis, and what it carries.

Faults seen in broadcaster's own Redis backend: its listener dies silently when Redis drops, so subscribers hang for
ever; it does not wait for a subscription to be acknowledged, so a first subscriber can miss events. This one
reconnects for ever, subscribes anew, and waits for the acknowledgement. Messages may still be lost: the hub's
comparison with the log heals that.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import redis.asyncio as redis_client
import structlog
from broadcaster import Broadcast
from broadcaster import Event as BroadcastEvent
from broadcaster._backends.base import BroadcastBackend
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from app.events.log import event_of, message_of
from app.events.models import Event

log = structlog.get_logger(__name__)

SMALL_BYTES = 8_192
"""A message up to this size carries its events; a larger one only rings, and hubs read the log."""

_ALWAYS = "lockstep:always"
_WAITING = 10_000
_QUIET_SECONDS = 0.5


class RedisBackend(BroadcastBackend):
    """Pub/sub over one Redis connection that is made anew whenever it breaks."""

    def __init__(self, url: str) -> None:
        self._client = redis_client.from_url(
            url, socket_connect_timeout=1, socket_timeout=1, retry=Retry(NoBackoff(), 0)
        )
        self._listening = redis_client.from_url(
            url, socket_connect_timeout=1, socket_timeout=None, retry=Retry(NoBackoff(), 0)
        )
        self._channels: set[str] = set()
        self._acknowledged: dict[str, asyncio.Event] = {}
        self._arrived: asyncio.Queue[BroadcastEvent] = asyncio.Queue(_WAITING)
        self._pubsub: Any = None
        self._task: asyncio.Task[None] | None = None
        self._away_until = 0.0

    async def connect(self) -> None:
        self._task = asyncio.create_task(self._listen())

    async def disconnect(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self._client.aclose()
        await self._listening.aclose()

    async def subscribe(self, channel: str) -> None:
        """Returns once Redis has acknowledged, or after a second: the reader heals what is missed."""
        self._channels.add(channel)
        self._acknowledged[channel] = asyncio.Event()
        with contextlib.suppress(RedisError, OSError, TimeoutError):
            if self._pubsub is not None:
                await self._pubsub.subscribe(channel)
                await asyncio.wait_for(self._acknowledged[channel].wait(), 1)

    async def unsubscribe(self, channel: str) -> None:
        self._channels.discard(channel)
        self._acknowledged.pop(channel, None)
        with contextlib.suppress(RedisError, OSError):
            if self._pubsub is not None:
                await self._pubsub.unsubscribe(channel)

    async def publish(self, channel: str, message: Any) -> None:
        """Send at once; while Redis is known to be away, fail at once."""
        if time.monotonic() < self._away_until:
            raise ConnectionError("Redis is away")
        try:
            await self._client.publish(channel, message)
        except (RedisError, OSError):
            self._away_until = time.monotonic() + _QUIET_SECONDS
            raise

    async def next_published(self) -> BroadcastEvent:
        return await self._arrived.get()

    async def _listen(self) -> None:
        wait = 0.05
        while True:
            try:
                async with self._listening.pubsub() as pubsub:
                    # A channel of our own keeps the connection in pub/sub mode while nobody follows anything.
                    await pubsub.subscribe(_ALWAYS, *self._channels)
                    self._pubsub = pubsub
                    wait = 0.05
                    async for message in pubsub.listen():
                        self._hear(message)
            except (RedisError, OSError, RuntimeError) as failure:
                log.warning("redis_listener_reconnects", error=repr(failure))
            self._pubsub = None
            await asyncio.sleep(wait * random.uniform(0.5, 1))
            wait = min(wait * 2, 1)

    def _hear(self, message: dict[str, Any]) -> None:
        channel = message["channel"].decode()
        if message["type"] == "message" and not self._arrived.full():
            self._arrived.put_nowait(BroadcastEvent(channel, message["data"]))
        elif message["type"] == "subscribe" and channel in self._acknowledged:
            self._acknowledged[channel].set()


def channel_of(scope_id: UUID) -> str:
    """The Redis channel of a scope."""
    return f"lockstep:{scope_id}"


class RedisDoorbell:
    """Announces committed events: (scope, seq), and the events themselves if they are small."""

    def __init__(self, broadcast: Broadcast) -> None:
        self._broadcast = broadcast

    async def ring(self, events: Sequence[Event]) -> None:
        by_scope: dict[UUID, list[Event]] = {}
        for event in events:
            by_scope.setdefault(event.scope_id, []).append(event)
        await asyncio.gather(
            *(self._broadcast.publish(channel_of(scope), _message(told)) for scope, told in by_scope.items())
        )


def _message(events: list[Event]) -> bytes:
    whole = orjson.dumps({"seq": events[-1].seq, "events": [message_of(event) for event in events]})
    return whole if len(whole) <= SMALL_BYTES else orjson.dumps({"seq": events[-1].seq})


def read_message(message: bytes | str) -> tuple[int, list[Event]]:
    """What a message says: the scope's seq, and its events if they came along."""
    content = orjson.loads(message)
    return content["seq"], [event_of(event) for event in content.get("events", ())]
