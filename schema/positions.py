"""Positions: where a scope's log stands."""

from __future__ import annotations

import strawberry

from app.events import log
from schema.ids import global_id


@strawberry.type(
    description="A place in a scope's log. An answer that reflects it shows every event up to `seq`, and none after."
)
class Position:
    scope: strawberry.ID = strawberry.field(description="The scope, as `events(scope:)` takes it.")
    seq: int = strawberry.field(
        description="The number of the last event that is reflected; 0 before the first."
    )
    cursor: str = strawberry.field(description="Where to go on from: `events(after:)`. Opaque.")

    @classmethod
    def of(cls, position: log.Position) -> Position:
        return cls(
            scope=strawberry.ID(global_id("Scope", position.scope_id)),
            seq=position.seq,
            cursor=position.cursor.encode(),
        )
