"""Events of boards, and of the order of cards."""

from __future__ import annotations

from typing import Any

from app.events.kinds import Effect, Payload, event_kind
from app.values import plain


def _of_every_task(payload: Payload) -> Payload:
    return {"state": {**payload["state"], "filter": None, "view_id": None}}


BOARD_CREATED = event_kind("BoardCreated", "board", Effect.PUT, version=2, upcasters={1: _of_every_task})
BOARD_UPDATED = event_kind("BoardUpdated", "board", Effect.CHANGE)
BOARD_DELETED = event_kind("BoardDeleted", "board", Effect.CHANGE)
RANKS_REBALANCED = event_kind("RanksRebalanced", "task", Effect.CHANGE)
"""A task has another rank and the same place: written in the background, and no edit of the task."""

_FIELDS = ("id", "name", "swimlanes", "columns", "filter", "view_id", "rank", "version", "deleted_at")


def board_state(board: Any) -> dict[str, Any]:
    """A board as its events hold it."""
    return {name: plain(getattr(board, name)) for name in _FIELDS}
