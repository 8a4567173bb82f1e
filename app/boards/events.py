"""Events of boards, and of the order of cards."""

from __future__ import annotations

from typing import Any

from app.events.kinds import Effect, event_kind
from app.values import plain

BOARD_CREATED = event_kind("BoardCreated", "board", Effect.PUT)
BOARD_UPDATED = event_kind("BoardUpdated", "board", Effect.CHANGE)
BOARD_DELETED = event_kind("BoardDeleted", "board", Effect.CHANGE)
RANKS_REBALANCED = event_kind("RanksRebalanced", "task", Effect.CHANGE)
"""A task has another rank and the same place: written in the background, and no edit of the task."""

_FIELDS = ("id", "name", "swimlanes", "columns", "rank", "version", "deleted_at")


def board_state(board: Any) -> dict[str, Any]:
    """A board as its events hold it."""
    return {name: plain(getattr(board, name)) for name in _FIELDS}
