"""Which invitations someone may see: those of the workspaces that they administer."""

from __future__ import annotations

from uuid import UUID

from app.db import Reader
from app.errors import NotFound
from app.invitations.models import Invitation
from app.permissions import Permission, permits
from app.statements import Statement, sql, table
from app.work import Work
from app.workspaces.access import access_guard
from app.workspaces.actions import APPOINTED
from app.workspaces.models import WorkspaceRole

INVITATIONS = table(Invitation)

_VISIBLE: Statement[Invitation] = sql(
    """
    SELECT i.* FROM invitations i
    JOIN workspace_members m ON m.workspace_id = i.workspace_id AND m.user_id = $1 AND m.role IN ('owner', 'admin')
    WHERE i.id = ANY($2::uuid[]) AND i.accepted_at IS NULL AND i.revoked_at IS NULL
    """,
    "viewer", "ids",
    model=Invitation,
)  # fmt: skip


async def access_invitations(reader: Reader, viewer_id: UUID, ids: list[UUID]) -> dict[UUID, Invitation]:
    """Those of the open invitations that the viewer administers, by id."""
    return {row.id: row for row in await reader.rows(_VISIBLE, viewer=viewer_id, ids=ids)} if ids else {}


async def still_given(reader: Reader, invitation: Invitation) -> bool:
    """Whether its inviter might give this role today: who was taken out or demoted leaves no way in behind."""
    found = await reader.row(_ROLE, workspace=invitation.workspace_id, user=invitation.invited_by)
    if found is None or not permits(WorkspaceRole(found.role), Permission.INVITE):
        return False
    return WorkspaceRole(invitation.role) not in APPOINTED or permits(
        WorkspaceRole(found.role), Permission.APPOINT_ADMINS
    )


async def managed_invitation(work: Work, invitation_id: UUID) -> Invitation:
    """An open one that the viewer administers, the workspace's access held: nobody accepts it meanwhile."""
    found = (await access_invitations(work, work.viewer_id, [invitation_id])).get(invitation_id)
    if found is not None:
        await work.guard(access_guard(found.workspace_id, shared=False))
        found = (await access_invitations(work, work.viewer_id, [invitation_id])).get(invitation_id)
    if found is None:
        raise NotFound("Invitation", path=("id",))
    return found


_ROLE = sql(
    "SELECT role FROM workspace_members WHERE workspace_id = $1 AND user_id = $2", "workspace", "user"
)
