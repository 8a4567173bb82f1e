"""Opaque places in a scope's log.

A cursor is the scope, a seq and four bytes of that event's random id. Resuming compares them with the event
that stands at that seq now, so a client never resumes on another history: a restored database cannot know
that it was restored, but its event at that seq has another id.
"""

from __future__ import annotations

import base64
import struct
from typing import NamedTuple
from uuid import UUID

from app.errors import BadInput

_FORM = struct.Struct(">16sQ4s")


class Cursor(NamedTuple):
    """``check`` is the last four bytes of the id of the event at ``seq`` (of the scope's id at 0)."""

    scope_id: UUID
    seq: int
    check: bytes

    @classmethod
    def at(cls, scope_id: UUID, seq: int, event_id: UUID | None) -> Cursor:
        """The place just after the event ``event_id`` at ``seq`` (None before the first event)."""
        return cls(scope_id, seq, (event_id or scope_id).bytes[-4:])

    def encode(self) -> str:
        packed = _FORM.pack(self.scope_id.bytes, self.seq, self.check)
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Read a cursor; raises ``BadInput`` if it is none of ours."""
        try:
            packed = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
            scope, seq, check = _FORM.unpack(packed)
        except (ValueError, struct.error):
            raise BadInput(
                "This is not an event cursor. Send one that a position or frame gave you."
            ) from None
        if seq >= 2**63:
            raise BadInput("This is not an event cursor. Send one that a position or frame gave you.")
        return cls(UUID(bytes=scope), seq, check)
