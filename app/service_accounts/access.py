"""Which service accounts someone may see: those of the workspaces that they administer."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.errors import NotFound
from app.service_accounts.models import ServiceAccount
from app.statements import Statement, sql
from app.work import Work
from app.workspaces.access import access_guard

_VISIBLE: Statement[ServiceAccount] = sql(
    """
    SELECT s.* FROM service_accounts s
    JOIN workspace_members m ON m.workspace_id = s.workspace_id AND m.user_id = $1 AND m.role IN ('owner', 'admin')
    WHERE s.user_id = ANY($2::uuid[]) AND s.deleted_at IS NULL
    """,
    "viewer", "ids",
    model=ServiceAccount,
)  # fmt: skip


async def access_service_accounts(
    reader: Reader, viewer_id: UUID, ids: list[UUID]
) -> dict[UUID, ServiceAccount]:
    """Those of the service accounts that the viewer administers, by their users' ids."""
    return {row.user_id: row for row in await reader.rows(_VISIBLE, viewer=viewer_id, ids=ids)} if ids else {}


async def managed_service_account(work: Work, user_id: UUID) -> ServiceAccount:
    """One that the viewer administers, its row declared, and the workspace's access held."""
    account = (await access_service_accounts(work, work.viewer_id, [user_id])).get(user_id)
    if account is None:
        raise NotFound("Service account", path=("userId",))
    await work.guard(access_guard(account.workspace_id, shared=False))
    # Meanwhile the viewer may have lost their role, or another may have deleted it.
    if not await access_service_accounts(work, work.viewer_id, [user_id]):
        raise NotFound("Service account", path=("userId",))
    await work.declare([user_id])
    return account
