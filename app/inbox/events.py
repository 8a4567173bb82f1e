"""Events of a person's inbox. An item says why it is there; what it points at is resolved when read."""

from __future__ import annotations

from typing import Any

from app.events.kinds import Effect, event_kind

INBOX_ITEM_ADDED = event_kind("InboxItemAdded", "inbox_item", Effect.PUT)
INBOX_ITEM_READ = event_kind("InboxItemRead", "inbox_item", Effect.CHANGE)


def inbox_item_state(item: dict[str, Any], plain_times: dict[str, Any]) -> dict[str, Any]:
    """An item without what it points at: an event never names objects of other scopes."""
    return {"id": str(item["id"]), "reason": item["reason"], "version": 1, **plain_times}
