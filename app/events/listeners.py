"""What an audience knows of those who listen, and of what they are told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from app.events.followers import Session
from app.events.frames import EventFrame
from app.events.log import Position

if TYPE_CHECKING:
    from app.events.audiences import Audience
    from app.events.pursuits import Pursuit


class Told(Protocol):
    """A frame as listeners take it. ``flawed``: with errors; ``last``: the streams end with it; ``silent``: nothing is
    sent, they only go on from there."""

    @property
    def flawed(self) -> bool: ...
    @property
    def last(self) -> bool: ...
    @property
    def silent(self) -> bool: ...

    def hand(self, listeners: Sequence[Listener], before: Position, after: Position) -> list[Listener]:
        """Have all take it whose position is ``before``, the same object, and make that ``after``: nothing else is
        looked at, for this is what is done most often by far. The others, whom it is not for or who may have no room.
        """


class Telling(Protocol):
    """Makes frames, in the name of one who is to get them."""

    async def __call__(self, frame: EventFrame, listener: Listener, /) -> Told: ...


class Listener:
    """One stream as long as it is in an ``audience``: no task, no queue. ``position``: after what it was last handed.

    The others are set when it joins, and looked at while it is one of the audience. All who stand at one place have the
    same object for it; who must be looked at more closely has an equal one (see ``hesitate``).
    """

    __slots__ = ("audience", "position", "session", "user_id")

    audience: Audience | None
    position: Position
    session: Session
    user_id: UUID

    def hesitate(self) -> None:
        """It may have no room, or be none of the audience any more: it is asked before it is handed anything."""
        if self.audience is not None:
            self.position = self.position._replace()

    def hear(self, told: Told) -> bool:
        """Take a frame. False: there is no room for it."""
        raise NotImplementedError

    def finish(self, told: Told) -> None:
        """Take the last frame, or why there can be none; the stream is over."""
        raise NotImplementedError

    def go_alone(self, pursuit: Pursuit) -> None:
        """It had no room: from here on it goes its own way, until it has caught up."""
        raise NotImplementedError
