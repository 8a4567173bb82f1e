"""Going on from a cursor: whether that is possible, and the events since."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.events.cursors import Cursor
from app.events.frames import EventFrame, FrameKind, FrameReason
from app.events.log import Position, event_id_at, events_after
from app.events.models import Event, Scope

FURTHEST_BEHIND = 20_000
"""With more events missed than this a reload is cheaper than a replay."""

PAGE = 500


class OtherHistory(Exception):
    """The log does not hold what was followed so far: an older copy of the database stands in its place."""


def head_of(clock: Scope) -> Position:
    """The position of a clock's head."""
    return Position(clock.id, clock.seq, Cursor.at(clock.id, clock.seq, clock.head_event_id))


def position_after(event: Event) -> Position:
    """The position just after an event."""
    return Position(event.scope_id, event.seq, Cursor.at(event.scope_id, event.seq, event.id))


def refusal(after: Cursor, clock: Scope, event_id: UUID | None) -> FrameReason | None:
    """Why a client cannot go on from ``after``, or None if it can. ``event_id``: of the event that is there now."""
    if after.seq > clock.seq:
        return FrameReason.FROM_THE_FUTURE
    if Cursor.at(clock.id, after.seq, event_id).check != after.check:
        return FrameReason.OTHER_HISTORY
    if clock.seq - after.seq > FURTHEST_BEHIND:
        return FrameReason.TOO_FAR_BEHIND
    return None


async def refuse_resume(reader: Reader, after: Cursor, clock: Scope) -> FrameReason | None:
    """Why a client cannot go on from ``after``, or None if it can."""
    event_id = clock.head_event_id if after.seq == clock.seq else None
    if event_id is None and 0 < after.seq <= clock.seq:
        event_id = await event_id_at(reader, clock.id, after.seq)
    return refusal(after, clock, event_id)


async def linked_events(reader: Reader, after: Cursor, upto: int, limit: int = PAGE) -> list[Event]:
    """The events after a cursor, up to a seq: read together with the cursor's own event, which must still be there.

    Raises ``OtherHistory`` if it is not. Whoever reads page by page asks again with each page: between two of them
    an older copy of the database may have taken the place of this one.
    """
    first = max(after.seq - 1, 0)
    events = await events_after(reader, after.scope_id, first, upto=upto, limit=limit + 1)
    if after.seq > 0:
        if not events or position_after(events[0]).cursor != after:
            raise OtherHistory()
        events = events[1:]
    return events[:limit]


async def page_after(reader: Reader, after: Cursor, clock: Scope, *, limit: int = PAGE) -> EventFrame:
    """The next events after a cursor, as one frame, or why there can be none."""
    reason = await refuse_resume(reader, after, clock)
    if reason is not None:
        return EventFrame(FrameKind.RESYNC, head_of(clock), reason=reason)
    events = await events_after(reader, clock.id, after.seq, upto=clock.seq, limit=limit)
    if not events:
        return EventFrame(FrameKind.HEARTBEAT, head_of(clock))
    position = position_after(events[-1])
    return EventFrame(FrameKind.EVENTS, position, events, more=position.seq < clock.seq)
