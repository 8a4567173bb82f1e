"""Following a scope: live, and the same over plain HTTP."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Hashable
from uuid import UUID

import strawberry

from app.errors import BadInput, NotFound
from app.events import frames
from app.events.cursors import Cursor
from app.events.log import clocks
from app.events.pursuits import Pursuit
from app.events.resuming import PAGE, page_after
from app.projects.access import readable_scopes
from schema.context import Context
from schema.edges import Info
from schema.events.enums import FrameKind, FrameReason
from schema.events.types import Event
from schema.ids import read_id
from schema.positions import Position
from schema.sharing import LARGEST_SHARED

SCOPE_KINDS = ("Scope", "Project", "Workspace")


@strawberry.type(
    description="What a stream of events yields: a bulk edit, a catch-up and a single event are each one."
)
class EventFrame:
    share_key: strawberry.Private[Hashable | None]
    kind: FrameKind = strawberry.field(description="What this frame is.")
    events: list[Event] = strawberry.field(description="In `seq` order, without gaps or doubles.")
    position: Position | None = strawberry.field(
        description="Where you stand after it: go on with its cursor."
    )
    reason: FrameReason | None = strawberry.field(description="With RESYNC and ENDED: why.")
    more: bool = strawberry.field(description="The log has more right now: another frame follows at once.")

    @classmethod
    def of(cls, frame: frames.EventFrame) -> EventFrame:
        return cls(
            share_key=_share_key(frame),
            kind=frame.kind,
            events=frame.events,  # type: ignore[arg-type]
            position=None if frame.position is None else Position.of(frame.position),
            reason=frame.reason,
            more=frame.more,
        )


def _share_key(frame: frames.EventFrame) -> Hashable | None:
    """The same for frames that hold the same; None for replays, which are one client's own."""
    if not 1 <= len(frame.events) <= LARGEST_SHARED:
        return None
    first, last = frame.events[0], frame.events[-1]
    return first.scope_id, first.seq, last.seq, last.id, frame.more


def _cursor(scope_id: UUID, after: str | None) -> Cursor | None:
    if not after:
        return None
    cursor = Cursor.decode(after)
    if cursor.scope_id != scope_id:
        raise BadInput("This cursor is of another scope.")
    return cursor


class Followed:
    """A scope that is followed: by itself, if it is iterated; or as one of an audience (`schema.sharing.Shareable`)."""

    def __init__(self, context: Context, scope: str, after: str | None) -> None:
        self._hub = context.application.hub
        self._session = context.session
        self._viewer_id = context.viewer_id
        self._scope_id = read_id(scope, *SCOPE_KINDS)
        self._after = _cursor(self._scope_id, after)

    meant = None
    repeats = True

    async def pursue(self) -> Pursuit:
        """Begins to follow. Raises `NotFound`."""
        return await self._hub.pursue(self._viewer_id, self._session, self._scope_id, self._after)

    def pursue_now(self, told: Callable[[Exception | None], None]) -> Pursuit | None:
        """The same without a task, where somebody follows this scope already."""
        return self._hub.pursue_now(self._viewer_id, self._session, self._scope_id, self._after, told)

    def again(self, context: Context) -> Followed:
        """The same for somebody else."""
        made = Followed.__new__(Followed)
        made.__dict__.update(self.__dict__, _session=context.session, _viewer_id=context.viewer_id)
        return made

    @staticmethod
    async def event(frame: frames.EventFrame) -> EventFrame:
        """A frame as the subscription's field has it."""
        return EventFrame.of(frame)

    async def __aiter__(self) -> AsyncGenerator[EventFrame]:
        stream = self._hub.follow(self._viewer_id, self._session, self._scope_id, self._after)
        try:
            async for frame in stream:
                yield EventFrame.of(frame)
        finally:
            await stream.aclose()


async def events(
    info: Info, scope: strawberry.ID, after: str | None = strawberry.UNSET
) -> AsyncGenerator[EventFrame]:
    """Follow a scope (see ``EventSubscriptions``)."""
    return Followed(info.context, scope, after)  # type: ignore[return-value]  # what it is iterated by is one


@strawberry.type
class EventSubscriptions:
    events: AsyncGenerator[EventFrame] = strawberry.subscription(
        resolver=events,
        description="Follow a scope: replays what you missed after the cursor, then goes on live, in one operation. "
        "Without `after` it begins now, with a HEARTBEAT frame that says where. Scopes: a project, a "
        "workspace, a workspace's directory, your inbox.",
    )


async def events_after(info: Info, scope: strawberry.ID, after: str, first: int = PAGE) -> EventFrame:
    """The next events of a scope after a cursor, over plain HTTP."""
    scope_id = read_id(scope, *SCOPE_KINDS)
    cursor = _cursor(scope_id, after)
    if cursor is None:
        raise BadInput("Send the cursor of a position or frame as `after`.")
    if not 1 <= first <= PAGE:
        raise BadInput(f"Ask for 1 to {PAGE} events at once.")
    context: Context = info.context
    viewer_id = context.viewer_id  # signed out, nothing is asked of the database
    reader = await context.reader()
    if not await readable_scopes(reader, [(viewer_id, scope_id)]):
        raise NotFound("Scope", path=("scope",))
    clock = (await clocks(reader, [scope_id]))[scope_id]
    return EventFrame.of(await page_after(reader, cursor, clock, limit=first))
