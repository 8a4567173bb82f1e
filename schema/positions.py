"""Positions: where a scope's log stands."""

from __future__ import annotations

from typing import Any

import strawberry

from app.events import log
from schema.edges import derived
from schema.ids import scope_id


def _scope(root: Any) -> strawberry.ID:
    return strawberry.ID(scope_id(root.told.scope_id))


def _seq(root: Any) -> int:
    seq: int = root.told.seq
    return seq


def _cursor(root: Any) -> str:
    cursor: str = root.told.cursor.encode()
    return cursor


@strawberry.type(
    description="A place in a scope's log. An answer that reflects it shows every event up to `seq`, and none after."
)
class Position:
    """Written out where it is asked for: every mutation has some, and hardly anybody selects them."""

    told: strawberry.Private[log.Position]
    scope: strawberry.ID = derived(_scope, "The scope, as `events(scope:)` takes it.", reads=("told",))
    seq: int = derived(
        _seq, "The number of the last event that is reflected; 0 before the first.", reads=("told",)
    )
    cursor: str = derived(_cursor, "Where to go on from: `events(after:)`. Opaque.", reads=("told",))

    @classmethod
    def of(cls, position: log.Position) -> Position:
        """As clients see it."""
        return cls(told=position)
