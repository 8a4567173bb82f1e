"""Read marks."""

from __future__ import annotations

from uuid import UUID

from app.errors import LimitReached, NotFound
from app.guards import Guard
from app.inbox.events import INBOX_ITEM_READ
from app.inbox.models import InboxItem
from app.outcomes import Result
from app.statements import Statement, sql
from app.values import now_utc, plain
from app.work import Action, Work

MARKED_AT_ONCE = 500


def mark_read(item_ids: list[UUID], *, read: bool) -> Action:
    """Mark items of one's own inbox as read, or as unread again."""

    async def action(work: Work) -> Result:
        if len(item_ids) > MARKED_AT_ONCE:
            raise LimitReached(
                f"At most {MARKED_AT_ONCE} items at once.", limit=MARKED_AT_ONCE, path=("ids",)
            )
        viewer = work.viewer_id
        await work.guard(Guard.of("inbox", viewer))
        items = {row.id: row for row in await work.rows(_ITEMS, user=viewer, ids=item_ids)}
        if len(items) < len(set(item_ids)):
            raise NotFound("Inbox item", path=("ids",))
        now = now_utc()
        read_at = now if read else None
        changed = [item for item in items.values() if (item.read_at is not None) != read]
        await work.run(_MARK, user=viewer, ids=[item.id for item in changed], read_at=read_at)
        for item in changed:
            delta = {"set": {"read_at": {"old": plain(item.read_at), "new": plain(read_at)}}}
            work.record(
                viewer, INBOX_ITEM_READ, item.id, {"delta": delta}, version=item.version + 1, occurred_at=now
            )
        work.reflect(viewer)
        return {"item_ids": [str(item_id) for item_id in item_ids]}

    return action


_ITEMS: Statement[InboxItem] = sql(
    "SELECT * FROM inbox_items WHERE user_id = $1 AND id = ANY($2::uuid[])", "user", "ids", model=InboxItem
)
_MARK = sql(
    "UPDATE inbox_items SET read_at = $3, version = version + 1 WHERE user_id = $1 AND id = ANY($2::uuid[])",
    "user",
    "ids",
    "read_at",
)
