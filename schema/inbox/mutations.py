"""Read marks."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import strawberry

from app.inbox.actions import mark_read
from schema.context import Columns, Context
from schema.edges import Info, edge
from schema.ids import read_ids
from schema.inbox.types import InboxItem
from schema.inputs import key_field
from schema.mutating import Payload, mutation, positions_of, write
from schema.nodes import nodes_by_id


async def _items(context: Context, parents: list[Any], columns: Columns) -> list[list[Any]]:
    asked = [("InboxItem", (item_id,)) for parent in parents for item_id in parent.item_ids]
    rows = iter(await nodes_by_id(context, asked, columns)) if asked else iter(())
    return [[next(rows) for _ in parent.item_ids] for parent in parents]


@strawberry.type(description="Items that were marked.")
class InboxPayload(Payload):
    item_ids: strawberry.Private[list[UUID]] = strawberry.field(default_factory=list)
    items: list[InboxItem] = edge(_items, "The items as they are now.")


@strawberry.input(description="Items to mark.")
class InboxMarkInput:
    ids: list[strawberry.ID] = strawberry.field(description="The items, at most 500.")
    read: bool = strawberry.field(default=True, description="As read; false: as unread again.")
    client_mutation_id: UUID | None = key_field()


@strawberry.type
class InboxMutations:
    @mutation("Mark items of your inbox as read, or as unread again.")
    async def inbox_mark(self, info: Info, input: InboxMarkInput) -> InboxPayload:
        ids = sorted(read_ids(input.ids, "InboxItem"))
        outcome = await write(info, input, mark_read(ids, read=input.read))
        return InboxPayload(item_ids=ids, positions=positions_of(outcome))
