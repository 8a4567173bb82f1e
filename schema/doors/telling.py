"""Frames that are told to many operations: made once, in the name of one of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import TYPE_CHECKING, Any, Final, cast

from app.events.frames import EventFrame, FrameKind
from app.events.listeners import Listener
from app.events.log import Position
from schema.answers import Answer, encode
from schema.doors.messages import error_frame, next_frame
from schema.execution import GraphQLService
from schema.preparation import Prepared

if TYPE_CHECKING:
    from schema.doors.operations import Operation

LAST = (FrameKind.RESYNC, FrameKind.ENDED)

FRAMES_KEPT = 16
"""Identifiers, of those that many clients use, for which a shared frame is kept whole."""


class Shared:
    """One answer for many, whose identifiers differ. ``failed``: it is nothing but errors."""

    __slots__ = ("_frames", "_payload", "errors", "failed", "flawed", "last", "silent")

    def __init__(self, answer: Answer, request_id: str, *, last: bool = False, silent: bool = False) -> None:
        self.failed = not answer.executed
        self.last = last or self.failed
        self.silent = silent
        self.flawed = bool(answer.errors)
        self.errors = answer.errors
        self._payload = b"" if self.failed else encode(answer, request_id)
        self._frames: dict[str, bytes] = {}

    def hand(self, listeners: Sequence[Listener], before: Position, after: Position) -> list[Listener]:
        """Writes it to all who stand at `before`. The others come back."""
        if self.last:
            return list(listeners)
        others: list[Listener] = []
        identifier, frame, silent = None, b"", self.silent
        for one in cast("Sequence[Operation]", listeners):
            if one.position is not before:
                others.append(one)
                continue
            if one.identifier is not identifier:
                identifier = one.identifier
                frame = self.frame(identifier)
            one.position = after  # first: the writing may find that there is no room for more
            if not silent:
                one.transport.write(frame)
        return others

    def frame(self, identifier: str) -> bytes:
        """As the operation of this identifier is told it."""
        frame = self._frames.get(identifier)
        if frame is None:
            frame = (
                error_frame(identifier, self.errors) if self.failed else next_frame(identifier, self._payload)
            )
            if len(self._frames) < FRAMES_KEPT:
                self._frames[identifier] = frame
        return frame


SILENCE: Final = Shared(Answer(executed=True), "", silent=True)


class SharedTelling:
    """Makes the frames of a group of equal subscriptions, each in the name of one of them."""

    def __init__(
        self, service: GraphQLService, prepared: Prepared, group: Hashable,
        event: Callable[[EventFrame], Awaitable[Any]],
    ) -> None:  # fmt: skip
        self.group = group
        self._service = service
        self._prepared = prepared
        self._event = event
        self._heartbeat: tuple[Position | None, Shared] | None = None

    def at_hand(self, frame: EventFrame) -> Shared | None:
        """The frame, if it is made already: whoever comes is told first where the log stands, and all who come together
        are told the same."""
        kept = self._heartbeat if frame.kind is FrameKind.HEARTBEAT else None
        return kept[1] if kept is not None and kept[0] == frame.position else None

    async def __call__(self, frame: EventFrame, listener: Listener) -> Shared:
        """The frame, executed and encoded."""
        known = self.at_hand(frame)
        if known is not None:
            return known
        session = cast("Operation", listener).connection.session
        assert session is not None
        event = await self._event(frame)
        if event is None:
            return SILENCE
        answer = await self._service.tell(self._prepared, self.group, event, session)
        shared = Shared(answer, session.request_id, last=event.kind in LAST)
        if frame.kind is FrameKind.HEARTBEAT and not shared.flawed:
            self._heartbeat = (frame.position, shared)
        return shared
