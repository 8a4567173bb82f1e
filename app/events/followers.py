"""What waits to be sent to those who follow a scope, and why a stream must end."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from app.events.frames import FrameReason
from app.events.log import Position
from app.events.models import Event
from app.events.resuming import FURTHEST_BEHIND, PAGE, position_after


class Session(Protocol):
    """What a stream needs to know of the connection it runs on."""

    @property
    def expires_at(self) -> float: ...

    @property
    def session_id(self) -> UUID: ...


class Queue:
    """A bounded queue of what the feed handed out, and at most one reason to end.

    ``limit`` bounds what waits in portions, as the feed hands them out: a bulk edit is one. The portions are shared
    with the other queues, and no more than ``FURTHEST_BEHIND`` events wait in them.
    """

    __slots__ = ("_limit", "_size", "_waiting", "ended")

    def __init__(self, limit: int) -> None:
        self.ended: FrameReason | None = None
        self._limit = limit
        self._waiting: deque[Sequence[Event]] = deque()
        self._size = 0

    @property
    def waiting(self) -> int:
        """How many events wait."""
        return self._size

    def ring(self) -> None:
        """Called when there is something new, or the end."""

    def offer(self, events: Sequence[Event]) -> None:
        """Queue a portion; a reader who cannot keep up is told to resync instead of filling the memory."""
        if self.ended is not None:
            return
        if len(self._waiting) >= self._limit or self._size + len(events) > FURTHEST_BEHIND:
            self.end(FrameReason.TOO_SLOW)
            return
        self._waiting.append(events)
        self._size += len(events)
        self.ring()

    def copy_to(self, other: Queue) -> None:
        """Offer another all that waits here."""
        for portion in self._waiting:
            other.offer(portion)

    def take(self, after: Position) -> list[Event]:
        """About a page of what waits, without what the stream had already.

        If it had another event at that place, the stream is of another history, and ends.
        """
        taken: list[Event] = []
        while self._waiting and (not taken or len(taken) + len(self._waiting[0]) <= PAGE):
            portion = self._waiting.popleft()
            self._size -= len(portion)
            if portion[0].seq > after.seq:
                taken.extend(portion)
                continue
            for event in portion:
                if event.seq > after.seq:
                    taken.append(event)
                elif event.seq == after.seq and position_after(event) != after:
                    self.end(FrameReason.OTHER_HISTORY)
                    return []
        return taken

    def end(self, reason: FrameReason) -> None:
        """End the stream; what is still queued is not sent."""
        if self.ended is None:
            self.ended = reason
            self._waiting.clear()
            self._size = 0
            self.ring()


class Follower(Queue):
    """The queue of one stream that goes its own way."""

    __slots__ = ("session", "user_id", "wake")

    def __init__(self, user_id: UUID, session: Session, limit: int) -> None:
        super().__init__(limit)
        self.user_id = user_id
        self.session = session
        self.wake = asyncio.Event()

    def ring(self) -> None:
        """Wake who waits for this queue."""
        self.wake.set()

    def end_if_expired(self) -> bool:
        """Whether the stream must end, or must end now because its token has run out."""
        if self.ended is None and self.session.expires_at <= time.time():
            self.end(FrameReason.TOKEN_EXPIRED)
        return self.ended is not None
