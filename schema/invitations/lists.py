"""The open invitations of workspaces."""

from __future__ import annotations

from typing import Any

from app.cursors import Order
from app.invitations.access import INVITATIONS
from app.invitations.models import Invitation
from app.permissions import Permission
from app.workspaces.access import access_workspaces, may
from schema.context import Columns, Context
from schema.paging import Paging, connections, paged

_ORDER = [Order(INVITATIONS.c.created_at, "created_at"), Order(INVITATIONS.c.id, "id")]
_OPEN = [INVITATIONS.c.accepted_at.is_(None), INVITATIONS.c.revoked_at.is_(None)]


@paged
async def invitations_of_workspaces(
    context: Context, parents: list[Any], columns: Columns, page: Paging
) -> list[Any]:
    """Oldest first; None where the viewer is no admin."""
    found = await access_workspaces(await context.reader(), context.viewer_id)
    keys = [(parent.id,) for parent in parents]
    pages = await connections(context, INVITATIONS, Invitation, ("workspace_id",), keys, _ORDER, page, _OPEN)
    answers = []
    for parent, listed in zip(parents, pages, strict=True):
        administered = may(found[parent.id], Permission.INVITE)
        if administered:
            context.reflect(parent.id)
        answers.append(listed if administered else None)
    return answers
