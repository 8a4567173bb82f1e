"""What is told through Redis: that a scope's log has grown, and the events themselves if they are small."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

import orjson
from broadcaster import Broadcast

from app.events.log import event_of, message_of
from app.events.models import Event

SMALL_BYTES = 8_192
"""A message up to this size carries its events; a larger one only rings, and hubs read the log."""

SIGHT_LOST = "ScopeRemoved"
"""The kind of event by which somebody's inbox tells that they see a scope no more (`app.inbox.scopes`)."""

LOOK_AGAIN = b'{"access":true}'
"""To those who follow a scope: somebody has lost it. It is the comparison with the database that finds out who."""

ENVELOPE_BYTES = 64
"""What a message takes beside its events."""


def channel_of(scope_id: UUID) -> str:
    """The Redis channel of a scope."""
    return f"lockstep:{scope_id}"


class Near(Protocol):
    """Who follows in this process."""

    def hear(self, scope_id: UUID, message: bytes) -> None:
        """Take a scope's message."""


class RedisDoorbell:
    """Announces committed events: (scope, seq), and the events themselves if they are small.

    Scopes that somebody lost by them are told before all else, so that nothing later is heard without knowing.
    ``near``: hears of them first, the same messages. Who follows in this process need not wait for Redis.
    """

    def __init__(
        self, broadcast: Broadcast, backend: Pipeline | None = None, near: Near | None = None
    ) -> None:
        self._broadcast = broadcast
        self._backend = backend
        self._near = near

    async def ring(self, events: Sequence[Event]) -> None:
        by_scope: dict[UUID, list[Event]] = {}
        for event in events:
            by_scope.setdefault(event.scope_id, []).append(event)
        lost = dict.fromkeys(event.object_id for event in events if event.kind == SIGHT_LOST)
        told = [(scope, LOOK_AGAIN) for scope in lost]
        told += [(scope, message) for scope, some in by_scope.items() for message in make_messages(some)]
        if self._near is not None:
            for scope, message in told:
                self._near.hear(scope, message)
        messages = [(channel_of(scope), message) for scope, message in told]
        if len(messages) == 1 or self._backend is None:
            for channel, message in messages:
                await self._broadcast.publish(channel, message)
        else:
            await self._backend.publish_all(messages)


class Pipeline(Protocol):
    """Sends many messages in one round trip."""

    async def publish_all(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send them in their order; raises if it cannot."""


def make_messages(events: Sequence[Event]) -> list[bytes]:
    """The messages for consecutive events of one scope: as few as carry all that are small.

    Those of one bulk edit are one, whatever their size: they are one frame to those who follow.
    """
    written = [orjson.dumps(message_of(event)) for event in events]
    if len(events) == 1 or events[0].batch_id is not None:
        return [_message(events[-1].seq, written)]
    messages, waiting, size = [], list[bytes](), 0
    for event, text in zip(events, written, strict=True):
        if waiting and size + len(text) > SMALL_BYTES - ENVELOPE_BYTES:
            messages.append(_message(event.seq - 1, waiting))
            waiting, size = [], 0
        waiting.append(text)
        size += len(text) + 1
    return [*messages, _message(events[-1].seq, waiting)]


def make_message(events: Sequence[Event]) -> bytes:
    """The message for consecutive events of one scope."""
    return _message(events[-1].seq, [orjson.dumps(message_of(event)) for event in events])


def _message(seq: int, written: Sequence[bytes]) -> bytes:
    whole = b'{"seq":%d,"events":[%s]}' % (seq, b",".join(written))
    return whole if len(whole) <= SMALL_BYTES else orjson.dumps({"seq": seq})


def read_message(message: bytes | str, scope_id: UUID, known: int = 0) -> tuple[int, list[Event]]:
    """What a message of a scope says: its seq, and its events if they came along. Raises for any other message.

    ``known``: a seq up to which nothing is news.
    """
    content = orjson.loads(message)
    seq = content["seq"]
    if type(seq) is int and 0 < seq <= known:
        return seq, []
    events = [event_of(event) for event in content.get("events", ())]
    for told in (seq, *(event.seq for event in events)):
        if type(told) is not int or not 0 < told < 2**63:
            raise ValueError(f"not a seq: {told!r}")
    if any(event.scope_id != scope_id for event in events):
        raise ValueError("events of another scope")
    return seq, events
