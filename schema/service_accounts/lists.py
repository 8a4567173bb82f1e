"""The service accounts of workspaces."""

from __future__ import annotations

from typing import Any

from app.cursors import Order
from app.permissions import Permission
from app.service_accounts.models import ServiceAccount
from app.statements import table
from app.workspaces.access import access_workspaces, may
from schema.context import Columns, Context
from schema.paging import Paging, connections, paged

_ACCOUNTS = table(ServiceAccount)
_ORDER = [Order(_ACCOUNTS.c.created_at, "created_at"), Order(_ACCOUNTS.c.user_id, "user_id")]
_THERE = _ACCOUNTS.c.deleted_at.is_(None)


@paged
async def service_accounts_of_workspaces(
    context: Context, parents: list[Any], columns: Columns, page: Paging
) -> list[Any]:
    """Oldest first; None where the viewer is no admin."""
    found = await access_workspaces(await context.reader(), context.viewer_id)
    keys = [(parent.id,) for parent in parents]
    pages = await connections(
        context, _ACCOUNTS, ServiceAccount, ("workspace_id",), keys, _ORDER, page, [_THERE]
    )
    return [
        listed if may(found[parent.id], Permission.MANAGE_PROGRAMS) else None
        for parent, listed in zip(parents, pages, strict=True)
    ]
