"""The only way to fetch inbox items: one's own."""

from __future__ import annotations

from uuid import UUID

from app.cursors import Order
from app.db import Reader
from app.inbox.models import InboxItem
from app.statements import Statement, sql, table

ITEMS = table(InboxItem)
ORDER = (Order(ITEMS.c.created_at, "created_at", descending=True), Order(ITEMS.c.id, "id", descending=True))
"""Newest first."""

_OWN: Statement[InboxItem] = sql(
    "SELECT * FROM inbox_items WHERE user_id = $1 AND id = ANY($2::uuid[])", "user", "ids", model=InboxItem
)


async def access_inbox_items(reader: Reader, viewer_id: UUID, ids: list[UUID]) -> dict[UUID, InboxItem]:
    """Those of the items that are in the viewer's inbox."""
    return {row.id: row for row in await reader.rows(_OWN, user=viewer_id, ids=ids)} if ids else {}
