"""What is told through Redis: that a scope's log has grown, and the events themselves if they are small."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from uuid import UUID

import orjson
from broadcaster import Broadcast

from app.events.log import event_of, message_of
from app.events.models import Event

SMALL_BYTES = 8_192
"""A message up to this size carries its events; a larger one only rings, and hubs read the log."""


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
            *(
                self._broadcast.publish(channel_of(scope), make_message(told))
                for scope, told in by_scope.items()
            )
        )


def make_message(events: Sequence[Event]) -> bytes:
    """The message for consecutive events of one scope."""
    whole = orjson.dumps({"seq": events[-1].seq, "events": [message_of(event) for event in events]})
    return whole if len(whole) <= SMALL_BYTES else orjson.dumps({"seq": events[-1].seq})


def read_message(message: bytes | str, scope_id: UUID) -> tuple[int, list[Event]]:
    """What a message of a scope says: its seq, and its events if they came along. Raises for any other message."""
    content = orjson.loads(message)
    seq, events = content["seq"], [event_of(event) for event in content.get("events", ())]
    for told in (seq, *(event.seq for event in events)):
        if type(told) is not int or not 0 < told < 2**63:
            raise ValueError(f"not a seq: {told!r}")
    if any(event.scope_id != scope_id for event in events):
        raise ValueError("events of another scope")
    return seq, events
