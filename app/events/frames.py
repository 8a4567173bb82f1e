"""What a stream of events yields."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from app import metrics
from app.events.log import Position
from app.events.models import Event


class FrameKind(StrEnum):
    """Events; nothing new, but here is the head; reload, the log cannot be followed from there; or the end."""

    EVENTS = "events"
    HEARTBEAT = "heartbeat"
    RESYNC = "resync"
    ENDED = "ended"


class FrameReason(StrEnum):
    """Why a client must reload, or why its stream ended."""

    OTHER_HISTORY = "other_history"
    FROM_THE_FUTURE = "from_the_future"
    TOO_FAR_BEHIND = "too_far_behind"
    TOO_SLOW = "too_slow"
    VIEW_CHANGED = "view_changed"
    ACCESS_LOST = "access_lost"
    TOKEN_EXPIRED = "token_expired"  # noqa: S105 (a reason, not a token)
    SIGNED_OUT = "signed_out"


@dataclass(frozen=True)
class EventFrame:
    """Events in seq order without gaps, and the position after them. ``more``: the log has more right now."""

    kind: FrameKind
    position: Position | None
    events: list[Event] = field(default_factory=list)
    reason: FrameReason | None = None
    more: bool = False


RESYNCS = (
    FrameReason.TOO_SLOW,
    FrameReason.OTHER_HISTORY,
    FrameReason.FROM_THE_FUTURE,
    FrameReason.TOO_FAR_BEHIND,
)
"""After these a client must load anew; after the others it must sign in, or is not to come back."""


def last_frame(reason: FrameReason, position: Position) -> EventFrame:
    """The frame that ends a stream, counted if it is a RESYNC."""
    resync = reason in RESYNCS
    if resync:
        metrics.RESYNCS.labels(reason.value).inc()
    return EventFrame(FrameKind.RESYNC if resync else FrameKind.ENDED, position, reason=reason)
