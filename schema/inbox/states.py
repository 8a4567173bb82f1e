"""Whole states of items of an inbox, as the events that put them there hold them."""

from __future__ import annotations

from datetime import datetime

import strawberry

from schema.events.states import State
from schema.inbox.enums import InboxReason


@strawberry.type(description="An item of your inbox; what it points at is told by `node(id:)`.")
class InboxItemState(State, id="InboxItem"):
    id: strawberry.ID = strawberry.field(description="The item.")
    reason: InboxReason = strawberry.field(description="Why it is there.")
    created_at: datetime = strawberry.field(description="Since when.")
    read_at: datetime | None = strawberry.field(description="When you read it.")
