"""A whole audit log, page by page: memory stays that of a page, and no connection waits for a slow reader."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

from app.audit.filters import ENTRIES, ORDERS, EntryFilter, entry_conditions
from app.audit.models import AuditEntry
from app.cursors import PageRequest
from app.db import Database
from app.paging import pages_by_parent
from app.values import now_utc, plain

PAGE = 500


def told_filter(wanted: EntryFilter) -> dict[str, Any]:
    """What the entry about an export says of which part of the log was taken."""
    asked = {
        "actions": wanted.actions, "actor": wanted.actor_id, "target": wanted.target_id, "since": wanted.since,
        "until": wanted.until,
    }  # fmt: skip
    return {name: plain(value) for name, value in asked.items() if value is not None}


async def entries_of(
    database: Database, viewer_id: UUID, workspace_id: UUID, wanted: EntryFilter, check: Any
) -> AsyncIterator[list[Any]]:
    """Entries up to now, newest first, in pages. ``check(reader)`` is awaited for each: it raises when access ends."""
    now = now_utc()
    bounded = replace(wanted, until=now if wanted.until is None else min(wanted.until, now))
    conditions = entry_conditions(bounded)
    place: tuple[Any, ...] | None = None
    while True:
        async with database.snapshot(viewer_id) as reader:
            await check(reader)
            request = PageRequest(PAGE, place)
            (page,) = await pages_by_parent(
                reader, ENTRIES, AuditEntry, [(workspace_id,)], ("workspace_id",), ORDERS, request, conditions
            )
        if page.rows:
            yield page.rows
        if not page.has_next:
            return
        place = tuple(getattr(page.rows[-1], order.name) for order in ORDERS)
